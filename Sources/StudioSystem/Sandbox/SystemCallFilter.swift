import CLinux
import CSeccomp
import Glibc

/// Which system calls a process in a ``ProcessSandbox`` may still make, held by the kernel's seccomp.
///
/// What is listed in ``allowed`` works, some of it only with the arguments of ``allowedWith``. What is ``forbidden`` ends
/// the process by SIGSYS: work on media never needs it, so that it is an attack or a mistake of ours, and goes on in
/// neither case. Everything else fails with `ENOSYS`, as on a kernel that does not have it: libraries try calls that are
/// nice to have, and newer ones come. So does `clone3`, whose flags the filter cannot see: the C library then uses `clone`.
enum SystemCallFilter {
    /// One argument of a call, and what it has to be.
    struct Argument {
        /// Its number, from 0.
        var number: UInt32
        /// The bits that count.
        var mask = UInt64.max
        /// What they have to be.
        var value: UInt64
    }

    /// Loads the filter for all threads of the process, for good.
    static func load() throws(ProcessError) {
        guard let filter = seccomp_init(cseccomp_fail(UInt16(ENOSYS))) else {
            throw ProcessError(errno: ENOMEM, "making a filter of system calls")
        }
        defer { seccomp_release(filter) }
        // Calls by another architecture's numbers would go around the rules.
        try check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS))
        try check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1))
        // A tree instead of a list: a few comparisons for a call, not two hundred.
        try check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2))
        for name in allowed { try add(SCMP_ACT_ALLOW, name, to: filter) }
        for (name, argument) in allowedWith(process: getpid()) {
            try add(SCMP_ACT_ALLOW, name, where: argument, to: filter)
        }
        for name in forbidden { try add(SCMP_ACT_KILL_PROCESS, name, to: filter) }
        try add(
            SCMP_ACT_KILL_PROCESS, "clone", where: Argument(number: 0, mask: UInt64(studio_clone_thread), value: 0),
            to: filter)
        try check(seccomp_load(filter))
    }

    /// A system call's number on this machine; `nil` where it has none of that name.
    static func number(of name: String) -> Int32? {
        let number = seccomp_syscall_resolve_name(name)
        return number < 0 ? nil : number
    }

    private static func add(
        _ action: UInt32, _ name: String, where argument: Argument? = nil, to filter: scmp_filter_ctx
    ) throws(ProcessError) {
        guard let number = number(of: name) else { return }
        var comparisons: [scmp_arg_cmp] = []
        if let argument {
            comparisons = [
                scmp_arg_cmp(
                    arg: argument.number, op: SCMP_CMP_MASKED_EQ, datum_a: argument.mask, datum_b: argument.value)
            ]
        }
        try check(seccomp_rule_add_array(filter, action, number, UInt32(comparisons.count), comparisons))
    }

    private static func check(_ status: Int32) throws(ProcessError) {
        guard status >= 0 else { throw ProcessError(errno: -status, "filtering the system calls of this process") }
    }
}
