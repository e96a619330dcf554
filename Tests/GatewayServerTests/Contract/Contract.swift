import FoundationEssentials
import HTTPTypes
import QueueProtocol
import Testing

@testable import GatewayServer

/// The OpenAPI document as a witness: every answer that a test receives is held against it, so that a status, a problem or
/// a member that it does not state fails the test that met it.
struct Contract {
    static let studio = Contract(OpenAPIPaths.all, document: OpenAPIDocument.make())

    private let operations: [OpenAPIOperation]
    private let document: JSONValue
    private let schemas: SchemaFaults

    /// A contract: what the operations say, with the schemas of the document.
    init(_ operations: [OpenAPIOperation], document: JSONValue) {
        self.operations = operations
        self.document = document
        schemas = SchemaFaults(schemas: document["components"]?["schemas"]?.objectValue ?? [:])
    }

    /// Fails the test where an answer breaks the contract.
    ///
    /// - Parameters:
    ///   - reply: The answer, as it came.
    ///   - method: The request's method; nil for what was no request.
    ///   - target: The request's path, with its query.
    ///   - place: The test.
    static func hold(_ reply: HTTPReply, to method: String?, _ target: String, at place: SourceLocation) {
        for fault in studio.faults(of: reply, to: method, target) {
            Issue.record("\(method ?? "(none)") \(target): \(reply.status): \(fault)", sourceLocation: place)
        }
    }

    /// Fails the test where an event is not as the document says.
    static func hold(event: JSONValue, at place: SourceLocation) {
        let names = ["subscribed": "Subscribed"]
        let name = event["type"]?.stringValue.flatMap { names[$0] } ?? "Event"
        for fault in studio.schemas.find(event, OpenAPISchema.named(name).json) {
            Issue.record("\(name): \(fault)", sourceLocation: place)
        }
    }

    /// What in an answer is not as the document says.
    func faults(of reply: HTTPReply, to method: String?, _ target: String) -> [String] {
        let mediaType = reply.headers["content-type"]?.split(separator: ";").first.map { $0.lowercased() }
        let isProblem = mediaType == "application/problem+json"
        let problem = isProblem ? schemas.find(reply.json, OpenAPISchema.named("Problem").json) : []
        if isProblem, reply.json["status"]?.intValue != reply.status {
            return ["/status: is another than the answer's"]
        }
        let asked = method == "HEAD" ? "GET" : method
        let path = String(target.prefix { $0 != "?" })
        guard let operation = operations.first(where: { $0.method == asked && Self.matches($0.path, path) }) else {
            // No route of the contract's: a test's own, or none at all.
            return problem + (reply.status >= 400 && !isProblem && method != "HEAD" ? ["is no problem document"] : [])
        }
        if isProblem, let kind = reply.problem {
            let isStated = operation.allProblems.contains { $0.code == kind && $0.status.code == reply.status }
            return problem + (isStated ? [] : ["the problem \(kind) is not stated"])
        }
        let responses = document["paths"]?[operation.path]?[operation.method.lowercased()]?["responses"]
        guard let response = responses?["\(reply.status)"] else { return ["the status is not stated"] }
        return headerFaults(of: reply, response)
            + contentFaults(of: reply, mediaType, response, isHead: method == "HEAD")
    }

    /// `ETag` and `Location`: there where they are stated, and nowhere else.
    private func headerFaults(of reply: HTTPReply, _ response: JSONValue) -> [String] {
        ["ETag", "Location"].filter { name in
            (response["headers"]?[name] != nil) != (reply.headers[name.lowercased()] != nil)
        }.map { "\($0) is \(reply.headers[$0.lowercased()] == nil ? "stated and missing" : "not stated")" }
    }

    private func contentFaults(
        of reply: HTTPReply, _ mediaType: String?, _ response: JSONValue, isHead: Bool
    ) -> [String] {
        guard let content = response["content"]?.objectValue else {
            return reply.body.isEmpty ? [] : ["has a body, and none is stated"]
        }
        guard let mediaType, let stated = content[mediaType] ?? content["*/*"] else {
            return ["\(mediaType ?? "no media type") is not stated"]
        }
        guard mediaType == "application/json", content["*/*"] == nil, !isHead else { return [] }
        guard let value = try? JSONText.decode(JSONValue.self, from: Data(reply.body)) else { return ["is not JSON"] }
        return schemas.find(value, stated["schema"] ?? .null)
    }

    /// Whether a path is one of a template's; `{path}` takes the rest, slashes and all.
    private static func matches(_ template: String, _ path: String) -> Bool {
        var parts = path.split(separator: "/", omittingEmptySubsequences: true)[...]
        for wanted in template.split(separator: "/") {
            if wanted == "{path}" { return !parts.isEmpty }
            guard let part = parts.popFirst(), wanted == part || wanted.hasPrefix("{") else { return false }
        }
        return parts.isEmpty
    }
}

extension RawConnection {
    /// Takes the next answer and holds it against the contract.
    ///
    /// - Parameters:
    ///   - method: The method of the request it answers; nil for what was no request.
    ///   - target: That request's path, with its query.
    ///   - place: The test, for its faults.
    /// - Returns: The answer.
    /// - Throws: `WaitTimedOut`.
    func reply(
        to method: String?, _ target: String = "", at place: SourceLocation = #_sourceLocation
    ) async throws -> HTTPReply {
        let reply = try await take("an answer to \(method ?? "nothing") \(target)") { bytes, isClosed in
            HTTPReply.read(bytes, isClosed: isClosed, toHead: method == "HEAD")
        }
        Contract.hold(reply, to: method, target, at: place)
        return reply
    }
}
