import FoundationEssentials
import Glibc
import Synchronization

/// A Docker engine of the tests' own, gone with the test process, with all its containers and mounts: it lives in
/// namespaces of processes and mounts whose first process ends with the test.
///
/// It takes root, Debian's `docker.io` and a file system below `TMPDIR` that overlayfs can write to; a missing part is a
/// failure. It touches no rules of the machine's firewall: containers on its bridge reach the machine and nothing else.
public actor PrivateDocker {
    private static let sharedStart = Task { try await PrivateDocker() }

    /// The engine all tests of this process share; must not be killed.
    ///
    /// - Returns: The running engine.
    /// - Throws: `TestKitError` when it is not installed or does not start.
    public static func shared() async throws -> PrivateDocker { try await sharedStart.value }

    private let directory: TemporaryDirectory
    private let bridge: Bridge
    private let supervisor: ChildProcess
    private var isRunning = false
    private var images: Set<String> = []

    /// The socket's path.
    public nonisolated let socket: String
    /// What `DOCKER_HOST` is set to.
    public nonisolated var host: String { "unix://\(socket)" }
    /// Its port on `localhost`, with TLS and only for clients that show a certificate; 0 where it was not asked for.
    public nonisolated let port: Int
    /// The machine's address on the engine's bridge, which containers with a network reach.
    public nonisolated let gateway: String

    /// Starts an engine without images.
    ///
    /// - Parameter certificates: With them it listens on a port too, with TLS.
    /// - Throws: `TestKitError` or `WaitTimedOut` with the engine's log.
    public init(certificates: Certificates? = nil) async throws {
        guard geteuid() == 0 else { throw TestKitError("a Docker engine takes root") }
        directory = try TemporaryDirectory("docker")
        socket = directory.path("s")
        port = certificates == nil ? 0 : try ProgramUnderTest.freePort()
        var settings = "{}"
        if let certificates {
            settings = """
                {"tlsverify": true, "tlscacert": "\(certificates.authority)",
                 "tlscert": "\(certificates.server.certificate)", "tlskey": "\(certificates.server.key)"}
                """
        }
        try directory.write(settings.utf8, to: "daemon.json")
        let script = try directory.write(Self.script.utf8, to: "supervise")
        guard mkfifo(directory.path("control"), 0o600) == 0 else { throw TestKitError.system("mkfifo") }
        bridge = try await Bridge()
        gateway = bridge.address
        supervisor = try ChildProcess(
            "unshare",
            [
                "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "bash",
                script, directory.path, bridge.name,
            ] + (port == 0 ? [] : ["--host", "tcp://127.0.0.1:\(port)"]))
        try await start()
    }

    /// Starts the engine that was killed, on what it had, and waits until it answers.
    ///
    /// - Throws: `TestKitError` or `WaitTimedOut` with its log.
    public func start() async throws {
        guard !isRunning else { return }
        try tell("start")
        isRunning = true
        do {
            try await eventually("the Docker engine answers") {
                guard supervisor.ended == nil else { throw TestKitError("it ended") }
                return try await ChildProcess.run("curl", ["-sf", "--unix-socket", socket, "http://docker/_ping"]).exit
                    == .code(0)
            }
        } catch {
            let log = supervisor.lines.suffix(20).map(\.text).joined(separator: "\n")
            throw TestKitError("the Docker engine does not start: \(error)\n\(log)")
        }
    }

    /// Kills the engine with SIGKILL; its containers are left to themselves.
    ///
    /// - Throws: `TestKitError`, `WaitTimedOut`.
    public func kill() async throws {
        guard isRunning else { return }
        let before = supervisor.output.count { $0 == "engine ended" }
        try tell("kill")
        isRunning = false
        try await eventually("the engine ends") { supervisor.output.count { $0 == "engine ended" } > before }
    }

    /// Makes an image from files: a static busybox with all its programs, and what the test adds.
    ///
    /// - Parameters:
    ///   - reference: The image's name and tag.
    ///   - files: Texts by their absolute paths; they may be executed.
    ///   - changes: What a Dockerfile would say of it, such as `ENTRYPOINT ["/run"]`.
    ///   - marked: Paths of copies of busybox that are marked to run as root.
    ///   - copies: Files and folders of this machine, which have the same paths in the image.
    /// - Throws: `TestKitError` with the engine's words.
    public func image(
        _ reference: String, files: [String: String] = [:], changes: [String] = [], marked: [String] = [],
        copies: [String] = []
    ) async throws {
        guard !images.contains(reference) else { return }
        let root = try TemporaryDirectory("image")
        for folder in ["bin", "tmp", "etc", "studio"] { mkdir(root.path(folder), 0o755) }
        // A mount over it takes its mode.
        chmod(root.path("tmp"), 0o1777)
        let done = try await ChildProcess.run(
            "sh",
            [
                "-ec",
                """
                cp "$(command -v busybox)" "$1/bin/busybox"
                for name in $("$1/bin/busybox" --list); do [ "$name" = busybox ] || ln -s busybox "$1/bin/$name"; done
                root=$1; shift
                for path; do mkdir -p "$root${path%/*}"; cp "$root/bin/busybox" "$root$path"; chmod 4755 "$root$path"; done
                """, "sh", root.path,
            ] + marked)
        guard done.exit == .code(0) else { throw TestKitError("an image's files: \(done.errors)") }
        if !copies.isEmpty {
            let copied = try await ChildProcess.run("cp", ["-rL", "--parents"] + copies + [root.path])
            guard copied.exit == .code(0) else { throw TestKitError("an image's files: \(copied.errors)") }
        }
        for (path, text) in files {
            let file = try root.write(text.utf8, to: String(path.drop { $0 == "/" }))
            chmod(file, 0o755)
        }
        let archive = directory.path("image-\(UInt32.random(in: 0 ... .max)).tar")
        let packed = try await ChildProcess.run("tar", ["-C", root.path, "-cf", archive, "."])
        guard packed.exit == .code(0) else { throw TestKitError("an image's archive: \(packed.errors)") }
        defer { unlink(archive) }
        let parts = reference.split(separator: ":")
        var query = "fromSrc=-&repo=\(parts[0])&tag=\(parts.count > 1 ? parts[1] : "latest")"
        for change in changes { query += "&changes=\(Self.escaped(change))" }
        let answer = try await request(
            "POST", "/images/create?\(query)", ["-H", "Content-Type: application/x-tar", "-T", archive])
        guard !answer.contains("\"error\"") else { throw TestKitError("an image: \(answer)") }
        images.insert(reference)
    }

    /// Asks the engine for something, outside the code under test.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path, with its query.
    ///   - options: Further options of `curl`.
    /// - Returns: The answer.
    /// - Throws: `TestKitError` where there is none, or one without success.
    @discardableResult
    public func request(_ method: String, _ path: String, _ options: [String] = []) async throws -> String {
        let done = try await ChildProcess.run(
            "curl",
            ["-sS", "--fail-with-body", "--unix-socket", socket, "-X", method] + options + ["http://docker\(path)"])
        guard done.exit == .code(0) else {
            throw TestKitError("the Docker engine, \(method) \(path): \(done.output)\(done.errors)")
        }
        return done.output
    }

    /// The ids of the containers with a label, whether they run or not.
    ///
    /// - Parameter label: `name`, or `name=value`.
    /// - Returns: The ids.
    /// - Throws: `TestKitError`.
    public func containers(label: String) async throws -> [String] {
        struct Container: Decodable { var Id: String }
        let filters = Self.escaped("{\"label\":[\"\(label)\"]}")
        let answer = try await request("GET", "/containers/json?all=1&filters=\(filters)")
        return try JSONDecoder().decode([Container].self, from: Data(answer.utf8)).map(\.Id)
    }

    /// What it has logged.
    public nonisolated var log: String { supervisor.lines.suffix(200).map(\.text).joined(separator: "\n") }

    /// Stops the engine and everything in it.
    ///
    /// - Throws: `WaitTimedOut`.
    public func stop() async throws {
        try tell("stop")
        isRunning = false
        try await supervisor.exit()
    }

    private func tell(_ order: String) throws {
        let opened = open(directory.path("control"), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        // The supervisor opens its end a moment after it was started.
        guard opened >= 0 else {
            guard errno == ENXIO, supervisor.ended == nil else { throw TestKitError.system("the engine's control") }
            usleep(10_000)
            return try tell(order)
        }
        defer { close(opened) }
        let line = order + "\n"
        guard write(opened, line, line.utf8.count) == line.utf8.count else {
            throw TestKitError.system("the engine's control")
        }
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }.joined()
    }

    /// The first process of the engine's namespaces: with it everything in them ends.
    private static let script = #"""
        directory=$1 bridge=$2
        shift 2
        exec 3<>"$directory/control"
        # A machine without an init system may have no control groups.
        if ! mountpoint -q /sys/fs/cgroup; then
            if ! { grep -qw cgroup2 /proc/filesystems && mount -t cgroup2 cgroup2 /sys/fs/cgroup; }; then
                mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
                awk 'NR > 1 && $4 == 1 { print $1 }' /proc/cgroups | while read -r one; do
                    mkdir "/sys/fs/cgroup/$one"
                    mount -t cgroup -o "$one" cgroup "/sys/fs/cgroup/$one" || rmdir "/sys/fs/cgroup/$one"
                done
            fi
        fi
        while read -r order <&3; do
            case $order in
            start)
                rm -f "$directory/pid"
                dockerd --data-root "$directory/data" --exec-root "$directory/exec" --pidfile "$directory/pid" \
                    --host "unix://$directory/s" --config-file "$directory/daemon.json" \
                    --storage-driver overlay2 --bridge "$bridge" --iptables=false --ip6tables=false \
                    --ip-forward=false --ip-masq=false "$@" 3>&- &
                engine=$!
                ;;
            kill) kill -KILL "$engine"; wait "$engine"; echo "engine ended" ;;
            stop) kill -TERM "$engine"; wait "$engine"; exit 0 ;;
            esac
        done
        """#
}

/// A network bridge of an engine's own, gone with the test process.
private final class Bridge: Sendable {
    let name: String
    let address: String

    init() async throws {
        let number =
            Int(getpid()) % 60_000 * 4
            + Self.count.withLock { count in
                count += 1
                return count
            }
        name = "stk\(number)"
        let network = "10.\(211 + number / 256 % 32).\(number % 256)"
        address = "\(network).1"
        try ProcessReaper.shared().adopt(link: name)
        for arguments in [
            ["link", "add", name, "type", "bridge"], ["addr", "add", "\(address)/24", "dev", name],
            ["link", "set", name, "up"],
        ] {
            let done = try await ChildProcess.run("ip", arguments)
            guard done.exit == .code(0) else { throw TestKitError("ip \(arguments): \(done.errors)") }
        }
    }

    private static let count = Mutex(0)
}
