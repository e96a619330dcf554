import QueueProtocol

/// What a container must be that the gate lets an engine make: what ``ContainerSpec`` writes, and nothing beside it.
///
/// Every member has a rule of its own; one without is refused, so that what engines learn later is refused too.
struct ContainerRules: Sendable {
    /// What a value must be.
    private struct Rule: Sendable {
        /// For people: `false`, `a list of texts`.
        let words: String
        let holds: @Sendable (JSONValue) -> Bool

        init(_ words: String, _ holds: @escaping @Sendable (JSONValue) -> Bool) {
            self.words = words
            self.holds = holds
        }

        /// Just this value.
        static func exactly(_ value: JSONValue) -> Rule {
            Rule((try? JSONText.string(value)) ?? "as runners write it") { $0 == value }
        }

        static func whole(_ range: ClosedRange<Int>) -> Rule {
            Rule("a whole number from \(range.lowerBound) to \(range.upperBound)") { value in
                guard case .integer(let number) = value else { return false }
                return range.contains(Int(number))
            }
        }

        static let texts = Rule("a list of texts") { value in
            value.arrayValue?.allSatisfy { $0.stringValue != nil } ?? false
        }
    }

    /// The largest number that an engine reads everywhere.
    private static let most = 1 << 53
    /// The most processes and threads that a container may have.
    private static let mostProcesses = 32_768

    let folders: GateFolders
    /// What the engine's machine has.
    let capacity: EngineCapacity

    /// Holds a description to the rules.
    ///
    /// - Parameter body: The description.
    /// - Returns: The files and folders of the engine's machine that it mounts.
    /// - Throws: ``GateRefusal`` with the first rule that it breaks.
    @discardableResult
    func check(_ body: JSONValue) throws(GateRefusal) -> [String] {
        let host = body["HostConfig"] ?? .null
        try members(of: body, "", top, required: ["Image", "User", "Labels", "HostConfig"])
        try members(of: host, "HostConfig.", self.host, required: Self.required)
        guard host["Memory"] == host["MemorySwap"] else {
            throw GateRefusal("HostConfig.MemorySwap must be the same as Memory: functions do not swap")
        }
        let ports = Set((host["PortBindings"]?.objectValue ?? [:]).keys)
        guard ports.isSubset(of: Set((body["ExposedPorts"]?.objectValue ?? [:]).keys)) else {
            throw GateRefusal("HostConfig.PortBindings must be among ExposedPorts")
        }
        var sources: [String] = []
        for (index, mount) in (host["Mounts"]?.arrayValue ?? []).enumerated() {
            if let source = try self.mount(mount, "HostConfig.Mounts[\(index)].") { sources.append(source) }
        }
        return sources
    }

