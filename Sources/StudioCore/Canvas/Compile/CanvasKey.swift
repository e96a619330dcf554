import QueueProtocol

/// What a result's key is made of, as canonical JSON whose SHA-256 is the key.
///
/// `{"canvas-key":1,"function":{…},"quality":"standard","parameters":{…},"inputs":{"clips":["sha256:…","job:<key>#video"]},
/// "after":["<key>"],"alone":["<node>",0]}`. The function stands there by what a result depends on; `after` and `alone`
/// only where there is something to say. Whoever changes what is in here makes every result anew.
enum CanvasKey {
    /// Members of a manifest that a result depends on. What it is called and what it costs is of no weight; defaults and
    /// tiers are in the effective parameters.
    private static let weighty: Set<String> = [
        "name", "version", "runner", "bindings", "inputs", "outputs", "models", "frames",
    ]

    /// What a manifest says that a result depends on.
    static func identity(of manifest: FunctionManifest) -> [UInt8] {
        let members = manifest.document.objectValue ?? [:]
        var bytes: [UInt8] = []
        // A manifest was read from JSON: there is nothing in it that JSON cannot say.
        _ = JSONValue.object(members.filter { weighty.contains($0.key) }).write(to: &bytes, sortedKeys: true)
        return bytes
    }

    /// The text of which a job's key is the hash; without the parameter `seed` it is what a seed is worked out of.
    static func text(of job: CanvasJobDraft, seedless: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(job.function.identity.count + 512)
        bytes += #"{"canvas-key":1,"function":"#.utf8
        bytes += job.function.identity
        bytes += #","quality":""#.utf8
        bytes += job.quality.rawValue.utf8
        bytes += #"","parameters":"#.utf8
        var parameters = job.parameters
        if seedless { parameters["seed"] = nil }
        _ = JSONValue.object(parameters).write(to: &bytes, sortedKeys: true)
        bytes += #","inputs":{"#.utf8
        for (index, port) in job.inputs.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONValue.write(port.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            list(port.contents, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        if !job.after.isEmpty {
            bytes += #","after":"#.utf8
            list(job.after, to: &bytes)
        }
        if let place = job.alone {
            bytes += #","alone":["#.utf8
            JSONValue.write(place.node, to: &bytes)
            bytes += ",\(place.index ?? 0)]".utf8
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// The text of which a publication's key is the hash.
    static func text(publishing content: String, to publication: CanvasPlan.Publication) -> [UInt8] {
        var bytes: [UInt8] = Array(#"{"canvas-publication":1,"source":"#.utf8)
        JSONValue.write(content, to: &bytes)
        switch publication {
        case .take(let shot, let version):
            bytes += ",\"shot\":\"\(shot)\",\"version\":\(version)}".utf8
        case .export(let fileName, _):
            bytes += #","export":"#.utf8
            JSONValue.write(fileName, to: &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        return bytes
    }

    /// A seed for a run that was given none: the same for the same text, and one that the schema takes.
    static func seed(from hash: String, for schema: SchemaNode) -> JSONValue {
        let bits = UInt64(hash.prefix(16), radix: 16) ?? 0
        let lowest = schema.minimum?.uint64Value ?? 0
        // By default 32 bits: what every model takes.
        let highest = schema.maximum?.uint64Value ?? max(lowest, UInt64(UInt32.max))
        let span = highest >= lowest ? highest - lowest : 0
        let seed = span == .max ? bits : lowest + bits % (span + 1)
        return Int64(exactly: seed).map { .integer($0) } ?? .unsigned(seed)
    }

    private static func list(_ texts: [String], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONValue.write(text, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}

/// A job while its key is worked out.
struct CanvasJobDraft {
    let function: CanvasFunction
    let quality: QualityTier
    var parameters: [String: JSONValue]
    /// What goes into each port, named by its contents, in the order of the ports' names; ports without any are left out.
    var inputs: [(name: String, contents: [String])] = []
    /// The keys of the jobs that it waits for without taking anything, sorted and each once.
    var after: [String] = []
    /// The place of a job that is never shared.
    var alone: CanvasPlan.Place?
}
