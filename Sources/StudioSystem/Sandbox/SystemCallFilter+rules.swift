import CLinux
import Glibc

/// The lists. Names that a machine does not have are passed over.
extension SystemCallFilter {
    /// What decoding, encoding and files in a folder need.
    static let allowed = [
        // memory
        "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "mincore", "msync", "mlock", "munlock",
        "membarrier", "pkey_mprotect", "pkey_alloc", "pkey_free",
        // which memory is near which processor: without an answer libnuma tells x265 that there are none for its threads
        "get_mempolicy",
        // threads of this process
        "futex", "futex_waitv", "futex_wake", "futex_wait", "futex_requeue", "set_robust_list", "get_robust_list",
        "rseq", "set_tid_address", "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam",
        "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "exit", "exit_group",
        "restart_syscall",
        // who and where
        "gettid", "getpid", "getppid", "getpgid", "getpgrp", "getsid", "getuid", "geteuid", "getgid", "getegid",
        "getresuid", "getresgid", "getgroups", "capget", "getpriority", "getrusage", "getrlimit", "sysinfo", "uname",
        "getcpu", "getrandom", "times",
        // time
        "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
        // its own signals
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend",
        "sigaltstack", "pause", "alarm", "setitimer", "getitimer",
        // files, which Landlock holds to their places
        "open", "openat", "openat2", "creat", "close", "close_range", "read", "write", "readv", "writev", "pread64",
        "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek", "_llseek", "stat", "fstat", "lstat",
        "newfstatat", "fstatat64", "fstat64", "stat64", "lstat64", "statx", "statfs", "fstatfs", "access", "faccessat",
        "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "unlink", "unlinkat", "rename",
        "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "ftruncate", "truncate", "fallocate", "fsync",
        "fdatasync", "sync_file_range", "fadvise64", "copy_file_range", "sendfile", "flock", "umask", "fchmod",
        "dup", "dup2", "dup3", "pipe", "pipe2",
        // waiting for what is open
        "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
        "epoll_pwait", "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    ]

    /// What is allowed with some arguments only.
    static func allowedWith(process: pid_t) -> [(name: String, argument: Argument)] {
        let own = UInt64(process)
        let isThread = UInt64(studio_clone_thread)
        var rules: [(String, Argument)] = [
            // A thread of this process, in no namespace of its own. That `clone` without it is a process, see `load`.
            ("clone", Argument(number: 0, mask: isThread | UInt64(studio_clone_any_namespace), value: isThread)),
            // Signals to itself: an assertion that fails, and the end of the group that is its own.
            ("kill", Argument(number: 0, value: 0)), ("kill", Argument(number: 0, value: own)),
            ("tgkill", Argument(number: 0, value: own)),
            // Its own limits.
            ("prlimit64", Argument(number: 0, value: 0)), ("prlimit64", Argument(number: 0, value: own)),
        ]
        // The names of threads and of memory.
        for option: UInt64 in [15, 16, 0x5356_4d41] { rules.append(("prctl", Argument(number: 0, value: option))) }
        // Whether it is a terminal, and how much can be read from it.
        for request: UInt64 in [0x5401, 0x541b] { rules.append(("ioctl", Argument(number: 1, value: request))) }
        // Copies of descriptors, their flags, and locks; not who gets signals of them. F_OFD_GETLK to F_OFD_SETLKW: 36 to 38.
        let commands = [F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, 36, 37, 38, 1030]
        for command in commands { rules.append(("fcntl", Argument(number: 1, value: UInt64(command)))) }
        return rules
    }

    /// What nothing but an attack does in the middle of decoding.
    static let forbidden = [
        // the network, and the machine's own services
        "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg",
        "recvfrom", "recvmsg", "recvmmsg", "setsockopt", "getsockopt", "shutdown", "socketcall",
        // other programs and processes
        "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
        "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "kcmp",
        // the kernel's insides
        "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "io_uring_setup",
        "io_uring_enter", "io_uring_register", "init_module", "finit_module", "delete_module", "create_module",
        "kexec_load", "kexec_file_load", "reboot", "iopl", "ioperm", "modify_ldt", "syslog", "acct", "quotactl",
        "swapon", "swapoff", "lookup_dcookie", "personality", "fanotify_init", "memfd_secret",
        // mounts, roots and namespaces
        "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
        "fsmount", "fspick", "mount_setattr", "unshare", "setns", "name_to_handle_at", "open_by_handle_at", "mknod",
        "mknodat",
        // who it is
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid",
        "capset",
        // the machine's clock and name
        "settimeofday", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime", "stime", "sethostname",
        "setdomainname", "vhangup",
    ]
}
