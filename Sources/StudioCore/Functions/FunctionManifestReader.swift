public import FoundationEssentials
public import QueueProtocol

extension FunctionManifest {
    /// Reads and checks a `function.json`.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - workflow: The bytes of the `workflow.json` beside it, which becomes the document's `/runner/workflow`; nil
    ///     where there is none.
    ///   - folder: The folder it lies in, which must have the function's name; nil leaves that out.
    /// - Throws: `StudioError` with code `invalid` that lists every problem with its JSON pointer.
    public init(reading data: Data, workflow: Data? = nil, folder: String? = nil) throws(StudioError) {
        var document: JSONValue
        do {
            document = try JSONText.decode(JSONValue.self, from: data)
        } catch {
            throw .invalid([Finding(pointer: "", code: "json", detail: "function.json is not JSON")])
        }
        if let workflow { document = try Self.joined(document, workflow) }
        try self.init(document, folder: folder)
    }

    /// A manifest with the workflow in it, so that a job keeps the one that it was submitted with.
    private static func joined(_ document: JSONValue, _ workflow: Data) throws(StudioError) -> JSONValue {
        guard var members = document.objectValue, var runner = members["runner"]?.objectValue else { return document }
        guard runner["kind"] == "comfyui" else {
            throw .invalid([
                Finding(pointer: "/runner/kind", code: "manifest", detail: "a workflow.json needs the runner comfyui")
            ])
        }
        guard runner["workflow"] == nil else {
            throw .invalid([
                Finding(
                    pointer: "/runner/workflow", code: "manifest",
                    detail: "the workflow is in function.json and in workflow.json")
            ])
        }
        do {
            runner["workflow"] = try JSONText.decode(JSONValue.self, from: workflow)
        } catch {
            throw .invalid([
                Finding(pointer: "/runner/workflow", code: "json", detail: "workflow.json is not JSON")
            ])
        }
        members["runner"] = .object(runner)
        return .object(members)
    }

