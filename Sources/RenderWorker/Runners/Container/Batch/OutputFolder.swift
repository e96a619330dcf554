import Glibc
import StudioCore
import StudioSystem

/// The folder that a container writes its outputs to, which an engine cannot limit.
struct OutputFolder: Sendable {
    /// The time between two looks at how much is there.
    static let interval = Duration.milliseconds(250)
    /// The most files and folders that it may have.
    static let mostEntries = 100_000
    /// How deep folders may lie in each other.
    static let deepest = 64

    let path: String

    /// Makes it, for the container's user to write to. Blocks.
    func make(for user: ContainerUser) throws(JobFailure) {
        guard mkdir(path, 0o755) == 0, chmod(path, 0o755) == 0,
            user.user == geteuid() || chown(path, user.user, user.group) == 0
        else { throw JobFailure(.runnerFailed, "The folder for the container's outputs could not be made.") }
    }

    /// Looks again and again how much is there.
    ///
    /// - Throws: `JobFailure` with `output-invalid` once there is too much; `CancellationError`.
    func watch(limit: Int64) async throws {
        while true {
            try await ContinuousClock().sleep(for: Self.interval)
            try await Blocking.run { try check(limit: limit) }
        }
    }

    /// Looks once. Blocks.
    ///
    /// - Throws: `JobFailure` with `output-invalid` where there is too much.
    func check(limit: Int64) throws(JobFailure) {
        var walk = Walk()
        walk.enter(openat(AT_FDCWD, path, Self.folderFlags), depth: 0)
        if walk.bytes > limit { throw MadeOutputs.tooLarge(limit) }
        if walk.entries > Self.mostEntries || walk.isTooDeep {
            throw JobFailure(
                .outputInvalid,
                "The outputs have more than \(Self.mostEntries) files, or folders more than \(Self.deepest) deep.")
        }
    }

    /// Makes every folder in it one that its owner can list and empty. Blocks; the container must be gone.
    func unlock() {
        guard geteuid() != 0 else { return }
        var walk = Walk()
        walk.isUnlocking = true
        walk.enter(openat(AT_FDCWD, path, Self.folderFlags), depth: 0)
    }

    fileprivate static let folderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
}

/// A walk through a folder that somebody may be changing meanwhile: by descriptors, so that no link leads out of it.
private struct Walk {
    var bytes: Int64 = 0
    var entries = 0
    var isTooDeep = false
    var isUnlocking = false

    /// Takes a folder's descriptor, which it closes.
    mutating func enter(_ opened: Int32, depth: Int) {
        guard opened >= 0 else { return }
        if isUnlocking { fchmod(opened, 0o700) }
        guard let folder = fdopendir(opened) else {
            close(opened)
            return
        }
        defer { closedir(folder) }
        while entries <= OutputFolder.mostEntries, let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { strdup($0) }
            }
            defer { free(name) }
            guard let name, strcmp(name, ".") != 0, strcmp(name, "..") != 0 else { continue }
            entries += 1
            var status = stat()
            guard fstatat(opened, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                guard depth < OutputFolder.deepest else {
                    isTooDeep = true
                    continue
                }
                if isUnlocking { fchmodat(opened, name, 0o700, 0) }
                enter(openat(opened, name, OutputFolder.folderFlags), depth: depth + 1)
            } else {
                // A file with holes takes its whole size once it is copied.
                bytes += max(Int64(status.st_size), Int64(status.st_blocks) * 512)
            }
        }
    }
}
