import QueueProtocol

/// A container to be made, closed off as far as an engine can: whatever is not said here it does not get.
///
/// Its root file system is read-only, `/tmp` is in memory; it runs without capabilities, without a way to gain any, as a
/// user that is not root, with bounds on memory (no swap), processes, processor time and the size of a file; an init
/// process reaps its orphans and passes signals on; nothing it writes to its streams is kept on the machine's disk.
struct ContainerSpec: Sendable, Hashable {
    /// Something of the machine that it sees.
    struct Mount: Sendable, Hashable {
        /// The file's or folder's path as the engine sees it. It must be there.
        var source: String
        /// Where the container sees it.
        var target: String
        /// Whether it can only be read.
        var isReadOnly = true
    }

    /// What it may reach.
    enum Network: Sendable, Hashable {
        /// Nothing but itself.
        case none
        /// What the engine's own bridge reaches, the internet too.
        case bridge
        /// A network of that name.
        case named(String)
    }

    /// The image's id or reference; it must be there.
    var image: String
    /// The program and its arguments instead of the image's own; empty takes the image's.
    var command: [String] = []
    /// Variables beside the image's own.
    var environment: [String: String] = [:]
    /// Who it runs as.
    var user: ContainerUser
    /// What it is found by.
    var labels: [String: String] = [:]
    /// What of the machine it sees.
    var mounts: [Mount] = []
    /// The folders for which its image asks for a volume: it sees there what the image has, and can only read it.
    var imageVolumes: [String] = []
    /// What it may reach.
    var network = Network.none
    /// Ports that are published on the machine's own address 127.0.0.1, each under a number that is free.
    var publishedPorts: [Int] = []
    /// The most memory it may have, in bytes; what it writes to `/tmp` and `/dev/shm` is part of that.
    var memory: Int
    /// The most processor time it may have, in cores.
    var cpus: Double
    /// How many processes and threads it may have at once.
    var processes: Int
    /// The most it may write to `/tmp`, and to `/dev/shm`, in bytes.
    var temporary: Int
    /// The largest file that it may write, in bytes.
    var largestFile: Int
    /// How many GPUs it is given.
    var gpus = 0
    /// The numbers of the GPUs that it is given, instead of any.
    var gpuNumbers: [Int] = []

    /// The least memory that engines take.
    private static let leastMemory = 6 << 20
    /// Where one of a container's processes must go, its own goes before any of the studio's.
    private static let outOfMemoryScore = 500

    /// What an engine is told.
    ///
    /// - Parameter capacity: What its machine has: it takes no container that may use more cores than there are.
    /// - Returns: The body of a request to make it.
    func document(on capacity: EngineCapacity) -> JSONValue {
        var body: [String: JSONValue] = [
            "Image": .string(image), "User": .string(user.text),
            "Env": .array(variables.map { .string("\($0.key)=\($0.value)") }.sorted { $0.text < $1.text }),
            "Labels": .object(labels.mapValues(JSONValue.string)),
            "AttachStdout": true, "AttachStderr": true, "AttachStdin": false, "OpenStdin": false, "Tty": false,
            "StopSignal": "SIGTERM", "HostConfig": host(capacity),
        ]
        if let program = command.first {
            body["Entrypoint"] = [.string(program)]
            body["Cmd"] = .array(command.dropFirst().map(JSONValue.string))
        }
        if !publishedPorts.isEmpty {
            body["ExposedPorts"] = .object(Dictionary(uniqueKeysWithValues: publishedPorts.map { ("\($0)/tcp", [:]) }))
        }
        // An image's own check would run in there for nobody.
        body["Healthcheck"] = ["Test": ["NONE"]]
        return .object(body)
    }

    /// A user that no file knows has no home, and cannot write to `/`.
    private var variables: [String: String] {
        ["HOME": "/tmp", "TMPDIR": "/tmp"].merging(environment) { $1 }
    }

    private func host(_ capacity: EngineCapacity) -> JSONValue {
        let memory = max(memory, Self.leastMemory)
        let cores = min(max(cpus, 0.01), Double(capacity.cpus))
        var host: [String: JSONValue] = [
            "ReadonlyRootfs": true, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"],
            "Privileged": false, "Init": true, "AutoRemove": false, "IpcMode": "private",
            "RestartPolicy": ["Name": "no"], "LogConfig": ["Type": "none"],
            "Memory": .integer(Int64(memory)), "MemorySwap": .integer(Int64(memory)),
            "PidsLimit": .integer(Int64(processes)), "NanoCpus": .integer(Int64(cores * 1_000_000_000)),
            "ShmSize": .integer(Int64(temporary)), "OomScoreAdj": .integer(Int64(Self.outOfMemoryScore)),
            "Tmpfs": ["/tmp": .string("rw,exec,nosuid,nodev,mode=1777,size=\(temporary)")],
            "Ulimits": [
                ["Name": "core", "Soft": 0, "Hard": 0],
                ["Name": "fsize", "Soft": .integer(Int64(largestFile)), "Hard": .integer(Int64(largestFile))],
            ],
            "Mounts": .array(mounts.map(Self.mount) + imageVolumes.map(Self.volume)),
        ]
        switch network {
        case .none: host["NetworkMode"] = "none"
        case .bridge: host["NetworkMode"] = "bridge"
        case .named(let name): host["NetworkMode"] = .string(name)
        }
        if !publishedPorts.isEmpty {
            let binding: JSONValue = [["HostIp": "127.0.0.1", "HostPort": ""]]
            host["PortBindings"] = .object(
                Dictionary(uniqueKeysWithValues: publishedPorts.map { ("\($0)/tcp", binding) }))
        }
        if !gpuNumbers.isEmpty {
            let numbers = gpuNumbers.map { JSONValue.string(String($0)) }
            host["DeviceRequests"] = [["DeviceIDs": .array(numbers), "Capabilities": [["gpu"]]]]
        } else if gpus > 0 {
            host["DeviceRequests"] = [["Count": .integer(Int64(gpus)), "Capabilities": [["gpu"]]]]
        }
        return .object(host)
    }

    /// How mounts spread is left to the engine: nothing comes out of a container either way, and what lies in one of the
    /// engine's own volumes, as the workspace of a studio in containers does, it mounts in no way that was asked for.
    private static func mount(_ mount: Mount) -> JSONValue {
        [
            "Type": "bind", "Source": .string(mount.source), "Target": .string(mount.target),
            "ReadOnly": .bool(mount.isReadOnly),
        ]
    }

    private static func volume(_ path: String) -> JSONValue {
        ["Type": "volume", "Target": .string(path), "ReadOnly": true]
    }
}

/// Who a container runs as.
struct ContainerUser: Sendable, Hashable {
    var user: UInt32
    var group: UInt32

    /// Who containers of a worker run as: as the worker itself, so that both can read what the other writes; not as root,
    /// in whose place they are nobody that the machine knows.
    ///
    /// - Parameters:
    ///   - user: The worker's user.
    ///   - group: The worker's group.
    init(ofWorker user: UInt32, _ group: UInt32) {
        (self.user, self.group) = user == 0 ? (Self.stranger, Self.stranger) : (user, group == 0 ? user : group)
    }

    private static let stranger: UInt32 = 10_001

    /// `10001:10001`.
    var text: String { "\(user):\(group)" }
}

extension JSONValue {
    fileprivate var text: String { stringValue ?? "" }
}
