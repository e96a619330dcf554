import HTTPTypes
import QueueProtocol
import StudioCore

/// One method of one path, as the OpenAPI document and the readable page describe it.
struct OpenAPIOperation: Sendable {
    /// A path, query or header parameter.
    struct Parameter: Sendable {
        enum Place: String, Sendable {
            case path, query, header
        }
        let place: Place
        let name: String
        let detail: String
        let schema: OpenAPISchema
        var isRequired = false
    }

    /// What a request or an answer carries.
    struct Content: Sendable {
        let mediaType: String
        let schema: OpenAPISchema
    }

    /// An answer that is no problem.
    struct Answer: Sendable {
        let status: Int
        let detail: String
        var contents: [Content] = []
        /// Headers beyond those every answer has, with what they say.
        var headers: [(String, String)] = []
    }

    let method: String
    let path: String
    let tag: String
    let summary: String
    var detail = ""
    /// What the caller must be allowed; nil for everybody, also without a token.
    var permission: Permission?
    var parameters: [Parameter] = []
    var body: Content?
    var isBodyRequired = true
    var answers: [Answer]
    /// Codes of problems beyond those that follow from the rest.
    var problems: [StudioError.Code] = []
    /// Problems of HTTP itself.
    var httpProblems: [Problem.Kind] = []
    var takesIdempotencyKey = false
    var needsIfMatch = false

    /// The name programs know the operation by, such as `getApiV1ProjectsProject`.
    var id: String {
        let words = path.split(whereSeparator: { "/{}._-".contains($0) }).map {
            $0.prefix(1).uppercased() + $0.dropFirst()
        }
        return method.lowercased() + words.joined()
    }

    /// What a request that is not well-formed HTTP meets before any route is looked for.
    static let bordersProblems = [Problem.badRequest, Problem.uriTooLong, Problem.headersTooLarge]

    /// Every problem it may answer with, in order of status.
    var allProblems: [Problem.Kind] {
        var codes: Set<StudioError.Code> = [.internalFault]
        codes.formUnion(problems)
        if permission != nil { codes.formUnion([.unauthenticated, .forbidden, .rateLimited, .unavailable]) }
        if path.contains("{") { codes.insert(.notFound) }
        if parameters.contains(where: { $0.place == .query }) { codes.insert(.invalid) }
        if body != nil { codes.formUnion([.invalid, .tooLarge, .unsupportedMediaType]) }
        if takesIdempotencyKey { codes.formUnion([.idempotencyMismatch, .conflict, .invalid]) }
        if needsIfMatch { codes.formUnion([.preconditionFailed, .preconditionRequired]) }
        let kinds = codes.map(Problem.kind(of:)) + httpProblems + Self.bordersProblems
        return kinds.sorted { ($0.status.code, $0.code) < ($1.status.code, $1.code) }
    }

    /// Every parameter, those of the conventions included.
    var allParameters: [Parameter] {
        var all = parameters
        if takesIdempotencyKey {
            all.append(
                .init(
                    place: .header, name: "Idempotency-Key",
                    detail: "Makes the request repeatable for 24 hours: the same key with the same body gets the first "
                        + "answer again, with `Idempotency-Replayed: true`.",
                    schema: .text(pattern: "^[\\x21-\\x7e]{1,128}$")))
        }
        if needsIfMatch {
            all.append(
                .init(
                    place: .header, name: "If-Match", detail: "The `ETag` of the version that is changed, or `*`.",
                    schema: .text(), isRequired: true))
        }
        return all
    }

    /// The operation as the document holds it.
    var json: JSONValue {
        var members: [String: JSONValue] = [
            "operationId": .string(id), "tags": [.string(tag)], "summary": .string(summary),
            "responses": .object(responses),
        ]
        if !detail.isEmpty { members["description"] = .string(detail) }
        if !allParameters.isEmpty { members["parameters"] = .array(allParameters.map(Self.json)) }
        if let body {
            members["requestBody"] = [
                "required": .bool(isBodyRequired), "content": .object([body.mediaType: ["schema": body.schema.json]]),
            ]
        }
        if let permission {
            members["security"] = [["bearer": []]]
            members["x-permission"] = .string("\(permission)")
        } else {
            members["security"] = []
        }
        return .object(members)
    }

