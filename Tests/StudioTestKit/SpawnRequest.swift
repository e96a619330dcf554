import Glibc
import Synchronization

/// One call of `posix_spawn`: what to run, with which environment and which open files. Nothing else is inherited.
struct SpawnRequest {
    /// Held while a pipe is made and while a child is spawned, so that no child is born between a pipe's making and its
    /// close-on-exec mark.
    static let descriptors = Mutex(())

    var program: String
    var arguments: [String]
    var environment: [String: String]
    /// The working folder; `nil` is this process's.
    var directory: String?
    /// The child's standard input; `nil` is `/dev/null`.
    var input: Int32?
    /// The child's standard output; `nil` is `/dev/null`.
    var output: Int32?
    /// The child's standard error; `nil` is `/dev/null`.
    var errors: Int32?
    /// Makes the child the leader of a process group of its own.
    var ownGroup = true

    /// Starts the program, with default signal handling.
    func spawn() throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source, mode) in [(0, input, O_RDONLY), (1, output, O_WRONLY), (2, errors, O_WRONLY)] {
            if let source {
                posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
            } else {
                posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", mode, 0)
            }
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (ownGroup ? POSIX_SPAWN_SETPGROUP : 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        // glibc's `addchdir_np` is hidden from Swift, so a shell steps into the folder and becomes the program.
        let enter = directory.map { ["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", $0] } ?? []
        let command = enter + [program] + arguments
        var argv = command.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = Self.descriptors.withLock { _ in
            posix_spawnp(&pid, command[0], &actions, &attributes, &argv, &envp)
        }
        guard code == 0 else { throw TestKitError.system("start of \(program)", code: code) }
        return pid
    }
}
