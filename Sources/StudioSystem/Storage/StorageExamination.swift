import FoundationEssentials
import Glibc
public import StudioCore

/// What a program's doctor finds out about the storage of large files: whether it is there, and whether this program may
/// read, write and remove in it. Leaves nothing behind.
public struct StorageExamination: Sendable {
    private let storage: any ObjectStorage

    /// An examination.
    ///
    /// - Parameter storage: The storage.
    public init(_ storage: any ObjectStorage) { self.storage = storage }

    /// Tries it.
    ///
    /// - Returns: What was found out.
    public func diagnoses() async -> [Diagnosis] {
        guard !storage.isLocal else {
            return [Diagnosis("storage", .ok, "large files are kept in the workspace (STORAGE=file)")]
        }
        do {
            try await storage.check()
        } catch {
            return [Self.failure("storage", "\(storage.name) cannot be reached", error)]
        }
        let there = Diagnosis("storage", .ok, "\(storage.name) is there")
        do {
            try await tryAll()
        } catch {
            return [there, Self.failure("storage-writes", "\(storage.name) cannot be used", error)]
        }
        return [there, Diagnosis("storage-writes", .ok, "objects can be written, read and removed")]
    }

    /// Puts, fetches and removes an object that is nobody's: no tenant has such a name.
    private func tryAll() async throws(StorageError) {
        let name = Hexadecimal.encode(SecureRandom.bytes(8))
        let home = ObjectHome(tenant: ".studio-doctor", project: name)
        let file = "\(FileManager.default.temporaryDirectory.path)/studio-doctor-\(name)"
        let content = try await FileThreads.storing {
            try DurableFile.write(name.utf8, to: FileDestination(path: file), permissions: 0o600)
            return try FileHash(file: file)
        }
        var failure: StorageError?
        var isThere = false
        do {
            try await storage.put(content, from: file, of: home)
            isThere = true
            try await storage.fetch(content, to: "\(file).back", of: home)
        } catch {
            failure = error
        }
        _ = try? await FileThreads.run {
            unlink(file)
            unlink("\(file).back")
        }
        // Also where it could not be read: a key may write and remove and not read.
        if isThere {
            do { try await storage.remove(content.digest, of: home) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private static func failure(_ check: String, _ what: String, _ error: StorageError) -> Diagnosis {
        let remedy =
            switch error.code {
            case .accessDenied:
                "look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and let the key do s3:ListBucket on the bucket, and "
                    + "s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload below the prefix"
            case .noBucket: "make the bucket, or let STORAGE name one that is there"
            case .clockSkewed: "set this machine's clock: run an NTP client"
            case .unavailable:
                "look whether S3_ENDPOINT is right and the server runs, and whether a firewall is in the way"
            case .storageFull: "make room in the storage"
            case .fileFailed: "look whether TMPDIR can be written"
            case .refused, .notFound, .corrupt, .cancelled:
                "look whether S3_ENDPOINT and S3_REGION are the bucket's, and what the server's own log says"
            }
        return Diagnosis(check, .failed, "\(what): \(error.message)", remedy: remedy)
    }
}
