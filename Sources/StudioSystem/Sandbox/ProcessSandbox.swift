import CLinux
import FoundationEssentials
import Glibc

/// A process's renunciation of everything that work on untrusted bytes does not need, before it reads the first of them.
///
/// Works for root and for any other user, without help from outside. In this order a process loses:
/// 1. ways to gain privileges (`no_new_privs`), and every capability it has;
/// 2. files, except those named here, where the kernel has Landlock (5.13 and newer, switched on), with it TCP,
///    devices' controls, abstract sockets and signals to others where its Landlock knows them;
/// 3. every system call but those of ``SystemCallFilter``: there is no network, no other program, no second process.
///
/// The kernel keeps all of it until the process ends; nothing gives it back. A forbidden system call that such work has
/// no use for ends the process at once, by SIGSYS; one that a library may try out fails with `ENOSYS`; a file elsewhere
/// fails with `EACCES`.
public struct ProcessSandbox: Hashable, Sendable {
    /// What the process reads: files, or folders with all below. One that is not there is left out.
    public var readable: [String]
    /// The folders in which it makes, reads, changes and removes files and folders.
    public var writable: [String]

    /// A sandbox; ``SystemFiles/needed`` come on top of it.
    ///
    /// - Parameters:
    ///   - readable: Files, or folders with all below, that are read.
    ///   - writable: Folders in which files are made, read, changed and removed.
    public init(readable: [String] = [], writable: [String] = []) {
        self.readable = readable
        self.writable = writable
    }

    /// What holds a process to its files.
    public enum FileConfinement: Hashable, Sendable {
        /// Landlock of this version.
        case landlock(version: Int)
        /// Nothing but its user's permissions: this kernel has no Landlock, or it is switched off.
        case none
    }

    /// What would hold a process to its files on this machine.
    public static var fileConfinement: FileConfinement {
        let version = studio_landlock_version()
        return version > 0 ? .landlock(version: Int(version)) : .none
    }

    /// Goes into the sandbox, for good.
    ///
    /// Must be called while the process has a single thread: Landlock and capabilities belong to threads, and only those
    /// that are started later inherit them.
    ///
    /// - Returns: What holds the process to its files.
    /// - Throws: `ProcessError` where the process has more threads, or the kernel refuses: then nothing untrusted may be
    ///   read.
    @discardableResult public func enter() throws(ProcessError) -> FileConfinement {
        guard Self.threadCount == 1 else {
            throw ProcessError(errno: EBUSY, "confining a process that has more than one thread")
        }
        try Self.check(studio_no_new_privileges(), "giving up new privileges")
        let confinement = Self.fileConfinement
        // Root reads files of every user; where Landlock says which, it may go on to.
        let kept = confinement == .none ? 0 : studio_capability_read_any_file
        try Self.check(studio_keep_capabilities(kept), "giving up capabilities")
        if case .landlock(let version) = confinement { try FileRules(self, version: version).enforce() }
        try SystemCallFilter.load()
        return confinement
    }

    static func check(_ result: Int32, _ action: String) throws(ProcessError) {
        guard result >= 0 else { throw ProcessError(errno: -result, action) }
    }

    private static var threadCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task"))?.count ?? 0
    }
}

/// The files of the system that programs read while they run.
public enum SystemFiles {
    /// Libraries and what they load later, fonts, time zones, what the C library asks about the machine, randomness.
    public static let needed = [
        "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/zoneinfo",
        "/etc/localtime", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig", "/etc/fonts",
        "/var/cache/fontconfig", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
        "/proc/sys/vm/overcommit_memory", "/sys/devices/system", "/sys/fs/cgroup", "/dev/urandom", "/dev/random",
        "/dev/zero",
    ]
    /// What is read and written.
    static let shared = ["/dev/null"]
}
