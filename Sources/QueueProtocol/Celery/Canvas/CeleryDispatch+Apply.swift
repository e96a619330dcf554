import FoundationEssentials

/// Applying signatures, after `canvas.py` of Celery 5.7: the same ids, groups and chord sizes come out, so that Python
/// workers go on with what was begun here and the other way round.
extension CeleryDispatch {
    /// Sends a signature, whatever it stands for.
    mutating func apply(
        _ signature: CelerySignature, _ arguments: [WireJSON], options: WireObject = [:]
    ) throws(CanvasError) -> CanvasResult {
        switch signature.kind {
        case .task: return applyTask(signature, arguments, options: options)
        case .chain: return try applyChain(signature, arguments, options: options)
        case .group: return try applyGroup(signature, arguments, options: options)
        case .chord: return try applyChord(signature, arguments, options: options)
        case .unknown(let type): throw CanvasError("signatures of the type \(type) are not sent from here")
        }
    }

    private mutating func applyTask(
        _ signature: CelerySignature, _ arguments: [WireJSON], options: WireObject
    ) -> CanvasResult {
        let signature = signature.with(arguments)
        let options = signature.merged(options)
        let id = options["task_id"]?.stringValue ?? Self.newID()
        messages.append(
            TaskMessage(
                task: signature.task, id: id, arguments: signature.arguments, keywords: signature.keywords,
                options: options, sender: sender))
        return .one(id)
    }

    private mutating func applyChain(
        _ signature: CelerySignature, _ arguments: [WireJSON], options: WireObject
    ) throws(CanvasError) -> CanvasResult {
        // The last step is what the chain as a whole is called, belongs to and reports to.
        var options = signature.merged(options)
        let last: WireObject = [
            "task_id": options["task_id"] ?? .null, "group_id": options["group_id"] ?? .null,
            "group_index": options["group_index"] ?? .null, "chord": options["chord"] ?? .null,
            "root_id": options["root_id"] ?? .null,
        ]
        let errbacks = CelerySignature.values(options["link_error"])
        let links = CelerySignature.values(options["link"])
        for name in ["task_id", "group_id", "group_index", "chord", "link", "link_error"] { options[name] = nil }
        let first = signature.isImmutable ? signature.arguments : arguments + signature.arguments
        var (steps, results) = try prepare(signature.members, first: first, last: last, errbacks: errbacks)
        guard var head = steps.popLast(), let whole = results.first else {
            throw CanvasError("a chain has no steps")
        }
        if steps.isEmpty { head.append(links, to: "link") } else { steps[0].append(links, to: "link") }
        let rest = steps.map(\.value) + CelerySignature.values(options["chain"])
        options["chain"] = .array(rest)
        let result = try apply(head, [], options: options)
        return steps.isEmpty ? result : whole
    }

    private mutating func applyGroup(
        _ signature: CelerySignature, _ arguments: [WireJSON], options: WireObject
    ) throws(CanvasError) -> CanvasResult {
        var options = signature.merged(options)
        let group = options["task_id"]?.stringValue ?? Self.newID()
        options["task_id"] = nil
        options["group_id"] = .string(group)
        let chord = options["chord"]
        options["chord"] = nil
        let members = try frozen(
            signature.members, as: Freezing(group: group, rootID: options["root_id"]), flattening: true)
        // Those that were given to an outer group before report there.
        let reporting = members.filter { member in
            let own = member.signature.options
            return (chord != nil || own["chord"] != nil) && (own["group_id"] ?? .string(group)) == .string(group)
        }
        if !reporting.isEmpty {
            chordSizes.append(ChordSize(group: group, size: members.reduce(0) { $0 + Self.parts(of: $1.signature) }))
        }
        var results: [CanvasResult] = []
        for member in members {
            var own = options
            // A member keeps the place it has in the group.
            own["group_index"] = nil
            if let chord { own["chord"] = chord }
            results.append(try apply(member.signature, arguments, options: own))
        }
        if results.count == 1, results[0].isGroup { return results[0] }
        return .group(group, results)
    }

    private mutating func applyChord(
        _ signature: CelerySignature, _ arguments: [WireJSON], options: WireObject
    ) throws(CanvasError) -> CanvasResult {
        guard var body = signature.body else { throw CanvasError("a chord has no body") }
        var options = signature.merged(options)
        var delay: WireObject = [:]
        for name in ["countdown", "eta"] {
            if let value = options[name] { delay[name] = value }
            options[name] = nil
        }
        let bodyID = options["task_id"]?.stringValue ?? Self.newID()
        options["task_id"] = nil
        let links = CelerySignature.values(options["link"])
        let errbacks = CelerySignature.values(options["link_error"])
        (options["link"], options["link_error"]) = (nil, nil)
        Self.link(links, errbacks, to: &body)
        var inherited = options
        inherited["parent_id"] = nil
        body.options = body.merged(inherited)
        var header = signature.header
        let group = header.options["task_id"]?.stringValue ?? Self.newID()
        body =
            try frozen(
                body,
                as: Freezing(id: bodyID, group: group, rootID: body.options["root_id"])
            ).signature
        (options["chain"], options["chord"]) = (nil, nil)
        let first = signature.isImmutable ? signature.arguments : arguments + signature.arguments
        let members = try frozen(
            header.members, as: Freezing(group: group, chord: body.value, rootID: body.options["root_id"]),
            flattening: true)
        guard !members.isEmpty else { return try apply(body, [.array([])], options: [:]) }
        let results = CanvasResult.group(group, members.map(\.result))
        if members.contains(where: \.result.isGroup) {
            let document = WireJSON.object(["result": results.document]).encoded()
            savedGroups.append(SavedGroup(group: group, document: document))
        }
        header.members = members.map(\.signature)
        for member in delay.members { options[member.name] = member.value }
        options["task_id"] = .string(group)
        return try apply(header, first, options: options)
    }

    /// Links what is linked to a chord to its body; errbacks of a group to each of its members.
    private static func link(_ links: [WireJSON], _ errbacks: [WireJSON], to body: inout CelerySignature) {
        body.append(links, to: "link")
        guard body.kind == .group else { return body.append(errbacks, to: "link_error") }
        body.members = body.members.map { member in
            var member = member
            member.append(errbacks, to: "link_error")
            return member
        }
    }

    /// How many tasks of a signature report to the chord it is a member of.
    private static func parts(of signature: CelerySignature) -> Int {
        switch signature.kind {
        case .group: return signature.members.reduce(0) { $0 + parts(of: $1) }
        case .chain: return signature.members.reversed().lazy.map { parts(of: $0) }.first { $0 > 0 } ?? 0
        case .chord: return signature.body.map { parts(of: $0) } ?? 0
        case .task, .unknown: return 1
        }
    }

    static func newID() -> String { UUIDText.text(UUID()) }
}
