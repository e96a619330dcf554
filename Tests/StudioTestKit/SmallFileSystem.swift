import Glibc
import Synchronization

/// A file system of a few megabytes over a folder, so that a test can make a disk really full without filling anyone's.
///
/// Mounting takes root, or `sudo` that asks for no password; without either the test fails and says so. What fills it has
/// no name: nobody who lists the folder sees it.
public final class SmallFileSystem: Sendable {
    /// The folder it is mounted on.
    public let path: String
    private let ballast = Mutex<[CInt]>([])

    private init(on path: String) {
        self.path = path
    }

    deinit { makeRoom() }

    /// Mounts a file system, empty but for what the folder holds, and unmounts it however the body ends; what was written
    /// to it is gone then. Programs that run already see it too, from their next opening of a path on.
    ///
    /// - Parameters:
    ///   - folder: The absolute path of a folder, which is made where it is missing; nobody may be writing to it.
    ///   - bytes: Its size; default 16 MiB.
    ///   - files: The most files and folders on it; default 4096.
    ///   - isolation: The caller's isolation, taken by itself.
    ///   - body: What uses it.
    /// - Returns: What the body returned.
    /// - Throws: `TestKitError` where it cannot be mounted, or what the body threw.
    public static func mounted<Result>(
        on folder: String, bytes: Int = 16 << 20, files: Int = 4096,
        isolation: isolated (any Actor)? = #isolation, _ body: (SmallFileSystem) async throws -> Result
    ) async throws -> Result {
        let content = try TemporaryDirectory("content")
        try await run("mkdir", ["-p", folder])
        try await run("cp", ["-a", "\(folder)/.", content.path])
        // Before it is there: nothing must be left however this process dies.
        try ProcessReaper.shared().adopt(mount: folder)
        let options = "size=\(bytes),nr_inodes=\(files),mode=0755,uid=\(geteuid()),gid=\(getegid())"
        try await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], asRoot: true)
        do {
            try await run("cp", ["-a", "\(content.path)/.", folder])
            let made = SmallFileSystem(on: folder)
            let result = try await body(made)
            made.makeRoom()
            try await unmount(folder)
            return result
        } catch {
            try? await unmount(folder)
            throw error
        }
    }

    /// Uses up the space.
    ///
    /// - Parameter rest: The bytes that are left, in whole pages; default none.
    /// - Throws: `TestKitError` where it has no such space.
    public func fill(leaving rest: Int = 0) throws {
        makeRoom()
        let free = try status()
        let size = (Int(free.f_bavail) - rest / Int(free.f_bsize)) * Int(free.f_bsize)
        guard size >= 0 else { throw TestKitError("\(path) has less than \(rest) bytes to leave") }
        let file = try unnamedFile()
        guard size == 0 || posix_fallocate(file, 0, off_t(size)) == 0 else {
            throw TestKitError("\(path) cannot be filled with \(size) bytes")
        }
    }

    /// Uses up the files and folders there may be; the space stays.
    ///
    /// - Parameter rest: How many more may be made; default none.
    /// - Throws: `TestKitError`.
    public func fillWithFiles(leaving rest: Int = 0) throws {
        makeRoom()
        for _ in 0..<max(0, Int(try status().f_favail) - rest) { _ = try unnamedFile() }
    }

    /// Takes away what filled it.
    public func makeRoom() {
        ballast.withLock { files in
            for file in files { close(file) }
            files = []
        }
    }

    private func status() throws -> statvfs {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw TestKitError.system("statvfs \(path)") }
        return status
    }

    private func unnamedFile() throws -> CInt {
        let name = "\(path)/ballast-\(UInt64.random(in: 0 ... .max))"
        // Not for children: a program that a test starts would keep the disk full.
        let file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw TestKitError.system("a file in \(path)") }
        unlink(name)
        ballast.withLock { $0.append(file) }
        return file
    }

    /// Lazily: a program that a failed test left running may still be in it.
    private static func unmount(_ folder: String) async throws {
        try await run("umount", ["--lazy", folder], asRoot: true)
    }

    private static func run(_ command: String, _ arguments: [String], asRoot: Bool = false) async throws {
        let isPlain = !asRoot || geteuid() == 0
        let done = try await ChildProcess.run(
            isPlain ? command : "sudo", isPlain ? arguments : ["--non-interactive", command] + arguments)
        guard done.exit == .code(0) else {
            let hint = asRoot ? "; a small file system takes root (or sudo) and the right to mount" : ""
            throw TestKitError("\(command) \(arguments.joined(separator: " ")): \(done.errors)\(hint)")
        }
    }
}
