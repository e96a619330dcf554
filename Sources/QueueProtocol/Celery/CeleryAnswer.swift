/// All that the end of a task means to Celery's clients and workers, to be written in one step: its result, what is sent
/// because of it, the results of steps that will not come, and its part of a chord.
public struct CeleryAnswer: Sendable, Hashable {
    /// How a task ended.
    public enum Outcome: Sendable, Hashable {
        /// Done, with a result.
        case success(WireJSON)
        /// Failed for good; the text is the end of the log.
        case failure(CeleryFailure, traceback: String?)
        /// Will not be done: `revoked`, `terminated` or `expired`.
        case revoked(String)
    }

    /// A result document under its key.
    public struct StoredResult: Sendable, Hashable {
        /// The task it is about.
        public var task: String
        /// The document.
        public var document: [UInt8]
    }

    /// A result as a chord gathers it.
    public struct ChordPart: Sendable, Hashable {
        /// The task that ended.
        public var task: String
        /// The chord's group.
        public var group: String
        /// The task's place in the group: the score of its result.
        public var place: String
        /// The chord's body.
        public var body: WireJSON
        /// What is gathered: `[1, task, state, result]`.
        public var document: [UInt8]
    }

    /// The task that is answered.
    public let task: String
    /// The first task of its workflow.
    public let rootID: String
    /// What is sent.
    public private(set) var dispatch: CeleryDispatch
    /// The results, the task's own last.
    public private(set) var results: [StoredResult] = []
    /// What chords are told.
    public private(set) var parts: [ChordPart] = []

    /// The answer to a task.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - outcome: How it ended.
    ///   - sender: Who answers.
    /// - Throws: `CanvasError` where something that follows cannot be sent from here.
    public init(_ task: CeleryTask, _ outcome: Outcome, from sender: CelerySender) throws(CanvasError) {
        self.task = task.id
        rootID = task.rootID
        dispatch = CeleryDispatch(from: sender)
        let result: CeleryResult
        switch outcome {
        case .success(let value):
            try dispatch.follow(task, with: value)
            result = CeleryResult(.success, value, children: dispatch.children)
        case .failure(let failure, let traceback):
            result = CeleryResult(.failure, failure.document, traceback: traceback)
            failSteps(task.chain, with: result, isStored: !task.ignoresResult)
            try dispatch.report(task.errbacks, of: task.id, rootID: task.rootID)
        case .revoked(let reason):
            result = CeleryResult(.revoked, CeleryFailure.revoked(reason).document)
        }
        if !task.ignoresResult {
            results.append(StoredResult(task: task.id, document: result.encoded(of: task, at: sender.now)))
        }
        if let body = task.chord, let group = task.group {
            addPart(task.id, group: group, index: task.groupIndex, body: body, result)
        }
    }

    /// What becomes of a chord's body: it is sent with the results of the members, or fails as one of them did.
    ///
    /// - Parameters:
    ///   - part: The part that was the last.
    ///   - rootID: The first task of the workflow.
    ///   - outcome: The results in their order, or why there are none.
    ///   - sender: Who answers.
    /// - Throws: `CanvasError` where the body cannot be sent from here.
    public init(
        completing part: ChordPart, rootID: String, _ outcome: Result<[WireJSON], CeleryFailure>,
        from sender: CelerySender
    ) throws(CanvasError) {
        task = part.task
        self.rootID = rootID
        dispatch = CeleryDispatch(from: sender)
        guard let body = CelerySignature(part.body) else { throw CanvasError("a chord's body has no task") }
        switch outcome {
        case .success(let results):
            var options: WireObject = ["parent_id": .string(part.task)]
            if body.options["root_id"] == nil { options["root_id"] = .string(rootID) }
            try dispatch.send(body.value, [.array(results)], options: options)
        case .failure(let failure): try fail(body, with: CeleryResult(.failure, failure.document))
        }
    }

    /// The body of a chord that fails, each member of it where it is a group, and what would have followed.
    private mutating func fail(_ body: CelerySignature, with result: CeleryResult) throws(CanvasError) {
        let own = CelerySignature.values(body.options["link_error"])
        if body.kind == .group {
            for member in body.members {
                guard let id = member.options["task_id"]?.stringValue else { continue }
                let errbacks = own + CelerySignature.values(member.options["link_error"]).filter { !own.contains($0) }
                try dispatch.report(errbacks, of: id, rootID: rootID)
                failStep(member, with: result, isStored: true)
            }
        } else {
            let id = body.options["task_id"]?.stringValue ?? CeleryDispatch.newID()
            try dispatch.report(own, of: id, rootID: body.options["root_id"]?.stringValue ?? rootID)
            results.append(
                StoredResult(
                    task: id,
                    document: result.encoded(
                        id: id, group: body.options["group_id"]?.stringValue, at: dispatch.sender.now)))
            if let outer = body.options["chord"], outer != .null, let group = body.options["group_id"]?.stringValue {
                addPart(id, group: group, index: body.options["group_index"], body: outer, result)
            }
        }
        failSteps(CelerySignature.values(body.options["chain"]), with: result, isStored: true)
    }

    /// Steps of a chain that will not come: whoever waits for one of them is told.
    private mutating func failSteps(_ steps: [WireJSON], with result: CeleryResult, isStored: Bool) {
        var waiting = Array(steps.reversed())
        while let next = waiting.popLast() {
            guard let step = CelerySignature(next) else { continue }
            failStep(step, with: result, isStored: isStored)
            // A chord is waited for by the name of its body.
            if step.kind == .chord, let body = step.body { waiting.insert(body.value, at: 0) }
        }
    }

    private mutating func failStep(_ step: CelerySignature, with result: CeleryResult, isStored: Bool) {
        guard let id = step.options["task_id"]?.stringValue else { return }
        let group = step.options["group_id"]?.stringValue
        if isStored {
            let document = result.encoded(
                id: id, group: group, parent: step.options["parent_id"]?.stringValue, at: dispatch.sender.now)
            results.append(StoredResult(task: id, document: document))
        }
        if let body = step.options["chord"], body != .null, let group {
            addPart(id, group: group, index: step.options["group_index"], body: body, result)
        }
    }

    private mutating func addPart(
        _ task: String, group: String, index: WireJSON?, body: WireJSON, _ result: CeleryResult
    ) {
        var place = "+inf"
        if case .number(let number)? = index { place = number }
        let document = WireJSON.array([
            .integer(1), .string(task), .string(result.state.rawValue), result.result,
        ])
        parts.append(ChordPart(task: task, group: group, place: place, body: body, document: document.encoded()))
    }
}
