import Glibc
import StudioCore
import StudioMedia

extension MediaJobFailure {
    /// Translates what a piece of media work threw. The one place where media's words become the studio's.
    init(_ error: any Error) {
        guard let media = error as? MediaError else {
            self.init(code: .runnerFailed, message: "The media work failed unexpectedly.", retryable: true)
            return
        }
        let code: FailureCode =
            switch media.code {
            case .inputInvalid, .unsupported: .inputInvalid
            case .inputUnreadable: .inputMissing
            case .limitExceeded: Self.code(forLimit: media)
            case .outputFailed: .runnerFailed
            case .storageFull: .storageFull
            case .parametersInvalid: .parametersInvalid
            }
        self.init(code: code, message: media.message, retryable: code.isRetryable)
    }

    /// The process could not give up what it must not have while it reads media.
    init(notConfined error: any Error) {
        self.init(
            code: .runnerFailed, message: "The media process could not be confined, so it read nothing (\(error)).",
            retryable: true)
    }

    /// One media code stands for three limits; the system's words in the detail tell which was met.
    private static func code(forLimit error: MediaError) -> FailureCode {
        let detail = error.detail ?? ""
        if detail.contains(systemMessage(ENOMEM)) { return .outOfMemory }
        if detail.contains(systemMessage(EFBIG)) { return .outputInvalid }
        return .inputInvalid
    }
}
