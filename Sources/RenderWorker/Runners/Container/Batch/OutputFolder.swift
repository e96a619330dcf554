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
        walk.start(path)
        if walk.bytes > limit { throw MadeOutputs.tooLarge(limit) }
        if walk.entries > Self.mostEntries || walk.isTooDeep {
            throw JobFailure(
                .outputInvalid,
                "The outputs have more than \(Self.mostEntries) files, or folders more than \(Self.deepest) deep.")
        }
    }

    /// Makes every folder in it one that its owner can list and empty: a worker that is not root could not remove what the
    /// container locked. Blocks; the container must be gone.
    func unlock() {
        guard geteuid() != 0 else { return }
        var walk = Walk()
        walk.isUnlocking = true
        walk.start(path)
    }

    fileprivate static let folderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
}

/// A walk through a folder that somebody may be changing meanwhile: by descriptors, so that no link leads out of it.
private struct Walk {
    var bytes: Int64 = 0
    var entries = 0
    var isTooDeep = false
    var isUnlocking = false

    mutating func start(_ path: String) { enter(open(AT_FDCWD, path), depth: 0) }

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
            guard look(opened, name, &status) else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                guard depth < OutputFolder.deepest else {
                    isTooDeep = true
                    continue
                }
                enter(open(opened, name), depth: depth + 1)
            } else {
                // A file with holes takes its whole size once it is copied.
                bytes += max(Int64(status.st_size), Int64(status.st_blocks) * 512)
            }
        }
    }

    /// `O_PATH`, which Swift's view of the C library does not have.
    private static let placeOnly: Int32 = 0o10000000

    /// A folder that the container locked would hide what is in it from a worker that is its owner and not root.
    private func open(_ folder: Int32, _ name: UnsafePointer<CChar>) -> Int32 {
        let opened = openat(folder, name, OutputFolder.folderFlags)
        guard opened < 0, errno == EACCES else { return opened }
        // By a descriptor of the folder itself: the name may be a link to elsewhere by now.
        let place = openat(folder, name, Self.placeOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard place >= 0 else { return opened }
        defer { close(place) }
        guard chmod("/proc/self/fd/\(place)", 0o700) == 0 else { return opened }
        return openat(place, ".", OutputFolder.folderFlags)
    }

    private func look(_ folder: Int32, _ name: UnsafePointer<CChar>, _ status: inout stat) -> Bool {
        if fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return true }
        guard errno == EACCES, fchmod(folder, 0o700) == 0 else { return false }
        return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }
}
