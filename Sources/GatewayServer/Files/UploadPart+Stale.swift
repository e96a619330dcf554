import FoundationEssentials
import Glibc
import StudioSystem

extension UploadPart {
    /// How long an unfinished upload is kept after its last byte, in seconds.
    static let keptFor: Double = 86_400

    /// Removes what nobody has gone on with: unfinished uploads, and replaced files that a killed process left. What cannot
    /// be removed now is tried again with the next upload. Blocks.
    ///
    /// - Parameters:
    ///   - folder: The folder of uploads.
    ///   - now: The time; default the system's.
    static func removeStale(in folder: SafeDirectory, now: Date = Date()) {
        let oldest = Int64(now.timeIntervalSince1970 - keptFor)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        where name.hasSuffix(partSuffix) || name.hasSuffix(replacedSuffix) {
            guard let file = try? RelativePath(name) else { continue }
            _ = try? remove(file, in: folder, unchangedSince: oldest)
        }
    }

    private static func remove(
        _ file: RelativePath, in folder: SafeDirectory, unchangedSince oldest: Int64
    ) throws {
        // The time of the last change of any kind: a replaced file may be old, and came here just now.
        func isStale(_ status: FileStatus) -> Bool { status.kind == .file && status.changedSeconds < oldest }
        guard let seen = try folder.status(of: file), isStale(seen) else { return }
        let opened = OwnedDescriptor(
            owning: try folder.inParent(of: file) { openat($0, $1, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) })
        // Whoever goes on with it holds the lock, and has written to it since, or given it another name.
        guard opened.raw >= 0, flock(opened.raw, LOCK_EX | LOCK_NB) == 0 else { return }
        let locked = try FileStatus(descriptor: opened.raw, path: file.text)
        guard isStale(locked), try folder.status(of: file)?.isSameFile(as: locked) == true else { return }
        try folder.remove(file)
    }
}
