/// Giving signatures their ids before anything is sent, so that each knows what follows it.
extension CeleryDispatch {
    /// What a signature is frozen with.
    struct Freezing {
        var id: String?
        var group: String?
        var chord: WireJSON?
        var rootID: WireJSON?
        var index: WireJSON?
    }

    /// A signature with its ids, and where its results will be.
    struct Frozen {
        var signature: CelerySignature
        var result: CanvasResult
    }

    func frozen(_ signature: CelerySignature, as freezing: Freezing) throws(CanvasError) -> Frozen {
        switch signature.kind {
        case .task: return frozenTask(signature, as: freezing)
        case .chain:
            let last: WireObject = [
                "task_id": freezing.id.map { .string($0) } ?? .null,
                "group_id": freezing.group.map { .string($0) } ?? .null, "chord": freezing.chord ?? .null,
                "root_id": freezing.rootID ?? .null, "group_index": freezing.index ?? .null,
            ]
            let (steps, results) = try prepare(signature.members, first: [], last: last, errbacks: [])
            guard let result = results.first else { throw CanvasError("a chain has no steps") }
            var copy = signature
            copy.members = steps.reversed()
            // A chain is waited for by the name of its last step.
            if case .one(let id) = result { copy.options["task_id"] = .string(id) }
            return Frozen(signature: copy, result: result)
        case .group:
            var copy = signature
            let id = copy.options["task_id"]?.stringValue ?? Self.newID()
            copy.options["task_id"] = .string(id)
            if let group = freezing.group { copy.options["group_id"] = .string(group) }
            if let chord = freezing.chord { copy.options["chord"] = chord }
            if let root = freezing.rootID, copy.options["root_id"] == nil { copy.options["root_id"] = root }
            var members = freezing
            (members.id, members.index) = (nil, nil)
            let frozen = try self.frozen(signature.members, as: members, flattening: true)
            copy.members = frozen.map(\.signature)
            return Frozen(signature: copy, result: .group(id, frozen.map(\.result)))
        case .chord:
            guard let body = signature.body else { throw CanvasError("a chord has no body") }
            var copy = signature
            let header = try frozen(signature.header, as: Freezing(rootID: freezing.rootID)).signature
            copy.header = header
            let frozenBody = try frozen(body, as: freezing)
            copy.body = frozenBody.signature
            return Frozen(signature: copy, result: frozenBody.result)
        case .unknown(let type): throw CanvasError("signatures of the type \(type) are not sent from here")
        }
    }

    private func frozenTask(_ signature: CelerySignature, as freezing: Freezing) -> Frozen {
        var copy = signature
        let id = copy.options["task_id"]?.stringValue ?? freezing.id ?? Self.newID()
        copy.options["task_id"] = .string(id)
        if let root = freezing.rootID, root != .null { copy.options["root_id"] = root }
        if let group = freezing.group, copy.options["group_id"] == nil { copy.options["group_id"] = .string(group) }
        if let chord = freezing.chord { copy.options["chord"] = chord }
        if let index = freezing.index { copy.options["group_index"] = index }
        return Frozen(signature: copy, result: .one(id))
    }

    /// Freezes the members of a group, those of groups in it too.
    func frozen(
        _ members: [CelerySignature], as freezing: Freezing, flattening: Bool
    ) throws(CanvasError) -> [Frozen] {
        var waiting = Array(members.reversed())
        var frozen: [Frozen] = []
        while let member = waiting.popLast() {
            if member.kind == .group {
                waiting += member.members.reversed()
            } else if member.kind != .chain || !member.members.isEmpty {
                var own = freezing
                own.index = .integer(frozen.count)
                frozen.append(try self.frozen(member, as: own))
            }
        }
        return frozen
    }

    /// The steps of a chain as they are sent on: the last first, chains in it taken apart, a group that is followed by
    /// something made the header of a chord.
    ///
    /// - Parameters:
    ///   - members: The steps in their order.
    ///   - first: What is put before the first step's arguments.
    ///   - last: What the last step is called, belongs to and reports to.
    ///   - errbacks: What is linked to each step.
    /// - Returns: The steps and where their results will be, the last step's first.
    /// - Throws: `CanvasError` where a step cannot be sent from here.
    func prepare(
        _ members: [CelerySignature], first: [WireJSON], last: WireObject, errbacks: [WireJSON]
    ) throws(CanvasError) -> (steps: [CelerySignature], results: [CanvasResult]) {
        var waiting = Self.flattened(members)
        var steps: [CelerySignature] = []
        var results: [CanvasResult] = []
        let root = last["root_id"].flatMap { $0 == .null ? nil : $0 }
        while var step = waiting.popLast() {
            let isLast = steps.isEmpty
            if waiting.isEmpty { step = step.with(first) }
            if step.kind == .group, let body = steps.popLast() {
                var options: WireObject = [:]
                if case .one(let id)? = results.popLast() { options["task_id"] = .string(id) }
                if let root { options["root_id"] = root }
                step = CelerySignature(chordOf: step, body: body, options: options)
            }
            var freezing = Freezing(rootID: root)
            if isLast {
                freezing.id = last["task_id"]?.stringValue
                freezing.group = last["group_id"]?.stringValue
                freezing.chord = last["chord"].flatMap { $0 == .null ? nil : $0 }
                freezing.index = last["group_index"].flatMap { $0 == .null ? nil : $0 }
            }
            var frozen = try self.frozen(step, as: freezing)
            frozen.signature.append(errbacks, to: "link_error")
            if frozen.signature.kind == .chord, var body = frozen.signature.body {
                body.append(errbacks, to: "link_error")
                frozen.signature.body = body
            }
            steps.append(frozen.signature)
            results.append(frozen.result)
        }
        return (steps, results)
    }

    /// Chains taken apart, groups of one made that one, and empty groups left out where anything else is there.
    private static func flattened(_ members: [CelerySignature]) -> [CelerySignature] {
        var steps: [CelerySignature] = []
        for member in members {
            switch member.kind {
            case .chain:
                var inner = member.members
                if !inner.isEmpty, !member.isImmutable { inner[0] = inner[0].with(member.arguments) }
                steps += flattened(inner)
            case .group where member.members.count == 1: steps += flattened(member.members)
            default: steps.append(member)
            }
        }
        let isEmpty: (CelerySignature) -> Bool = { $0.kind == .group && $0.members.isEmpty }
        let rest = steps.filter { !isEmpty($0) }
        return rest.isEmpty ? Array(steps.prefix(1)) : rest
    }
}
