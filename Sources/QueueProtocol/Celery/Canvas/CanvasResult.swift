/// The ids under which the results of something that was sent will be.
indirect enum CanvasResult: Sendable, Hashable {
    case one(String)
    case group(String, [CanvasResult])

    var isGroup: Bool { if case .group = self { true } else { false } }

    /// As Celery writes it: `[[id, parent], children]`, without the parents.
    var document: WireJSON {
        switch self {
        case .one(let id): .array([.array([.string(id), .null]), .null])
        case .group(let id, let results): .array([.array([.string(id), .null]), .array(results.map(\.document))])
        }
    }

    /// Reads what Celery wrote; nil where it is none.
    init?(_ document: WireJSON) {
        guard let parts = document.arrayValue, parts.count == 2, let id = parts[0].arrayValue?.first?.stringValue else {
            return nil
        }
        guard let members = parts[1].arrayValue else {
            self = .one(id)
            return
        }
        let results = members.compactMap { CanvasResult($0) }
        guard results.count == members.count else { return nil }
        self = .group(id, results)
    }
}