    /// Checks a manifest that was read.
    ///
    /// - Parameters:
    ///   - document: The manifest.
    ///   - folder: The folder it lies in, which must have the function's name; nil leaves that out.
    /// - Throws: `StudioError` with code `invalid` that lists every problem with its JSON pointer.
    public init(_ document: JSONValue, folder: String? = nil) throws(StudioError) {
        var reader = ManifestReader(document)
        let name = reader.text("name", pattern: #/[a-z0-9][a-z0-9-]{0,62}/#)
        if let folder, let name, folder != name {
            reader.find("/name", "the function in the folder \(folder) must be named so")
        }
        let version = reader.text("version", pattern: #/\d+\.\d+\.\d+/#)
        let title = reader.text("title")
        let summary = reader.text("description", required: false) ?? ""
        let category = reader.text("category", required: false) ?? "Other"
        let schema = reader.schema()
        let inputs = reader.ports("inputs", isOutput: false)
        let outputs = reader.ports("outputs", isOutput: true, schema: schema)
        let quality = reader.quality(schema: schema)
        let cost = reader.cost()
        let timeout = reader.count(["timeoutSeconds"], default: 900, in: 1...604_800)
        let attempts = reader.count(["retry", "maxAttempts"], default: 3, in: 1...100)
        let retry = reader.retry()
        let resources = reader.resources()
        let models = reader.models()
        let runner = reader.runner(functionName: name ?? "", inputs: inputs, outputs: outputs, schema: schema)
        reader.checkExtensions(outputs, of: runner)
        let frameStep = reader.frameStep(schema: schema)
        reader.refuseUnknown([
            "name", "version", "title", "description", "category", "parameters", "inputs", "outputs", "quality", "cost",
            "timeoutSeconds", "retry", "resources", "models", "frames", "runner", "bindings", "$schema",
        ])
        guard reader.findings.isEmpty, let name, let version, let title, let schema else {
            throw .invalid(reader.findings)
        }
        self.name = name
        self.version = version
        self.title = title
        self.summary = summary
        self.category = category
        self.parameters = schema
        self.inputs = inputs
        self.outputs = outputs
        self.quality = quality
        self.cost = cost
        self.timeoutSeconds = timeout
        self.maxAttempts = attempts
        self.retry = retry
        self.resources = resources
        self.models = models
        self.frameStep = frameStep
        self.runner = runner
        self.document = document
    }
}

/// Reads a manifest's members one by one and gathers what is wrong with them.
struct ManifestReader {
    let members: [String: JSONValue]
    var findings: [Finding] = []

    init(_ document: JSONValue) {
        members = document.objectValue ?? [:]
        if document.objectValue == nil { find("", "a manifest is a JSON object") }
    }

    mutating func find(_ pointer: String, _ detail: String, code: String = "manifest") {
        findings.append(Finding(pointer: pointer, code: code, detail: detail))
    }

    mutating func text(_ key: String, pattern: Regex<Substring>? = nil, required: Bool = true) -> String? {
        guard let value = members[key] else {
            if required { find("/" + key, "is required", code: "required") }
            return nil
        }
        guard let text = value.stringValue, !text.isEmpty else {
            find("/" + key, "must be text")
            return nil
        }
        if let pattern, text.wholeMatch(of: pattern) == nil {
            find("/" + key, "\(text) is not of the form this member has")
            return nil
        }
        return text
    }

    mutating func schema() -> ParameterSchema? {
        do {
            let empty: JSONValue = ["type": "object"]
            return try ParameterSchema(members["parameters"] ?? empty, pointer: "/parameters")
        } catch {
            findings += error.findings
            return nil
        }
    }

    /// The extension of an output's file, or the parameter that says it: `"extension": "mp4"`, with
    /// `"extensionParameter": "container"` where people may choose.
    private mutating func checkExtension(_ port: JSONValue, _ place: String, _ schema: ParameterSchema?) {
        let pattern = #/[a-z0-9]{1,8}/#
        if port["extension"]?.stringValue?.wholeMatch(of: pattern) == nil {
            find(place + "/extension", "an output names its file's extension, such as mp4")
        }
        guard let parameter = port["extensionParameter"], let schema else { return }
        let choices = parameter.stringValue.flatMap { schema.root.properties[$0]?.allowed } ?? []
        let areExtensions = choices.allSatisfy { $0.stringValue?.wholeMatch(of: pattern) != nil }
        if choices.isEmpty || !areExtensions {
            find(place + "/extensionParameter", "must name a parameter whose \"enum\" lists extensions, such as mp4")
        }
    }

    /// Only the studio's own media work can be told which type of file to make.
    mutating func checkExtensions(_ outputs: [FunctionManifest.Port], of runner: FunctionManifest.Runner) {
        if case .encoder = runner { return }
        for port in outputs where port.extensionParameter != nil {
            let place = "/outputs/\(JSONPointer.escaped(port.name))/extensionParameter"
            find(place, "is for functions of the runner encoder; a \(runner.kind) makes a file of one type")
        }
    }

    mutating func ports(_ key: String, isOutput: Bool, schema: ParameterSchema? = nil) -> [FunctionManifest.Port] {
        var ports: [FunctionManifest.Port] = []
        for (name, value) in (members[key]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            let place = "/\(key)/\(JSONPointer.escaped(name))"
            guard let kind = value["type"]?.stringValue.flatMap(FunctionManifest.Port.Kind.init(rawValue:)) else {
                let known = FunctionManifest.Port.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                find(place + "/type", "must be one of \(known)")
                continue
            }
            if isOutput { checkExtension(value, place, schema) }
            ports.append(
                FunctionManifest.Port(
                    name: name, kind: kind, isRequired: value["required"]?.boolValue ?? isOutput,
                    isList: value["list"]?.boolValue ?? false, isPrimary: value["primary"]?.boolValue ?? false,
                    fileExtension: value["extension"]?.stringValue,
                    extensionParameter: isOutput ? value["extensionParameter"]?.stringValue : nil))
        }
        if isOutput {
            let primaries = ports.count(where: \.isPrimary)
            if members["outputs"]?.objectValue == nil {
                find("/outputs", "is required; a function that makes no take has {}", code: "required")
            } else if primaries > 1 || (primaries == 0 && ports.count > 1) {
                find("/outputs", "exactly one output is primary")
            }
        }
        return ports
    }

    mutating func quality(schema: ParameterSchema?) -> [QualityTier: [String: JSONValue]] {
        var tiers: [QualityTier: [String: JSONValue]] = [:]
        for (name, value) in members["quality"]?.objectValue ?? [:] {
            guard let tier = QualityTier(rawValue: name), let values = value.objectValue else {
                find("/quality/" + JSONPointer.escaped(name), "tiers are low, standard and high, each an object")
                continue
            }
            for (parameter, value) in values {
                let place = "/quality/\(name)/\(JSONPointer.escaped(parameter))"
                guard let node = schema?.root.properties[parameter] else {
                    find(place, "is not a parameter of this function")
                    continue
                }
                node.check(value, pointer: place, findings: &findings)
            }
            tiers[tier] = values
        }
        return tiers
    }

    mutating func cost() -> FunctionManifest.Cost {
        FunctionManifest.Cost(
            credits: count(["cost", "credits"], default: 0, in: 0...1_000_000),
            perSecond: count(["cost", "perSecond"], default: 0, in: 0...1_000_000))
    }

    mutating func count(_ path: [String], default standard: Int, in range: ClosedRange<Int>) -> Int {
        var value: JSONValue? = .object(members)
        for key in path { value = value?[key] }
        guard let value else { return standard }
        guard let count = value.intValue, range.contains(count) else {
            find(
                "/" + path.joined(separator: "/"),
                "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return standard
        }
        return count
    }

    mutating func retry() -> RetryPolicy {
        let standard = RetryPolicy()
        let ceiling = Int(standard.ceiling.components.seconds)
        let base = count(
            ["retry", "backoffSeconds"], default: Int(standard.base.components.seconds), in: 1...86_400)
        let longest = count(["retry", "maxBackoffSeconds"], default: max(ceiling, base), in: 1...604_800)
        if longest < base {
            find("/retry/maxBackoffSeconds", "must be at least backoffSeconds, \(base)")
            return standard
        }
        for key in (members["retry"]?.objectValue ?? [:]).keys.sorted()
        where !["maxAttempts", "backoffSeconds", "maxBackoffSeconds"].contains(key) {
            find("/retry/" + JSONPointer.escaped(key), "is not a member of retry", code: "unknown-member")
        }
        return RetryPolicy(base: .seconds(base), ceiling: .seconds(longest))
    }

    mutating func runner(
        functionName: String, inputs: [FunctionManifest.Port], outputs: [FunctionManifest.Port],
        schema: ParameterSchema?
    ) -> FunctionManifest.Runner {
        let known: Set<String> = ["encoder", "builtin", "container", "comfyui", "celery"]
        guard let kind = members["runner"]?["kind"]?.stringValue, known.contains(kind) else {
            find("/runner/kind", "must be one of \(known.sorted().joined(separator: ", "))")
            return .builtin(operation: "")
        }
        if kind != "comfyui", members["bindings"] != nil {
            find("/bindings", "is of functions with the runner comfyui", code: "unknown-member")
        }
        let operation = members["runner"]?["operation"]?.stringValue ?? functionName
        switch kind {
        case "encoder":
            if members["outputs"]?.objectValue?.isEmpty ?? false {
                find("/outputs", "media work makes a file", code: "required")
            }
            return .encoder(operation: operation)
        case "builtin": return .builtin(operation: operation)
        case "celery": return celery()
        case "container": return container()
        default: return comfy(inputs: inputs, outputs: outputs, schema: schema)
        }
    }

    mutating func refuseUnknown(_ known: Set<String>) {
        for key in members.keys.sorted() where !known.contains(key) && !key.hasPrefix("x-") {
            find("/" + JSONPointer.escaped(key), "is not a member of a manifest", code: "unknown-member")
        }
    }
}
