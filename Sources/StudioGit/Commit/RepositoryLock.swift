import Glibc
import StudioSystem

/// The repository's `index.lock`, held: no `git` and no other process of ours writes the index meanwhile.
///
/// Git's rule is that whoever makes the file holds the lock, so that a process killed meanwhile leaves a lock that a person
/// has to remove. Ours carries a first line of its own and is also locked with `flock`, which the kernel gives up when the
/// process dies: the next of ours takes an abandoned lock over, and finds in it the commit that was being made. The file
/// gets its name only after both, so no moment exists at which one of ours looks like Git's.
struct RepositoryLock: ~Copyable {
    private static let firstLine = "generative-media-studio lock 1\n"

    private let path: String
    /// Holding it open keeps the `flock`.
    private let file: OwnedDescriptor
    /// Whether it was taken over from a process that died.
    let isAdopted: Bool
    /// What the process was making that died holding the lock.
    let abandoned: Record?

    /// What is about to happen, for whoever finds the lock abandoned.
    struct Record: Hashable, Sendable {
        /// The commit that is being made; its object is written already.
        let commit: ObjectID
        /// The reference that is going to name it.
        let reference: String

        init(commit: ObjectID, reference: String) {
            self.commit = commit
            self.reference = reference
        }

        init?(text: some StringProtocol) {
            let parts = text.split(separator: "\n", omittingEmptySubsequences: false).first?.split(
                separator: " ", maxSplits: 1)
            guard let parts, parts.count == 2, let commit = ObjectID(hex: parts[0]) else { return nil }
            self.init(commit: commit, reference: String(parts[1]))
        }

        var text: String { "\(commit.hex) \(reference)\n" }
    }

    /// Takes the lock, waiting for others within the bound.
    init(gitDirectory: String, patience: LockPatience) throws {
        let path = "\(gitDirectory)index.lock"
        let taken = try Self.take(path, patience)
        abandoned = taken.isAdopted ? Self.record(in: taken.descriptor) : nil
        isAdopted = taken.isAdopted
        self.path = path
        file = OwnedDescriptor(owning: taken.descriptor)
    }

    deinit {
        // Still under `flock`: whoever opened it meanwhile finds that the name is gone.
        unlink(path)
    }

    /// Says which commit is being made, before anything is changed.
    func record(_ record: Record) throws(FileError) {
        let bytes = Array(record.text.utf8)
        let start = off_t(Self.firstLine.utf8.count)
        guard pwrite(file.raw, bytes, bytes.count, start) == bytes.count,
            ftruncate(file.raw, start + off_t(bytes.count)) == 0
        else { throw FileError(errno: errno, "writing", path) }
    }

    private static func take(
        _ path: String, _ patience: LockPatience
    ) throws -> (descriptor: CInt, isAdopted: Bool) {
        var fresh = try HiddenFile(FileDestination(path: path), permissions: 0o644)
        guard flock(fresh.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw FileError(errno: errno, "locking", path) }
        try FileBytes.write(Array(firstLine.utf8), to: fresh.descriptor, path: path)
        var wait = patience.begin()
        while true {
            let failure = fresh.putWithoutReplacing()
            if failure == 0 {
                // The same open file, with the same `flock`.
                let copy = fcntl(fresh.descriptor, F_DUPFD_CLOEXEC, 0)
                if copy >= 0 { return (copy, false) }
                let number = errno
                unlink(path)
                throw FileError(errno: number, "locking", path)
            }
            guard failure == EEXIST else { throw FileError(errno: failure, "locking", path) }
            if let other = try adopt(path) { return (other, true) }
            guard wait.pause() else {
                throw GitError(
                    .locked,
                    message: "someone else is writing to the repository; "
                        + "if no Git program is at work, remove index.lock",
                    detail: path)
            }
        }
    }

    /// The open lock file, where it is one of ours and its owner is dead.
    private static func adopt(_ path: String) throws(FileError) -> CInt? {
        let opened = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        let file = OwnedDescriptor(owning: opened)
        var start = [UInt8](repeating: 0, count: firstLine.utf8.count)
        guard pread(file.raw, &start, start.count, 0) == start.count, start.elementsEqual(firstLine.utf8),
            flock(file.raw, LOCK_EX | LOCK_NB) == 0
        else { return nil }
        // Between the opening and the locking its owner may have let go, and another have made a new one.
        guard let named = try? FileStatus(path: path),
            try named.isSameFile(as: FileStatus(descriptor: file.raw, path: path))
        else { return nil }
        return file.release()
    }

    private static func record(in descriptor: CInt) -> Record? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = pread(descriptor, &bytes, bytes.count, off_t(firstLine.utf8.count))
        // A record cut short by the death has no line end.
        guard count > 0, let end = bytes[..<count].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        return Record(text: String(decoding: bytes[..<end], as: UTF8.self))
    }
}
