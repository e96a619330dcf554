import CLinux
import FoundationEssentials
import Glibc

/// Things to try inside a ``ProcessSandbox``, to see on a machine that it holds: each in a process of its own.
public enum SandboxTrial {
    /// What a deed came to.
    public enum Outcome: Hashable, Sendable {
        /// It worked.
        case done
        /// The system refused it, with an `errno` value.
        case refused(Int32)
    }

    /// What has to go on working: a thread, reading an input, and making, renaming and removing a file in the folder.
    public static let rights = ["thread", "read-input", "make-file", "read-randomness"]
    /// What only Landlock refuses.
    public static let filePrivileges = ["read-foreign-file", "write-foreign-file", "list-foreign-folder"]
    /// What the filter of system calls refuses, mostly by ending the process. Without a prefix it is a system call, with
    /// nothing to work on.
    public static let systemCalls = [
        "socket", "socketpair", "connect", "bind", "sendto", "execve", "execveat", "deed:fork", "deed:other-process",
        "deed:foreign-signal", "deed:link", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open", "bpf",
        "perf_event_open", "userfaultfd", "keyctl", "add_key", "io_uring_setup", "init_module", "finit_module", "mount",
        "unshare", "setns", "open_by_handle_at", "iopl", "setuid", "capset",
    ]

    /// Goes into a sandbox and tries something there. The process must have a single thread.
    ///
    /// - Parameters:
    ///   - deed: What to try: one of ``rights``, ``filePrivileges`` or ``systemCalls``.
    ///   - folder: The folder that the sandbox may write to; the input is its file `input`, read only from outside of it.
    ///   - foreign: A folder that is no part of the sandbox, with a file `secret`.
    /// - Returns: What came of it; a process that is ended returns nothing.
    /// - Throws: `ProcessError` where the sandbox cannot be entered.
    public static func attempt(_ deed: String, folder: String, foreign: String) throws(ProcessError) -> Outcome {
        try ProcessSandbox(writable: [folder]).enter()
        let result: Int32
        switch deed {
        case "thread": result = startThread()
        case "read-input": result = touch("\(folder)/input", O_RDONLY)
        case "read-randomness": result = touch("/dev/urandom", O_RDONLY)
        case "make-file": result = makeFile(in: folder)
        case "read-foreign-file": result = touch("\(foreign)/secret", O_RDONLY)
        case "write-foreign-file": result = touch("\(foreign)/new", O_WRONLY | O_CREAT)
        case "list-foreign-folder": result = touch(foreign, O_RDONLY | O_DIRECTORY)
        case "deed:link": result = symlink(foreign, "\(folder)/link") == 0 ? 0 : -errno
        case "deed:other-process": result = endIfChild(bareCall("clone"))
        case "deed:fork": result = endIfChild(bareCall("fork"))
        case "deed:foreign-signal": result = kill(getppid(), 0) == 0 ? 0 : -errno
        default: result = bareCall(deed)
        }
        return result >= 0 ? .done : .refused(-result)
    }

    private static func bareCall(_ name: String) -> Int32 {
        studio_bare_system_call(SystemCallFilter.number(of: name) ?? -1)
    }

    private static func touch(_ path: String, _ flags: Int32) -> Int32 {
        let file = open(path, flags | O_CLOEXEC, 0o600)
        guard file >= 0 else { return -errno }
        close(file)
        return 0
    }

    private static func makeFile(in folder: String) -> Int32 {
        let made = touch("\(folder)/new", O_WRONLY | O_CREAT | O_EXCL)
        guard made == 0 else { return made }
        guard rename("\(folder)/new", "\(folder)/renamed") == 0, unlink("\(folder)/renamed") == 0 else { return -errno }
        return 0
    }

    private static func startThread() -> Int32 {
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, { _ in nil }, nil)
        return status == 0 ? -pthread_join(thread, nil) : -status
    }

    /// A process that should not have come about goes at once.
    private static func endIfChild(_ result: Int32) -> Int32 {
        if result == 0 { _exit(0) }
        return result
    }
}
