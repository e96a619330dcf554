import QueueProtocol

extension ManifestReader {
    private static let containerMembers: Set<String> = [
        "kind", "image", "protocol", "command", "environment", "pullPolicy", "network", "processes",
        "temporaryMB", "outputMB", "setupSeconds", "idleSeconds",
    ]

    /// The `runner` of a function that runs in a container.
    mutating func container() -> FunctionManifest.Runner {
        let runner = members["runner"]?.objectValue ?? [:]
        for key in runner.keys.sorted() where !Self.containerMembers.contains(key) {
            find(
                "/runner/" + JSONPointer.escaped(key), "is not a member of a runner of the kind container",
                code: "unknown-member")
        }
        let image = image(runner["image"])
        var told = FunctionManifest.Container(
            image: image ?? "",
            contract: choice(runner["protocol"], at: "/runner/protocol", default: .batch))
        told.command = command(runner["command"])
        told.environment = environment(runner["environment"])
        let isMoving = image.map(Self.isMoving) ?? false
        told.pullPolicy = choice(
            runner["pullPolicy"], at: "/runner/pullPolicy", default: isMoving ? .always : .ifNotPresent)
        told.network = flag(runner["network"], at: "/runner/network") ?? false
        told.processes = count(["runner", "processes"], default: told.processes, in: 1...65_536)
        told.temporaryMegabytes = count(
            ["runner", "temporaryMB"], default: told.temporaryMegabytes, in: 1...1_048_576)
        told.outputMegabytes = count(["runner", "outputMB"], default: told.outputMegabytes, in: 1...1_048_576)
        told.setupSeconds = count(["runner", "setupSeconds"], default: told.setupSeconds, in: 1...86_400)
        told.idleSeconds = count(["runner", "idleSeconds"], default: told.idleSeconds, in: 0...604_800)
        if told.contract == .batch {
            for key in ["setupSeconds", "idleSeconds"] where runner[key] != nil {
                find("/runner/\(key)", "is of containers with the protocol cog")
            }
        }
        return .container(told)
    }

    /// Whether what a reference names may be another image tomorrow: as in Kubernetes, one without a tag or with `latest`.
    private static func isMoving(_ image: String) -> Bool {
        if image.contains("@") { return false }
        let last = image.split(separator: "/").last ?? ""
        let tag = last.split(separator: ":", maxSplits: 1).dropFirst().first
        return tag == nil || tag == "latest"
    }

    private mutating func image(_ value: JSONValue?) -> String? {
        guard let value else {
            find("/runner/image", "is required: the image's name, such as studio/upscale:1.2.0", code: "required")
            return nil
        }
        // The grammar of distribution's references, a little narrower.
        let reference =
            #/([a-z0-9][a-z0-9.-]*(:\d{1,5})?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[a-f0-9]{64})?/#
        guard let text = value.stringValue, text.utf8.count <= 512, text.wholeMatch(of: reference) != nil else {
            find("/runner/image", "must be an image's reference: name[:tag][@sha256:digest]")
            return nil
        }
        return text
    }

    private mutating func command(_ value: JSONValue?) -> [String] {
        guard let value else { return [] }
        guard let list = value.arrayValue, !list.isEmpty, list.count <= 256,
            list.allSatisfy({ $0.stringValue.map { !$0.utf8.contains(0) } ?? false })
        else {
            find("/runner/command", "must be a list of texts: the program and its arguments")
            return []
        }
        return list.compactMap(\.stringValue)
    }

    private mutating func environment(_ value: JSONValue?) -> [String: String] {
        guard let value else { return [:] }
        guard let members = value.objectValue else {
            find("/runner/environment", "must be an object of texts")
            return [:]
        }
        var variables: [String: String] = [:]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let place = "/runner/environment/" + JSONPointer.escaped(name)
            if name.wholeMatch(of: #/[A-Za-z_][A-Za-z0-9_]{0,127}/#) == nil {
                find(place, "a variable's name has letters, digits and _")
            } else if let text = value.stringValue, !text.utf8.contains(0) {
                variables[name] = text
            } else {
                find(place, "must be text")
            }
        }
        return variables
    }

    /// A text that is one of an enumeration's; the default where it is left out or is none.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ value: JSONValue?, at pointer: String, default standard: Choice
    ) -> Choice {
        guard let value else { return standard }
        if let choice = value.stringValue.flatMap(Choice.init(rawValue:)) { return choice }
        find(pointer, "must be one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        return standard
    }

    mutating func flag(_ value: JSONValue?, at pointer: String) -> Bool? {
        guard let value else { return nil }
        if value.boolValue == nil { find(pointer, "must be true or false") }
        return value.boolValue
    }
}