    private var responses: [String: JSONValue] {
        var responses: [String: JSONValue] = [:]
        for answer in answers {
            var headers: [String: JSONValue] = ["X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"]]
            for (name, detail) in answer.headers {
                headers[name] = ["description": .string(detail), "schema": ["type": "string"]]
            }
            var response: [String: JSONValue] = ["description": .string(answer.detail), "headers": .object(headers)]
            if !answer.contents.isEmpty {
                var content: [String: JSONValue] = [:]
                for one in answer.contents { content[one.mediaType] = ["schema": one.schema.json] }
                response["content"] = .object(content)
            }
            responses[String(answer.status)] = .object(response)
        }
        for (status, kinds) in Dictionary(grouping: allProblems, by: \.status.code) {
            let detail = kinds.map { "`\($0.code)`: \($0.title)." }.joined(separator: " ")
            // A check that fails answers 503 with its own document, which is no problem document.
            if responses[String(status)] != nil { continue }
            responses[String(status)] = [
                "description": .string(detail),
                "headers": ["X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"]],
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ]
        }
        return responses
    }

    private static func json(_ parameter: Parameter) -> JSONValue {
        [
            "in": .string(parameter.place.rawValue), "name": .string(parameter.name),
            "description": .string(parameter.detail), "schema": parameter.schema.json,
            "required": .bool(parameter.isRequired || parameter.place == .path),
        ]
    }
}

extension OpenAPIOperation.Content {
    /// JSON of a named schema.
    static func json(_ name: String) -> Self { .init(mediaType: "application/json", schema: .named(name)) }
}

extension OpenAPIOperation.Answer {
    /// 200 with JSON of a named schema.
    static func ok(_ name: String, _ detail: String, headers: [(String, String)] = []) -> Self {
        .init(status: 200, detail: detail, contents: [.json(name)], headers: headers)
    }

    /// 200 with a page of a named schema.
    static func page(of name: String) -> Self {
        .init(
            status: 200, detail: "A page of the list.",
            contents: [.init(mediaType: "application/json", schema: .page(name))])
    }
}

extension OpenAPIOperation.Parameter {
    /// A part of the path.
    static func path(_ name: String, _ detail: String, _ schema: OpenAPISchema = .id()) -> Self {
        .init(place: .path, name: name, detail: detail, schema: schema, isRequired: true)
    }

    /// A part of the query.
    static func query(_ name: String, _ detail: String, _ schema: OpenAPISchema) -> Self {
        .init(place: .query, name: name, detail: detail, schema: schema)
    }

    /// A header.
    static func header(_ name: String, _ detail: String) -> Self {
        .init(place: .header, name: name, detail: detail, schema: .text())
    }

    /// The project's name.
    static let project = path("project", "The project's name.", .text(pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"))

    /// What every list takes.
    static let page: [Self] = [
        .query("limit", "How many items, 1 to 200; default 50.", .whole(1...200)),
        .query("cursor", "Where the page begins: `nextCursor` of the page before.", .text()),
    ]

    /// What is answered with 304 where nothing changed.
    static let ifNoneMatch = header("If-None-Match", "ETags of versions the client has.")

    /// What every file takes.
    static let download: [Self] = [
        .header("Range", "One range of bytes; several get the whole file."),
        ifNoneMatch,
        .header("If-Range", "The version that the range is of."),
    ]

    /// What every file takes that a storage may serve itself.
    static let media =
        download + [
            .header("Prefer", "`inline-media`: the bytes are to come from here, and not from the storage itself.")
        ]
}
