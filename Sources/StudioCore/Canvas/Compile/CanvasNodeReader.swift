import QueueProtocol

/// Reads what nodes say, and finds what is wrong with each alone.
struct CanvasNodeReader {
    let surroundings: CanvasSurroundings
    let sha256: @Sendable ([UInt8]) -> String
    /// As many files of one node are told of that cannot be used.
    private static let mostFaults = 100
    /// Functions made of workflows, each once however many nodes have it.
    private var wrapped: [JSONValue: CanvasFunction] = [:]

    init(_ surroundings: CanvasSurroundings, sha256: @escaping @Sendable ([UInt8]) -> String) {
        self.surroundings = surroundings
        self.sha256 = sha256
    }

    mutating func step(_ node: CanvasNode, at index: Int, _ findings: inout CanvasFindingList) -> CanvasStep {
        switch node.kind {
        case .function: return function(node.data, at: index, &findings)
        case .asset, .take: return files(node, at: index, &findings)
        case .value: return values(node.data["value"], at: index, &findings)
        case .output: return output(node.data, at: index, &findings)
        case .note, .group: return .nothing
        case .unknown(let type):
            let known = "function, asset, take, value, output, note and group"
            findings.node(index, "/type", "node-type", "\(type.prefix(64)) is no type of node; there are \(known)")
            return .nothing
        }
    }

    private mutating func function(
        _ data: [String: JSONValue], at index: Int, _ findings: inout CanvasFindingList
    ) -> CanvasStep {
        let function = catalogued(data, at: index, &findings)
        if let function { checkVersion(data["functionVersion"], of: function, at: index, &findings) }
        if let value = data["parameters"], !value.isNull, value.objectValue == nil {
            findings.node(index, "/data/parameters", "type", "must be an object")
        }
        var quality = surroundings.quality
        if let value = data["quality"], !value.isNull {
            if let tier = value.stringValue.flatMap(QualityTier.init(rawValue:)) {
                quality = tier
            } else {
                findings.node(index, "/data/quality", "enum", "must be low, standard or high")
            }
        }
        let shot = readShot(data["shot"] ?? .null, at: index, &findings)
        let fanOut = readFanOut(data["fanOut"], at: index, &findings)
        guard let function else { return .nothing }
        return .function(
            CanvasFunctionStep(
                function: function, parameters: data["parameters"]?.objectValue ?? [:], quality: quality, shot: shot,
                fanOut: fanOut))
    }

    private mutating func catalogued(
        _ data: [String: JSONValue], at index: Int, _ findings: inout CanvasFindingList
    ) -> CanvasFunction? {
        if let workflow = data["workflow"], !workflow.isNull {
            if let name = data["function"]?.stringValue, name != CanvasWorkflow.functionName {
                findings.node(
                    index, "/data/function", "const",
                    "must be \(CanvasWorkflow.functionName) where the node has a workflow")
                return nil
            }
            if let made = wrapped[workflow] { return made }
            guard let base = surroundings.functions[CanvasWorkflow.functionName] else {
                findings.node(
                    index, "/data/workflow", "unknown-function",
                    "a workflow in a node needs the function \(CanvasWorkflow.functionName) in the catalogue")
                return nil
            }
            do {
                let made = try CanvasWorkflow.function(of: workflow, base: base, sha256: sha256)
                wrapped[workflow] = made
                return made
            } catch {
                for var finding in error.findings {
                    finding.pointer = "/nodes/\(index)/data/workflow" + finding.pointer
                    findings.found(finding, of: index)
                }
                return nil
            }
        }
        guard let name = data["function"]?.stringValue, !name.isEmpty else {
            findings.node(index, "/data/function", "required", "is required: the name of a function")
            return nil
        }
        guard let function = surroundings.functions[name] else {
            findings.node(
                index, "/data/function", "unknown-function", "there is no function named \(name.prefix(64))")
            return nil
        }
        return function
    }

    /// A node may be of an older version of the same major one: what changed since is compatible.
    private func checkVersion(
        _ value: JSONValue?, of function: CanvasFunction, at index: Int, _ findings: inout CanvasFindingList
    ) {
        guard let value, !value.isNull else { return }
        let there = function.manifest.version
        guard let text = value.stringValue, let asked = Self.version(text) else {
            findings.node(index, "/data/functionVersion", "format", "must be MAJOR.MINOR.PATCH, such as 1.0.0")
            return
        }
        guard text != there, let now = Self.version(there) else { return }
        let fits = asked[0] == now[0] && asked.lexicographicallyPrecedes(now)
        findings.node(
            index, "/data/functionVersion", "function-version",
            fits
                ? "was drawn with \(text); \(there) is there, and is used"
                : "was drawn with \(text), and \(there) is there, which does not fit", fits ? .warning : .error)
    }

