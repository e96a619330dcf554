import CMedia
import Glibc

/// What went wrong in a piece of media work, in one of seven kinds.
///
/// `message` names the input or parameter at fault and is safe to show to the person who asked; it holds file names but
/// never folders. `detail` holds libav's own words for the log.
public struct MediaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure. Only `storageFull`, `outputFailed` and `inputUnreadable` can be cured by trying again.
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// The input is not media, is empty, is cut off or cannot be decoded.
        case inputInvalid
        /// The input cannot be opened or read: missing, no permission, a folder, an I/O error.
        case inputUnreadable
        /// The input is sound, but this work cannot be done with it (no picture in it, no decoder for its codec).
        case unsupported
        /// The input or the output is larger than `MediaLimits` or the process's resource limits allow.
        case limitExceeded
        /// The output cannot be made: no permission, missing folder, an encoder's refusal.
        case outputFailed
        /// The output's file system or quota is full (`ENOSPC`, `EDQUOT`).
        case storageFull
        /// A parameter is outside its range.
        case parametersInvalid
    }

    /// The kind of failure.
    public var code: Code
    /// What happened, for people; where the storage is full it says so.
    public var message: String
    /// libav's or the system's words, for the log; `nil` where there are none.
    public var detail: String?

    /// Makes an error.
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: One sentence for people, without folders or secrets.
    ///   - detail: Words for the log.
    public init(_ code: Code, _ message: String, detail: String? = nil) {
        self.code = code
        self.message = message
        self.detail = detail
    }

    /// The code and the message; not the detail.
    public var description: String { "\(code.rawValue): \(message)" }
}

extension MediaError {
    /// Translates a libav status. What the system says about space and memory wins over `fallback`.
    static func libav(_ status: Int32, _ fallback: Code, _ message: String) -> MediaError {
        var buffer = [CChar](repeating: 0, count: Int(AV_ERROR_MAX_STRING_SIZE))
        av_strerror(status, &buffer, buffer.count)
        let words = [text(buffer)] + MediaLog.takeLines()
        return numbered(-status, fallback, message, detail: words.joined(separator: "; "))
    }

    /// Translates an `errno` value.
    static func system(_ number: Int32, _ fallback: Code, _ message: String) -> MediaError {
        numbered(number, fallback, message, detail: strerror(number).map { String(cString: $0) })
    }

    private static func numbered(_ number: Int32, _ fallback: Code, _ message: String, detail: String?) -> MediaError {
        let code = code(forNumber: number) ?? fallback
        // A person can do something about this one, so it is said in the message itself.
        let reason = code == .storageFull ? " No space is left on the storage." : ""
        return MediaError(code, message + reason, detail: detail)
    }

    private static func code(forNumber number: Int32) -> Code? {
        switch number {
        case ENOSPC, EDQUOT: .storageFull
        case EFBIG, ENOMEM: .limitExceeded
        default: nil
        }
    }
}

/// The text in a C buffer, up to its first NUL.
func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The last component of a path: what an error message may show of it.
func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
}
