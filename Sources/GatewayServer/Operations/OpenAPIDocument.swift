import QueueProtocol

/// The contract as an OpenAPI 3.1 document.
enum OpenAPIDocument {
    /// The version of the contract; changed only by adding.
    static let version = "1.0.0"

    static let title = "Generative Media Studio"

    static let summary = """
        Errors are RFC 9457 problem documents. Lists are pages: `limit` and `cursor` in, `items` and `nextCursor` out. \
        Every POST that creates takes an `Idempotency-Key`; documents that people edit carry an `ETag` and are changed with \
        `If-Match`. `HEAD` is answered wherever `GET` is. Every answer carries `X-Request-Id`; a `traceparent` is continued. \
        Authenticated answers carry `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` where there is a limit. \
        What belongs to another tenant is not there: 404. A request that is not well-formed HTTP/1.1 meets 400 \
        `bad-request`, 414 or 431 at any path, and a method that a path does not take 405 with `Allow`.
        """

    /// The document.
    static func make() -> JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        for operation in OpenAPIPaths.all {
            paths[operation.path, default: [:]][operation.method.lowercased()] = operation.json
        }
        let schemas = Dictionary(uniqueKeysWithValues: OpenAPISchemas.all.map { ($0.0, $0.1.json) })
        return [
            "openapi": "3.1.0",
            "info": ["title": .string(title), "version": .string(version), "description": .string(summary)],
            "servers": [["url": "/"]],
            "tags": .array(tags.map { ["name": .string($0)] }),
            "paths": .object(paths.mapValues { .object($0) }),
            "components": [
                "schemas": .object(schemas),
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"]
                ],
                "headers": [
                    "X-Request-Id": [
                        "description": "The request's id: the client's own where it sent a sane one.",
                        "schema": ["type": "string"],
                    ]
                ],
            ],
        ]
    }

    /// The tags in the order of the readable page.
    static var tags: [String] {
        var tags: [String] = []
        for operation in OpenAPIPaths.all where !tags.contains(operation.tag) { tags.append(operation.tag) }
        return tags
    }
}
