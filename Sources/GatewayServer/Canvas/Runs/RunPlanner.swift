import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Makes the nodes of a run of a compiled canvas.
struct RunPlanner {
    let plan: CanvasPlan
    let run: RunID
    let canvas: String
    let project: ProjectRecord
    let caller: Caller
    let priority: Int
    let origin: SubmissionOrigin

    private var nodes: [NewRunNode] = []
    /// Where in the run the jobs of the plan stand.
    private var places: [Int] = []

    /// A planner.
    ///
    /// - Parameters:
    ///   - plan: The compiled canvas.
    ///   - run: The run's id.
    ///   - canvas: The canvas' name.
    ///   - project: The project.
    ///   - caller: Who pays.
    ///   - priority: 0 to 9.
    ///   - origin: What the jobs are traced back to.
    init(
        _ plan: CanvasPlan, run: RunID, canvas: String, project: ProjectRecord, caller: Caller, priority: Int,
        origin: SubmissionOrigin
    ) {
        self.plan = plan
        self.run = run
        self.canvas = canvas
        self.project = project
        self.caller = caller
        self.priority = priority
        self.origin = origin
    }

    /// All nodes, each after those that it reads.
    ///
    /// - Throws: `StudioError` where a file cannot be published.
    mutating func all() throws -> [NewRunNode] {
        for (number, job) in plan.jobs.enumerated() { add(job, number) }
        for output in plan.outputs { try add(output) }
        return nodes
    }

    private mutating func add(_ job: CanvasPlan.Job, _ number: Int) {
        let manifest = job.function.manifest
        // What is run for what it does is nobody's result but this run's.
        let key = job.isKept ? job.key : Self.key("once", run.description, "\(number)")
        places.append(nodes.count)
        for (count, place) in job.places.enumerated() {
            var new = newJob(job.function.manifest, digest: job.function.digest)
            new.shot = job.shot
            new.parameters = .object(job.parameters)
            new.quality = job.quality
            new.credits = job.credits
            new.destination = .cache(
                path: manifest.primaryOutput?.fileExtension(with: job.parameters).map {
                    "\(WorkspaceLayout.canvasCache)/\(key)/\(new.id).\($0)"
                })
            var node = NewRunNode(
                node: place.node, index: place.index, key: key, job: new, isWanted: job.isGoal && count == 0,
                isForced: job.isForced && count == 0)
            for port in manifest.inputs {
                for (index, input) in (job.inputs[port.name] ?? []).enumerated() {
                    connect(input, to: port.isList ? "\(port.name)/\(index)" : port.name, of: &node)
                }
            }
            let read = Set(node.sources.values.map(\.position))
            node.after = job.dependsOn.map { places[$0] }.filter { !read.contains($0) }
            nodes.append(node)
        }
    }

    private mutating func add(_ output: CanvasPlan.Output) throws {
        let (manifest, digest) = try PublishFunction.revision(kind: output.kind, fileExtension: output.fileExtension)
        var new = newJob(manifest, digest: digest)
        switch output.publication {
        case .take(let shot, let version):
            new.shot = shot
            new.version = version
        case .export(let fileName, let replaces):
            new.destination = .export(path: "\(WorkspaceLayout.exports)/\(fileName)", replaces: replaces)
        }
        new.parameters = ["origin": made(output)]
        var node = NewRunNode(
            node: output.place.node, index: output.place.index,
            key: Self.key("publish", project.id.description, output.key), job: new, isForced: output.isForced)
        connect(output.source, to: PublishFunction.input, of: &node)
        nodes.append(node)
    }

    /// What made the file, for the sidecar of its take and for whoever asks the job.
    private func made(_ output: CanvasPlan.Output) -> JSONValue {
        var members: [String: JSONValue] = ["run": .string(run.description), "canvas": .string(canvas)]
        guard case .result(let number, let port) = output.source else { return .object(members) }
        let job = plan.jobs[number]
        members["node"] = .string(job.place.node)
        members["index"] = job.place.index.map { .integer(Int64($0)) }
        members["key"] = .string(job.key)
        members["output"] = .string(port)
        members["function"] = [
            "name": .string(job.function.manifest.name), "version": .string(job.function.manifest.version),
            "digest": .string(job.function.digest),
        ]
        members["parameters"] = .object(job.parameters)
        members["quality"] = .string(job.quality.rawValue)
        return .object(members)
    }

    private func connect(_ input: CanvasPlan.Input, to name: String, of node: inout NewRunNode) {
        switch input {
        case .file(let path, let sha256):
            node.job.inputs[name] = path
            node.job.inputHashes[name] = sha256
        case .take(let id, let sha256):
            node.job.inputs[name] = "take:\(id)"
            node.job.inputHashes[name] = sha256
        case .result(let number, let port):
            let primary = plan.jobs[number].function.manifest.primaryOutput?.name
            node.sources[name] = .init(position: places[number], port: port == primary ? nil : port)
        }
    }

    private func newJob(_ function: FunctionManifest, digest: String) -> NewJob {
        NewJob(
            id: JobID(), tenant: project.tenant, project: project.id, projectRevision: project.revision,
            user: caller.userID, shot: nil, version: 1, function: function.name, functionVersion: function.version,
            functionDigest: digest, manifest: function.document, parameters: [:], queue: function.queue,
            priority: priority, maxAttempts: function.maxAttempts, timeoutSeconds: function.timeoutSeconds, credits: 0,
            requestID: origin.requestID, traceparent: origin.traceparent)
    }

    private static func key(_ parts: String...) -> String { SHA256.hex(of: parts.joined(separator: "\n").utf8) }
}