    private func members(
        of value: JSONValue, _ place: String, _ rules: [String: Rule], required: Set<String>
    ) throws(GateRefusal) {
        guard let members = value.objectValue else { throw GateRefusal("\(place.dropLast()) must be an object") }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let rule = rules[name] else {
                throw GateRefusal("\(place)\(name.prefix(100)) is nothing that a runner sets")
            }
            guard rule.holds(value) else { throw GateRefusal("\(place)\(name) must be \(rule.words)") }
        }
        for name in required.sorted() where members[name] == nil {
            throw GateRefusal("\(place)\(name) must be \(rules[name]?.words ?? "there")")
        }
    }

    private var top: [String: Rule] {
        [
            "Image": Rule("an image's name or id") { value in
                guard let name = value.stringValue, !name.isEmpty, name.utf8.count <= 512 else { return false }
                return name.utf8.allSatisfy { GateRequest.isWord($0) || "/:@".utf8.contains($0) }
            },
            "User": Rule("the numbers of a user and a group, neither of them 0") { value in
                let parts = (value.stringValue ?? "").split(separator: ":", omittingEmptySubsequences: false)
                // The kernel knows no users beyond these, and 2^32 - 1 is none.
                return parts.count == 2
                    && parts.allSatisfy { part in
                        part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                            && (UInt32(part).map { $0 > 0 && $0 < .max } ?? false)
                    }
            },
            "Labels": Rule("labels whose names begin with studio., with \(ContainerHost.Label.worker)") { value in
                guard let labels = value.objectValue else { return false }
                return labels.allSatisfy { $0.key.hasPrefix("studio.") && $0.value.stringValue != nil }
                    && !(labels[ContainerHost.Label.worker]?.stringValue ?? "").isEmpty
            },
            "Env": .texts, "Entrypoint": .texts, "Cmd": .texts,
            "AttachStdout": .exactly(true), "AttachStderr": .exactly(true), "AttachStdin": .exactly(false),
            "OpenStdin": .exactly(false), "Tty": .exactly(false), "StopSignal": .exactly("SIGTERM"),
            "Healthcheck": .exactly(["Test": ["NONE"]]),
            "ExposedPorts": Rule("TCP ports, each {}") { value in
                value.objectValue?.allSatisfy { Self.isPort($0.key) && $0.value == [:] } ?? false
            },
            "HostConfig": Rule("an object") { $0.objectValue != nil },
        ]
    }

    /// What an engine would decide otherwise by itself.
    private static let required: Set<String> = [
        "ReadonlyRootfs", "CapDrop", "SecurityOpt", "IpcMode", "NetworkMode", "LogConfig", "RestartPolicy", "Memory",
        "MemorySwap", "PidsLimit", "NanoCpus", "Ulimits",
    ]

    private var host: [String: Rule] {
        [
            "ReadonlyRootfs": .exactly(true), "CapDrop": .exactly(["ALL"]),
            "SecurityOpt": .exactly(["no-new-privileges:true"]), "Privileged": .exactly(false), "Init": .exactly(true),
            "AutoRemove": .exactly(false), "IpcMode": .exactly("private"), "RestartPolicy": .exactly(["Name": "no"]),
            "LogConfig": .exactly(["Type": "none"]),
            "Memory": .whole(1...max(1, capacity.memory)), "MemorySwap": .whole(1...max(1, capacity.memory)),
            "PidsLimit": .whole(1...Self.mostProcesses), "NanoCpus": .whole(1...capacity.cpus * 1_000_000_000),
            "ShmSize": .whole(0...Self.most), "OomScoreAdj": .whole(0...1000),
            "NetworkMode": Rule("none or bridge") { ["none", "bridge"].contains($0.stringValue) },
            "Tmpfs": Rule("/tmp alone, with nosuid, nodev and a size") { value in
                guard let folders = value.objectValue, folders.count == 1, let options = folders["/tmp"]?.stringValue,
                    let size = options.firstRange(of: "size=")
                else { return false }
                return options[..<size.lowerBound] == "rw,exec,nosuid,nodev,mode=1777,"
                    && (Int(options[size.upperBound...]).map { (0...Self.most).contains($0) } ?? false)
            },
            "Ulimits": Rule("limits for core and fsize") { value in
                guard let limits = value.arrayValue else { return false }
                return Set(limits.compactMap { $0["Name"]?.stringValue }) == ["core", "fsize"]
                    && limits.allSatisfy { limit in
                        guard case .integer(let hard)? = limit["Hard"] else { return false }
                        return limit.objectValue?.count == 3 && limit["Soft"] == .integer(hard) && hard >= 0
                    }
            },
            "Mounts": Rule("a list") { $0.arrayValue != nil },
            "PortBindings": Rule("ports of 127.0.0.1 that the engine chooses") { value in
                value.objectValue?.allSatisfy {
                    Self.isPort($0.key) && $0.value == [["HostIp": "127.0.0.1", "HostPort": ""]]
                } ?? false
            },
            "DeviceRequests": Rule("GPUs") { value in
                guard let requests = value.arrayValue, requests.count == 1, let request = requests[0].objectValue else {
                    return false
                }
                let isCount: Bool = if case .integer(1...64)? = request["Count"] { true } else { false }
                let isList = request["DeviceIDs"]?.arrayValue?.allSatisfy { $0.stringValue.flatMap { Int($0) } != nil }
                return request.count == 2 && request["Capabilities"] == [["gpu"]] && (isCount || isList ?? false)
            },
        ]
    }

    /// The source of one mount; nil for a volume of the image's own.
    private func mount(_ mount: JSONValue, _ place: String) throws(GateRefusal) -> String? {
        let path = Rule("an absolute path in its shortest form") { GateFolders.isPlain($0.stringValue ?? "") }
        if mount["Type"] == "volume" {
            // Without a name it is a new one, with what the image has there.
            try members(
                of: mount, place, ["Type": .exactly("volume"), "Target": path, "ReadOnly": .exactly(true)],
                required: ["Target", "ReadOnly"])
            return nil
        }
        try members(
            of: mount, place,
            [
                "Type": .exactly("bind"), "Target": path, "Source": path,
                "ReadOnly": Rule("true or false") { $0.boolValue != nil },
            ], required: ["Type", "Source", "Target", "ReadOnly"])
        guard let source = mount["Source"]?.stringValue, folders.folder(of: source) != nil else {
            throw GateRefusal("\(place)Source must lie below \(folders.text)")
        }
        guard let target = mount["Target"]?.stringValue,
            target == BatchFiles.root || target.hasPrefix(BatchFiles.root + "/")
        else { throw GateRefusal("\(place)Target must be \(BatchFiles.root) or lie below it") }
        return source
    }

    private static func isPort(_ text: String) -> Bool {
        text.hasSuffix("/tcp") && (UInt16(text.dropLast(4)).map { $0 > 0 } ?? false)
    }
}
