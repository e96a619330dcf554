/// A task that is to be sent, as Celery keeps it in links, chains and chords; or a group, chain or chord of such.
///
/// The whole object is kept: what is not known here is sent on.
struct CelerySignature: Sendable, Hashable {
    /// What a signature stands for.
    enum Kind: Sendable, Hashable {
        /// One task.
        case task
        /// One after the other, each with the result of the one before.
        case chain
        /// All at once.
        case group
        /// A group, and a body that gets the list of its results.
        case chord
        /// Something that is not sent from here.
        case unknown(String)
    }

    private(set) var object: WireObject

    /// A signature; nil where the value is none.
    init?(_ value: WireJSON?) {
        guard let object = value?.objectValue, object["task"]?.stringValue != nil else { return nil }
        self.object = object
    }

    /// A chord.
    init(chordOf header: CelerySignature, body: CelerySignature, options: WireObject) {
        object = [
            "task": .string("celery.chord"), "args": .array([]),
            "kwargs": .object(["kwargs": .object([:]), "header": header.value, "body": body.value]),
            "options": .object(options), "subtask_type": .string("chord"), "immutable": .bool(false),
        ]
    }

    /// A group.
    init(groupOf tasks: [CelerySignature], options: WireObject = [:]) {
        object = [
            "task": .string("celery.group"), "args": .array([]),
            "kwargs": .object(["tasks": .array(tasks.map(\.value))]), "options": .object(options),
            "subtask_type": .string("group"), "immutable": .bool(false),
        ]
    }

    var value: WireJSON { .object(object) }

    var kind: Kind {
        switch object["subtask_type"] {
        case nil, .null, .string("xmap"), .string("xstarmap"): .task
        case .string("chain"): .chain
        case .string("group"): .group
        case .string("chord"): .chord
        case .string(let other): .unknown(other)
        default: .unknown("")
        }
    }

    var task: String { object["task"]?.stringValue ?? "" }

    var isImmutable: Bool {
        if case .string(let type) = object["subtask_type"], type == "xmap" || type == "xstarmap" { return true }
        return object["immutable"] == .bool(true)
    }

    var arguments: [WireJSON] {
        get { object["args"]?.arrayValue ?? [] }
        set { object["args"] = .array(newValue) }
    }

    var keywords: WireObject {
        get { object["kwargs"]?.objectValue ?? [:] }
        set { object["kwargs"] = .object(newValue) }
    }

    var options: WireObject {
        get { object["options"]?.objectValue ?? [:] }
        set { object["options"] = .object(newValue) }
    }

    /// The steps of a chain, or the members of a group.
    var members: [CelerySignature] {
        get { Self.list(keywords["tasks"]) }
        set { keywords["tasks"] = .array(newValue.map(\.value)) }
    }

    /// The header of a chord, as a group.
    var header: CelerySignature {
        get {
            let header = keywords["header"]
            if let one = CelerySignature(header), one.kind == .group { return one }
            let tasks = header?.arrayValue == nil ? CelerySignature(header).map { [$0] } ?? [] : Self.list(header)
            return CelerySignature(groupOf: tasks)
        }
        set { keywords["header"] = newValue.value }
    }

    /// The body of a chord.
    var body: CelerySignature? {
        get { CelerySignature(keywords["body"]) }
        set { keywords["body"] = newValue?.value ?? .null }
    }

    /// The same with arguments put before its own, where it takes any.
    func with(_ arguments: [WireJSON]) -> CelerySignature {
        guard !isImmutable, !arguments.isEmpty else { return self }
        var copy = self
        copy.arguments = arguments + self.arguments
        return copy
    }

    /// Its options with others over them; the group it belongs to stays.
    func merged(_ options: WireObject) -> WireObject {
        var merged = self.options
        for member in options.members where member.value != .null {
            if member.name == "group_id", merged["group_id"] != nil { continue }
            merged[member.name] = member.value
        }
        return merged
    }

    /// Adds a signature to a list among the options.
    mutating func append(_ signatures: [WireJSON], to option: String) {
        guard !signatures.isEmpty else { return }
        var list = Self.values(options[option])
        for signature in signatures where !list.contains(signature) { list.append(signature) }
        options[option] = .array(list)
    }

    /// One value, a list of them, or none.
    static func values(_ value: WireJSON?) -> [WireJSON] {
        switch value {
        case .array(let items)?: items
        case .object?: value.map { [$0] } ?? []
        default: []
        }
    }

    private static func list(_ value: WireJSON?) -> [CelerySignature] {
        values(value).compactMap { CelerySignature($0) }
    }
}
