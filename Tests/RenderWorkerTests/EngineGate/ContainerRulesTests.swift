import QueueProtocol
import StudioCore
import Testing

@testable import RenderWorker

/// What the gate lets an engine make: all that runners write, and nothing else.
@Suite("The engine gate's rules for containers") struct ContainerRulesTests {
    private static let folders = GateFolders(folders: [.init(there: "/srv/studio", here: nil)])
    private static let rules = ContainerRules(
        folders: folders, capacity: EngineCapacity(cpus: 4, memory: 8 << 30))

    private static func spec() -> ContainerSpec {
        var spec = ContainerSpec(
            image: "studio/upscale:1.2.0", user: ContainerUser(ofWorker: 0, 0),
            labels: [ContainerHost.Label.worker: "w", ContainerHost.Label.job: "j"], memory: 64 << 20, cpus: 1.5,
            processes: 32, temporary: 16 << 20, largestFile: 1 << 30)
        spec.mounts = [.init(source: "/srv/studio/Projects/film/05_Cache/jobs/1/in", target: "/studio/inputs")]
        return spec
    }

    private static func document(_ spec: ContainerSpec = spec()) -> JSONValue {
        spec.document(on: EngineCapacity(cpus: 4, memory: 8 << 30))
    }

    /// The document with one member set, or taken away, by its path.
    private static func changed(_ path: [String], to value: JSONValue?, in document: JSONValue) -> JSONValue {
        guard let name = path.first, var members = document.objectValue else { return document }
        members[name] = path.count == 1 ? value : changed(Array(path.dropFirst()), to: value, in: members[name] ?? [:])
        return .object(members)
    }

