import Logging
import StudioCore
import StudioSystem

/// Asks the storage again and again while it does not answer: what was rendered must not be rendered again because the
/// storage was away for a while. What it refuses fails the attempt.
struct StoragePatience: Sendable {
    /// What a job does with a file.
    enum Purpose { case reading, keeping }

    var purpose: Purpose
    var pause = Duration.seconds(3)
    var logger: Logger

    /// Tries until it goes well or fails for good; to be run where a stop cancels it.
    ///
    /// - Parameters:
    ///   - what: What is being done, for the log.
    ///   - failed: What a failure says in front, for people.
    ///   - body: The call.
    /// - Returns: What the call returned.
    /// - Throws: `JobFailure`; `CancellationError`.
    func persist<Value: Sendable>(
        _ what: String, _ failed: String, _ body: @Sendable () async throws(StorageError) -> Value
    ) async throws -> Value {
        while true {
            do throws(StorageError) {
                return try await body()
            } catch {
                try Task.checkCancellation()
                guard error.code == .unavailable else {
                    logger.error("the storage refused \(what)", metadata: [LogKey.error: "\(error.detail)"])
                    throw JobFailure(error, purpose, while: failed)
                }
                logger.warning("\(what) waits for the storage", metadata: [LogKey.error: "\(error.detail)"])
            }
            try await Task.sleep(for: pause)
        }
    }
}

extension JobFailure {
    /// What a storage's error means for a job that reads or keeps a file.
    init(_ error: StorageError, _ purpose: StoragePatience.Purpose, while failed: String) {
        let message = "\(failed): \(error.message)."
        switch error.code {
        case .notFound where purpose == .reading, .corrupt where purpose == .reading:
            self.init(.inputMissing, message)
        case .storageFull: self.init(.storageFull, message)
        // A file that is on its way to the storage is the job's own and no input: another attempt sends it anew.
        case .notFound, .corrupt, .accessDenied, .noBucket, .clockSkewed, .unavailable, .refused, .fileFailed,
            .cancelled:
            self.init(.publishFailed, message)
        }
    }
}
