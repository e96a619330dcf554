import Glibc
import StudioCore
import StudioSystem
import Synchronization

/// The digests of the projects' files, for their ETags: a file is read when it is first asked for and again when the file
/// system says that it changed, not with every request.
final class FileDigests: Sendable {
    /// Which file in which state; what Git itself believes a file unchanged by.
    private struct Version: Hashable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let times: [Int64]

        init(_ status: FileStatus) {
            (device, inode, size) = (status.device, status.inode, status.size)
            times = [
                status.modifiedSeconds, status.modifiedNanoseconds, status.changedSeconds, status.changedNanoseconds,
            ]
        }
    }

    /// How long a file must have been left alone before its digest is remembered, in seconds: two changes within one tick
    /// of the file system's clock cannot be told apart.
    private static let settled: Int64 = 2

    /// Whether a file was left alone for so long that a change from now on shows in its times.
    static func isSettled(_ status: FileStatus) -> Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return status.changedSeconds < Int64(now.tv_sec) - settled
    }

    private let limit: Int
    private let known = Mutex<[Version: FileHash]>([:])

    /// Remembers the digests of at most `limit` files; when there are more it begins anew.
    init(limit: Int = 10_000) {
        self.limit = limit
    }

    /// Whether a file's digest can be told without reading it.
    func knows(_ status: FileStatus) -> Bool { known.withLock { $0[Version(status)] != nil } }

    /// What an open file holds. Blocks, for about 0.7 s a GiB where the file has to be read.
    ///
    /// - Parameters:
    ///   - descriptor: The file, open for reading; its position is moved.
    ///   - path: Its path, for errors.
    ///   - check: Called for every MiB that is read; what it throws ends the reading.
    /// - Returns: Its digest and size.
    /// - Throws: `FileError`, or what `check` throws.
    func hash(of descriptor: CInt, path: String, check: () throws -> Void = {}) throws -> FileHash {
        let status = try FileStatus(descriptor: descriptor, path: path)
        let version = Version(status)
        if let hash = known.withLock({ $0[version] }) { return hash }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, lseek(copy, 0, SEEK_SET) == 0 else {
            let number = errno
            if copy >= 0 { close(copy) }
            throw FileError(errno: number, "reading", path)
        }
        let hash = try FileHash(descriptor: OwnedDescriptor(owning: copy), path: path, check: check)
        if Self.isSettled(status), Version(try FileStatus(descriptor: descriptor, path: path)) == version {
            known.withLock { known in
                if known.count >= limit { known.removeAll() }
                known[version] = hash
            }
        }
        return hash
    }
}

extension EntityTag {
    /// The tag of a file: its SHA-256.
    init(_ content: FileHash) {
        self.init(content.digest.hex)
    }
}
