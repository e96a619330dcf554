import QueueProtocol

/// Makes the nodes of a canvas without faults into jobs, each behind all that it needs.
struct CanvasJobMaker {
    private let graph: CanvasGraph
    private let widths: CanvasWidths
    private let reach: CanvasReach
    private let sha256: @Sendable ([UInt8]) -> String
    private var jobs: [CanvasPlan.Job] = []
    private var outputs: [CanvasPlan.Output] = []
    /// By node: the numbers of its jobs.
    private var numbers: [[Int]]
    /// The number of the job with a key.
    private var keyed: [String: Int] = [:]

    init(
        _ graph: CanvasGraph, _ widths: CanvasWidths, _ reach: CanvasReach,
        sha256: @escaping @Sendable ([UInt8]) -> String
    ) {
        self.graph = graph
        self.widths = widths
        self.reach = reach
        self.sha256 = sha256
        numbers = Array(repeating: [], count: graph.steps.count)
    }

    mutating func plan(order: [Int], findings: CanvasFindings) -> CanvasPlan {
        for node in order where reach.isNeeded[node] {
            if case .function(let step) = graph.steps[node] { make(node, step) }
        }
        for (node, step) in graph.steps.enumerated() where reach.isNeeded[node] {
            if case .output(let step) = step { publish(node, step) }
        }
        var functions: [ObjectIdentifier: CanvasFunction] = [:]
        for job in jobs {
            let carried = job.function.base ?? job.function
            functions[ObjectIdentifier(carried)] = carried
        }
        return CanvasPlan(
            jobs: jobs, outputs: outputs, findings: findings,
            functions: functions.values.sorted { $0.manifest.name < $1.manifest.name })
    }

    private mutating func make(_ node: Int, _ step: CanvasFunctionStep) {
        let parameters = CanvasParameters(of: node, step, in: graph)
        let links = graph.incoming[node].filter { $0.target != .after }
        let waits = graph.incoming[node].filter { $0.target == .after }.flatMap { numbers[$0.source] }
        let after = Set(waits.map { jobs[$0].key }).sorted()
        let ports = step.function.manifest.inputs.enumerated().map { number, port in
            (port, links.filter { $0.target == .port(number) })
        }
        let common = parameters.effective
        let count = widths.counts[node]
        numbers[node].reserveCapacity(count ?? 1)
        for index in 0..<(count ?? 1) {
            let place = CanvasPlan.Place(node: graph.document.nodes[node].id, index: count == nil ? nil : index)
            var draft = CanvasJobDraft(function: step.function, quality: step.quality, parameters: common)
            for list in parameters.lists { draft.parameters[list.name] = list.values[index] }
            draft.after = after
            var inputs: [String: [CanvasPlan.Input]] = [:]
            var needed = waits
            for (port, links) in ports where !links.isEmpty {
                let contents = links.flatMap { brought(by: $0, at: port.isList ? nil : index) }
                inputs[port.name] = contents
                draft.inputs.append((port.name, contents.map { name($0) }))
                for case .result(let job, _) in contents { needed.append(job) }
            }
            if step.function.manifest.primaryOutput == nil { draft.alone = place }
            if let seed = CanvasParameters.unsownSeed(in: draft.parameters, of: step.function) {
                draft.parameters["seed"] = CanvasKey.seed(
                    from: sha256(CanvasKey.text(of: draft, seedless: true)), for: seed)
            }
            let key = sha256(CanvasKey.text(of: draft))
            if let number = share(key, place, node) {
                numbers[node].append(number)
                continue
            }
            let job = CanvasPlan.Job(
                places: [place], function: step.function, parameters: draft.parameters, quality: step.quality,
                inputs: inputs, key: key, shot: step.shot, dependsOn: Set(needed).sorted(),
                credits: step.function.manifest.price(of: draft.parameters), isGoal: reach.isGoal[node],
                isForced: reach.isForced[node])
            numbers[node].append(jobs.count)
            keyed[key] = jobs.count
            jobs.append(job)
        }
    }

    /// The job that makes the same already.
    private mutating func share(_ key: String, _ place: CanvasPlan.Place, _ node: Int) -> Int? {
        guard let number = keyed[key] else { return nil }
        jobs[number].places.append(place)
        if reach.isGoal[node] { jobs[number].isGoal = true }
        if reach.isForced[node] { jobs[number].isForced = true }
        return number
    }

    /// What an edge brings: all of it, or what is at one place where it is a list.
    private func brought(by link: CanvasLink, at index: Int?) -> [CanvasPlan.Input] {
        switch graph.steps[link.source] {
        case .files(let files, let isList):
            guard isList, let index else { return files.map(\.input) }
            return [files[index].input]
        case .function:
            guard let port = link.port else { return [] }
            let made = numbers[link.source]
            guard let index, widths.counts[link.source] != nil else {
                return made.map { .result(job: $0, port: port.name) }
            }
            return [.result(job: made[index], port: port.name)]
        case .values, .output, .nothing: return []
        }
    }

    /// An input by its contents, as keys name it.
    private func name(_ input: CanvasPlan.Input) -> String {
        switch input {
        case .file(_, let sha256), .take(_, let sha256): "sha256:" + sha256
        case .result(let job, let port): "job:\(jobs[job].key)#\(port)"
        }
    }

    private mutating func publish(_ node: Int, _ step: CanvasOutputStep) {
        guard let link = graph.incoming[node].first else { return }
        let described = CanvasOutputs(graph: graph, widths: widths)
        let count = widths.counts[node]
        for (index, source) in brought(by: link, at: nil).enumerated() {
            guard let kind = described.kind(of: link, index) else { continue }
            let publication: CanvasPlan.Publication =
                switch step {
                case .take(let shot, let version): .take(shot, version: version)
                case .export(let name, let replaces):
                    .export(fileName: described.fileName(name, of: node, link, index), replaces: replaces)
                }
            outputs.append(
                CanvasPlan.Output(
                    place: CanvasPlan.Place(
                        node: graph.document.nodes[node].id, index: count == nil ? nil : index), source: source,
                    kind: kind, fileExtension: described.fileExtension(of: link, index), publication: publication,
                    key: sha256(CanvasKey.text(publishing: name(source), to: publication)),
                    isForced: reach.isForced[node]))
        }
    }
}