    private static func refusal(_ path: String, _ value: JSONValue?) -> String? {
        let body = changed(path.split(separator: ".").map(String.init), to: value, in: document())
        do throws(GateRefusal) {
            try rules.check(body)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("Whatever runners write is let through")
    func good() throws {
        #expect(try Self.rules.check(Self.document()) == ["/srv/studio/Projects/film/05_Cache/jobs/1/in"])
        var spec = Self.spec()
        spec.command = ["sh", "-c", "true"]
        spec.environment = ["A": "b"]
        spec.imageVolumes = ["/data"]
        spec.network = .bridge
        spec.publishedPorts = [5000]
        spec.gpus = 1
        try Self.rules.check(Self.document(spec))
        spec.gpus = 0
        spec.gpuNumbers = [0, 3]
        spec.network = .none
        try Self.rules.check(Self.document(spec))
    }

    /// A member's path and its value.
    private static let bad = """
        HostConfig.Privileged true
        HostConfig.ReadonlyRootfs false
        HostConfig.CapAdd ["SYS_ADMIN"]
        HostConfig.CapDrop []
        HostConfig.CapDrop null
        HostConfig.CapDrop ["NET_RAW"]
        HostConfig.SecurityOpt []
        HostConfig.SecurityOpt ["no-new-privileges:true", "seccomp=unconfined"]
        HostConfig.PidMode "host"
        HostConfig.PidMode ""
        HostConfig.IpcMode "host"
        HostConfig.IpcMode "container:x"
        HostConfig.NetworkMode "host"
        HostConfig.NetworkMode "container:x"
        HostConfig.NetworkMode "studio_default"
        HostConfig.UsernsMode "host"
        HostConfig.UTSMode "host"
        HostConfig.CgroupnsMode "host"
        HostConfig.CgroupParent "/"
        HostConfig.Devices []
        HostConfig.DeviceCgroupRules ["a *:* rwm"]
        HostConfig.Sysctls {"kernel.core_pattern": "x"}
        HostConfig.Runtime "other"
        HostConfig.VolumesFrom ["other"]
        HostConfig.Binds ["/:/host"]
        HostConfig.Links []
        HostConfig.VolumeDriver "x"
        HostConfig.GroupAdd ["0"]
        HostConfig.MaskedPaths []
        HostConfig.ReadonlyPaths []
        HostConfig.ExtraHosts []
        HostConfig.StorageOpt {}
        HostConfig.Annotations {}
        HostConfig.OomKillDisable true
        HostConfig.PublishAllPorts true
        HostConfig.RestartPolicy {"Name": "always"}
        HostConfig.LogConfig {"Type": "syslog"}
        HostConfig.LogConfig {"Type": "none", "Config": {}}
        HostConfig.AutoRemove true
        HostConfig.Memory 0
        HostConfig.Memory -1
        HostConfig.Memory 9663676416
        HostConfig.Memory 67108864.5
        HostConfig.Memory "64m"
        HostConfig.MemorySwap -1
        HostConfig.PidsLimit 0
        HostConfig.PidsLimit -1
        HostConfig.PidsLimit 100000
        HostConfig.NanoCpus 0
        HostConfig.NanoCpus 4000000001
        HostConfig.OomScoreAdj -1000
        HostConfig.ShmSize -1
        HostConfig.Tmpfs {"/tmp": "exec"}
        HostConfig.Tmpfs {"/etc": "rw,exec,nosuid,nodev,mode=1777,size=1"}
        HostConfig.Tmpfs {"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=1,suid"}
        HostConfig.Ulimits []
        HostConfig.Ulimits [{"Name": "nproc", "Soft": 1, "Hard": 1}]
        HostConfig.DeviceRequests [{"Count": -1, "Capabilities": [["gpu"]]}]
        HostConfig.DeviceRequests [{"Count": 1, "Capabilities": [["gpu"]], "Options": {}}]
        HostConfig.DeviceRequests [{"Count": 1, "Capabilities": [["gpu", "utility"]]}]
        HostConfig.PortBindings {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""}]}
        HostConfig.PortBindings {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "22"}]}
        HostConfig.PortBindings {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
        HostConfig.privileged true
        hostconfig {}
        HostConfig null
        HostConfig []
        Volumes {"/a": {}}
        NetworkingConfig {}
        NetworkDisabled false
        MacAddress ""
        WorkingDir "/"
        OnBuild []
        Hostname "x"
        User "0:0"
        User "root"
        User ""
        User "1:0"
        User "0:1"
        User "1"
        User "+1:1"
        User "4294967295:1"
        User "4294967296:1"
        User null
        Image ""
        Image "a b"
        Image ["a"]
        Env "A=b"
        Env [1]
        Entrypoint "sh"
        Labels {}
        Labels {"studio.worker": ""}
        Labels {"studio.worker": "w", "com.docker.x": "y"}
        AttachStdin true
        OpenStdin true
        Tty true
        Healthcheck {"Test": ["CMD", "x"]}
        Healthcheck.Interval 1
        StopSignal "SIGUSR1"
        ExposedPorts {"53/udp": {}}
        """

    @Test("Every way to more than a runner asks for is refused, and said", arguments: bad.split(separator: "\n"))
    func refused(_ line: Substring) throws {
        let halves = line.split(separator: " ", maxSplits: 1).map(String.init)
        let value = try JSONText.decode(JSONValue.self, from: halves[1])
        let refusal = try #require(Self.refusal(halves[0], value), "it was let through")
        let parts = halves[0].split(separator: ".")
        let name = parts.count > 1 && parts[0] == "HostConfig" ? parts[1] : parts[0]
        #expect(refusal.contains(name), "\(refusal)")
    }

    @Test(
        "What an engine would decide otherwise by itself must be said",
        arguments: [
            "ReadonlyRootfs", "CapDrop", "SecurityOpt", "IpcMode", "NetworkMode", "LogConfig", "Memory", "MemorySwap",
            "PidsLimit",
            "NanoCpus", "Ulimits", "RestartPolicy",
        ])
    func required(_ name: String) {
        #expect(Self.refusal("HostConfig.\(name)", nil)?.contains(name) == true)
        for top in ["User", "Labels", "HostConfig", "Image"] { #expect(Self.refusal(top, nil)?.contains(top) == true) }
    }

    @Test(
        "Mounts lie below the studio's folders and below /studio",
        arguments: [
            #"{"Source": "/etc"}"#, #"{"Source": "/srv/studio"}"#, #"{"Source": "/srv/studio/"}"#,
            #"{"Source": "/srv/studio/../../etc"}"#, #"{"Source": "/srv/studio/./a"}"#,
            #"{"Source": "/srv/studio//a"}"#,
            #"{"Source": "/srv/studios/a"}"#, #"{"Source": "srv/studio/a"}"#, #"{"Source": "/var/run/docker.sock"}"#,
            #"{"Source": "/srv/studio/a\u0000b"}"#, #"{"Source": ""}"#, #"{"Source": null}"#, #"{"Target": "/"}"#,
            #"{"Target": "/etc"}"#, #"{"Target": "/studio/../etc"}"#, #"{"Target": "/studios"}"#,
            #"{"Type": "volume"}"#,
            #"{"Type": "npipe"}"#, #"{"Type": "tmpfs"}"#, #"{"ReadOnly": "no"}"#, #"{"Consistency": "x"}"#,
            #"{"BindOptions": {"Propagation": "rshared"}}"#, #"{"BindOptions": {"Propagation": "rprivate"}}"#,
            #"{"BindOptions": {"NonRecursive": true}}"#,
            #"{"VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"device": "/"}}}}"#,
        ])
    func mounts(_ change: String) throws {
        let good: JSONValue = [
            "Type": "bind", "Source": "/srv/studio/a", "Target": "/studio/inputs", "ReadOnly": true,
        ]
        #expect(Self.refusal("HostConfig.Mounts", [good]) == nil)
        #expect(try Self.refusal("HostConfig.Mounts", [good, with(change, good)])?.contains("Mounts[1]") == true)
    }

    @Test(
        "A volume of an image's own is read only, new, and of no driver",
        arguments: [
            #"{"Source": "other"}"#, #"{"ReadOnly": false}"#, #"{"VolumeOptions": {}}"#, #"{"Target": "data"}"#,
        ])
    func volumes(_ change: String) throws {
        let good: JSONValue = ["Type": "volume", "Target": "/data", "ReadOnly": true]
        #expect(Self.refusal("HostConfig.Mounts", [good]) == nil)
        #expect(try Self.refusal("HostConfig.Mounts", [with(change, good)]) != nil)
    }

    private func with(_ change: String, _ value: JSONValue) throws -> JSONValue {
        let changes = try JSONText.decode(JSONValue.self, from: change)
        return .object((value.objectValue ?? [:]).merging(changes.objectValue ?? [:]) { $1 })
    }
}
