/// Why an element of a queue is no message that can be run.
public struct TaskMessageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, for programs.
    public enum Code: Sendable, Hashable {
        /// The element is no JSON text.
        case notJSON
        /// The element is JSON and no object.
        case notAnObject
        /// A field that every message has is not there; the path is as in `headers.task`.
        case missing(String)
        /// A field is of another type, or empty where it may not be.
        case wrongType(String)
        /// The body cannot be read: its base64, its JSON, or its shape.
        case badBody
        /// The body is compressed in a way that is not read.
        case unsupportedCompression(String)
        /// The body has more bytes than are read, compressed or not.
        case tooLarge
        /// The body is serialized in a way that is not read; only `application/json` is.
        case unsupportedContentType(String)
    }

    /// What is wrong.
    public let code: Code
    /// The reason, for people; never the message's contents.
    public let message: String

    /// An error.
    ///
    /// - Parameters:
    ///   - code: What is wrong.
    ///   - message: The reason, for people.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func tooLarge(_ bound: Int) -> Self {
        TaskMessageError(.tooLarge, "the body has more than \(bound) bytes")
    }

    /// The reason.
    public var description: String { message }
}