    private static func version(_ text: String) -> [Int]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        let numbers = parts.compactMap { $0 }
        return parts.count == 3 && numbers.count == 3 && numbers.allSatisfy { $0 >= 0 } ? numbers : nil
    }

    private func readShot(_ value: JSONValue, at index: Int, _ findings: inout CanvasFindingList) -> ShotName? {
        guard !value.isNull else { return nil }
        do {
            return try ShotName(value.stringValue ?? "", pointer: "/nodes/\(index)/data/shot")
        } catch {
            for finding in error.findings { findings.found(finding, of: index) }
            return nil
        }
    }

    private func readFanOut(
        _ value: JSONValue?, at index: Int, _ findings: inout CanvasFindingList
    ) -> (parameter: String, values: [JSONValue])? {
        guard let value, !value.isNull else { return nil }
        guard let parameter = value["parameter"]?.stringValue, let values = value["values"]?.arrayValue else {
            findings.node(index, "/data/fanOut", "type", "must be an object with a parameter and a list of values")
            return nil
        }
        guard !values.isEmpty else {
            findings.node(index, "/data/fanOut/values", "minItems", "must have at least 1 items")
            return nil
        }
        return (parameter, values)
    }

    private func files(
        _ node: CanvasNode, at index: Int, _ findings: inout CanvasFindingList
    ) -> CanvasStep {
        let member = node.kind == .take ? "take" : "path"
        let place = "/data/\(member)"
        let value = node.data[member] ?? .null
        let items = value.arrayValue ?? [value]
        guard !value.isNull, value != "" else {
            findings.node(
                index, place, "required",
                node.kind == .take ? "is required: a take's id" : "is required: the path of a file of the project")
            return .nothing
        }
        guard !items.isEmpty else {
            findings.node(index, place, "minItems", "must have at least 1 items")
            return .nothing
        }
        var files: [CanvasStepFile] = []
        files.reserveCapacity(items.count)
        var faults = 0
        for (number, item) in items.enumerated() {
            // Of a list of nothing but faults nobody reads the rest.
            guard faults < Self.mostFaults else { return .nothing }
            let pointer = value.arrayValue == nil ? place : "\(place)/\(number)"
            guard let text = item.stringValue else {
                findings.node(index, pointer, "type", "must be text")
                faults += 1
                continue
            }
            if let file = file(text, isTake: node.kind == .take, pointer, at: index, &findings) {
                files.append(file)
            } else {
                faults += 1
            }
        }
        return files.count == items.count ? .files(files, isList: value.arrayValue != nil) : .nothing
    }

    private func file(
        _ text: String, isTake: Bool, _ pointer: String, at index: Int, _ findings: inout CanvasFindingList
    ) -> CanvasStepFile? {
        if let fault = surroundings.faults[text] {
            findings.node(index, pointer, fault.code, fault.detail)
            return nil
        }
        let found: CanvasFile
        let input: CanvasPlan.Input
        if isTake {
            guard let id = TakeID(text) else {
                findings.node(index, pointer, "format", "must be a take's id, a UUID")
                return nil
            }
            guard let file = surroundings.takes[id] else {
                findings.node(index, pointer, "input-missing", "there is no such take in this project")
                return nil
            }
            (found, input) = (file, .take(id, sha256: file.sha256))
        } else {
            guard let file = surroundings.files[text] else {
                findings.node(index, pointer, "input-missing", "there is no such file in the project")
                return nil
            }
            (found, input) = (file, .file(path: text, sha256: file.sha256))
        }
        return CanvasStepFile(
            input: input, path: found.path, sha256: found.sha256,
            kind: found.kind ?? FunctionManifest.Port.Kind.ofFile(named: found.path))
    }

    private func values(_ value: JSONValue?, at index: Int, _ findings: inout CanvasFindingList) -> CanvasStep {
        guard let value, !value.isNull else {
            findings.node(index, "/data/value", "required", "is required: text, a number, true or false, or a list")
            return .nothing
        }
        let items = value.arrayValue ?? [value]
        guard !items.isEmpty else {
            findings.node(index, "/data/value", "minItems", "must have at least 1 items")
            return .nothing
        }
        for (number, item) in items.enumerated() where !Self.isPlain(item) {
            findings.node(
                index, value.arrayValue == nil ? "/data/value" : "/data/value/\(number)", "type",
                "must be text, a number, or true or false")
            return .nothing
        }
        return .values(items, isList: value.arrayValue != nil)
    }

    private static func isPlain(_ value: JSONValue) -> Bool {
        switch value {
        case .bool, .integer, .unsigned, .number, .string: true
        case .null, .array, .object: false
        }
    }

    private func output(
        _ data: [String: JSONValue], at index: Int, _ findings: inout CanvasFindingList
    ) -> CanvasStep {
        if let export = data["export"], !export.isNull { return self.export(export, at: index, &findings) }
        var version = 1
        if let value = data["version"], !value.isNull {
            version = value.intValue ?? 0
            if !(1...9999).contains(version) {
                findings.node(index, "/data/version", "range", "must be a whole number from 1 to 9999")
            }
        }
        guard let value = data["shot"], !value.isNull, value != "" else {
            findings.node(index, "/data/shot", "required", "is required: the shot that the result is published under")
            return .nothing
        }
        return readShot(value, at: index, &findings).map { .output(.take($0, version: version)) } ?? .nothing
    }

    private func export(_ export: JSONValue, at index: Int, _ findings: inout CanvasFindingList) -> CanvasStep {
        guard export.objectValue != nil else {
            findings.node(index, "/data/export", "type", "must be an object with a name")
            return .nothing
        }
        if let value = export["replace"], value.boolValue == nil {
            findings.node(index, "/data/export/replace", "type", "must be true or false")
        }
        do {
            let name = try CutName(
                export["name"]?.stringValue ?? "", pointer: "/nodes/\(index)/data/export/name")
            return .output(.export(name, replaces: export["replace"]?.boolValue ?? false))
        } catch {
            for finding in error.findings { findings.found(finding, of: index) }
            return .nothing
        }
    }
}
