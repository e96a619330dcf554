import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import QueueProtocol
import StudioCore

extension Request {
    /// The whole body.
    ///
    /// Throws `too-large` (413) as soon as more than `limit` bytes are announced or have come.
    func collectBytes(limit: Int) async throws -> ByteBuffer {
        if let announced = headers[.contentLength].flatMap({ Int($0) }), announced > limit {
            throw StudioError(.tooLarge, "the body may have at most \(limit) bytes, this one has \(announced)")
        }
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw StudioError(.tooLarge, "the body may have at most \(limit) bytes")
        }
    }

    /// The whole body of a request that must be JSON.
    ///
    /// Throws `unsupported-media-type` (415) where `Content-Type` is missing or is not `application/json` (or `+json`)
    /// in UTF-8, and `too-large` (413). The JSON itself is not looked at.
    func collectJSON(limit: Int) async throws -> Data {
        try requireJSON()
        let bytes = try await collectBytes(limit: limit)
        return bytes.withUnsafeReadableBytes { Data($0) }
    }

    /// Reads the body.
    ///
    /// Throws what ``collectJSON(limit:)`` does, and `validation-failed` with a JSON pointer for text that is no JSON, a
    /// missing member and a wrong type. Members the type does not know are ignored; a type that forbids them says so
    /// in its own `init(from:)`.
    func decode<Value: Decodable>(_ type: Value.Type, limit: Int, context: GatewayContext) async throws -> Value {
        try JSONBody.decode(type, from: try await collectJSON(limit: limit))
    }

    private func requireJSON() throws(StudioError) {
        let value = headers[.contentType] ?? ""
        let parts = value.lowercased().split(separator: ";").map { $0.trimming(while: { $0 == " " || $0 == "\t" }) }
        let isJSON = parts.first == "application/json" || parts.first?.hasSuffix("+json") == true
        let charset = parts.dropFirst().first { $0.hasPrefix("charset=") }?.dropFirst("charset=".count)
        guard isJSON, charset.map({ $0 == "utf-8" || $0 == "\"utf-8\"" }) ?? true else {
            throw StudioError(.unsupportedMediaType, "the body must be application/json in UTF-8")
        }
    }
}

/// Reads JSON bodies with findings people can act on.
enum JSONBody {
    /// The value in the text; `validation-failed` where it is not one.
    static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        do {
            return try JSONText.decode(type, from: data)
        } catch let error as DecodingError {
            throw StudioError.invalid([Self.finding(error)])
        }
    }

    /// What a decoding error says, as a finding with a JSON pointer.
    static func finding(_ error: DecodingError) -> Finding {
        switch error {
        case .keyNotFound(let key, let context):
            Finding(pointer: pointer(context.codingPath + [key]), code: "required", detail: "this is required")
        case .valueNotFound(_, let context):
            Finding(pointer: pointer(context.codingPath), code: "required", detail: "this may not be null")
        case .typeMismatch(let type, let context):
            Finding(pointer: pointer(context.codingPath), code: "type", detail: "this must be \(name(of: type))")
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            Finding(pointer: "", code: "json-invalid", detail: "the body is not valid JSON")
        case .dataCorrupted(let context):
            Finding(pointer: pointer(context.codingPath), code: "format", detail: context.debugDescription)
        @unknown default:
            Finding(pointer: "", code: "json-invalid", detail: "the body cannot be read")
        }
    }

    /// A JSON pointer (RFC 6901).
    static func pointer(_ path: [any CodingKey]) -> String {
        path.map { key in
            let name = key.intValue.map(String.init) ?? key.stringValue
            return "/"
                + name.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
                .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
        }.joined()
    }

    private static func name(of type: Any.Type) -> String {
        if type == String.self { return "a string" }
        if type == Bool.self { return "true or false" }
        if type == Double.self || type == Float.self { return "a number" }
        if type is any FixedWidthInteger.Type { return "a whole number in range" }
        let text = String(describing: type)
        if text.hasPrefix("Array") || text.hasPrefix("Set") { return "an array" }
        if text.hasPrefix("Dictionary") || text.hasPrefix("KeyedDecodingContainer") { return "an object" }
        return "of another type"
    }
}

extension StringProtocol {
    /// The text without the characters at both ends for which the test holds.
    func trimming(while test: (Character) -> Bool) -> String {
        var text = self[...]
        while let first = text.first, test(first) { text.removeFirst() }
        while let last = text.last, test(last) { text.removeLast() }
        return String(text)
    }
}
