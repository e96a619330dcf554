import StudioCore
import StudioPostgres
import StudioSystem

extension StorageError {
    /// What the person who asked is told.
    var asStudioError: StudioError {
        switch code {
        case .notFound: StudioError(.notFound, "the file's bytes are not there")
        case .storageFull: StudioError(.storageFull, "no space is left where the studio keeps its files")
        case .unavailable, .clockSkewed:
            StudioError(.unavailable, "the studio's storage does not answer; please try again", retryAfterSeconds: 5)
        case .corrupt, .accessDenied, .noBucket, .refused, .fileFailed, .cancelled:
            StudioError(.internalFault, message)
        }
    }
}

extension ProjectRecord {
    /// Where its large files are kept.
    var objects: ObjectHome { ObjectHome(tenant: tenantName, project: name) }
}

extension ProjectFolders {
    /// Asks the storage, and tells its faults in the studio's words.
    func storing<Value: Sendable>(
        _ work: () async throws(StorageError) -> Value
    ) async throws -> Value {
        do throws(StorageError) {
            return try await work()
        } catch {
            try Task.checkCancellation()
            throw error.asStudioError
        }
    }
}
