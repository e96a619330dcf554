import Glibc

/// A started child: its process id, also its group's, and its three streams as the parent holds them.
struct StartedChild: ~Copyable {
    let pid: pid_t
    let input: Descriptor
    let output: Descriptor
    let errors: Descriptor
}

extension ChildCommand {
    /// `POSIX_SPAWN_SETSID`, which glibc's header shows only to C with GNU extensions.
    private static let newSession: Int32 = 0x80

    /// Starts the program in a session and process group of its own, with default signal dispositions and, besides its
    /// three streams, only descriptors that were not opened close-on-exec.
    ///
    /// Must be called on the thread that will wait for the child: the child asks the kernel to be killed when that
    /// thread ends, and threads of a pool come and go.
    ///
    /// - Returns: The child.
    /// - Throws: ``ChildNotStarted``; nothing is left behind.
    func spawn() throws(ChildNotStarted) -> StartedChild {
        let input = try DescriptorPair()
        let output = try DescriptorPair()
        let errors = try DescriptorPair()

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.theirs.raw, 0)
        posix_spawn_file_actions_adddup2(&actions, output.theirs.raw, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.theirs.raw, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        let flags = Self.newSession | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var pid: pid_t = 0
        let status = Self.withCStrings([path] + arguments) { arguments in
            Self.withCStrings(environment.map { "\($0)=\($1)" }) { environment in
                posix_spawn(&pid, path, &actions, &attributes, arguments, environment)
            }
        }
        guard status == 0 else { throw ChildNotStarted(step: "starting \(path)", number: status) }
        return StartedChild(pid: pid, input: input.takeOurs(), output: output.takeOurs(), errors: errors.takeOurs())
    }

    /// Lends a null-terminated array of C strings for the time of the closure.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
