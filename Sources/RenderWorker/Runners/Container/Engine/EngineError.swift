import QueueProtocol
import StudioTransfer

/// Why a container engine did not do what it was asked for.
struct EngineError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is.
    enum Code: String, Sendable, Hashable, CaseIterable {
        /// The engine does not answer, or was lost in the middle.
        case unreachable
        /// There is no such container or image.
        case notFound
        /// What is there forbids it: the name is taken, the container does not run.
        case conflict
        /// The engine did not want to; the message says why.
        case refused
        /// The engine said what nobody expects of it.
        case strange
    }

    var code: Code
    /// The engine's own words, or libcurl's.
    var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: TransferError) {
        switch error.code {
        case .unreachable, .timedOut, .tls, .cancelled: self.init(.unreachable, error.message)
        case .tooLarge, .protocolViolation, .invalidRequest, .fileFailed, .storageFull:
            self.init(.strange, error.message)
        }
    }

    /// What the engine answered instead of success.
    init(_ response: HTTPResponse) {
        let words = Self.words(of: response)
        switch response.status {
        case 404: self.init(.notFound, words)
        case 409, 304: self.init(.conflict, words)
        // What stands between worker and engine does not reach it.
        case 502...504: self.init(.unreachable, words)
        default: self.init(.refused, words)
        }
    }

    private static func words(of response: HTTPResponse) -> String {
        let told = EngineJSON.value(response.body)?["message"]?.stringValue
        return String((told ?? "the engine answered with the status \(response.status)").prefix(1000))
    }

    var description: String { "\(code.rawValue): \(message)" }
}
