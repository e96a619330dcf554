/// What the members of a chord reported, as the chord's sorted set holds it.
public struct GatheredParts: Sendable {
    /// The results in the order of the members; the first failure where there is one.
    public let results: Result<[WireJSON], CeleryFailure>

    /// Reads the parts.
    ///
    /// - Parameter parts: Each `[1, task, state, result]`.
    public init(_ parts: [[UInt8]]) {
        var values: [WireJSON] = []
        for part in parts {
            guard let fields = (try? WireJSON(decoding: part))?.arrayValue, fields.count == 4,
                let state = fields[2].stringValue
            else {
                results = .failure(.chord("Join error: a part cannot be read"))
                return
            }
            if let failure = Self.failure(task: fields[1].stringValue ?? "", state: state, fields[3]) {
                results = .failure(failure)
                return
            }
            values.append(fields[3])
        }
        results = .success(values)
    }

    /// What a member's state does to its chord; nil where it does no harm.
    static func failure(task: String, state: String, _ result: WireJSON) -> CeleryFailure? {
        guard state == "FAILURE" || state == "REVOKED" else { return nil }
        let cause = CeleryFailure(result).map { failure in
            let arguments = failure.arguments.map { PythonRepr.text($0.value) }.joined(separator: ", ")
            return "\(failure.type)(\(arguments))"
        }
        return .chord("Dependency \(task) raised \(cause ?? PythonRepr.text(result.value))")
    }
}

/// How the results of a group with groups in it are put together.
public struct GroupShape: Sendable {
    private let shape: CanvasResult

    /// Reads a saved group.
    ///
    /// - Parameter document: What is under the group's key.
    public init?(_ document: [UInt8]) {
        guard let object = (try? WireJSON(decoding: document))?.objectValue, let result = object["result"],
            let shape = CanvasResult(result)
        else { return nil }
        self.shape = shape
    }

    /// The tasks whose results it is made of.
    public var tasks: [String] { Self.tasks(of: shape) }

    /// Puts the results together.
    ///
    /// - Parameter documents: The result document of each task; nil where there is none.
    /// - Returns: The results, lists where groups are; the first failure where there is one.
    public func results(_ documents: [String: [UInt8]?]) -> Result<[WireJSON], CeleryFailure> {
        do throws(CeleryFailure) {
            return .success(try Self.value(of: shape, documents).arrayValue ?? [])
        } catch {
            return .failure(error)
        }
    }

    private static func tasks(of shape: CanvasResult) -> [String] {
        switch shape {
        case .one(let id): [id]
        case .group(_, let members): members.flatMap { tasks(of: $0) }
        }
    }

    private static func value(
        of shape: CanvasResult, _ documents: [String: [UInt8]?]
    ) throws(CeleryFailure) -> WireJSON {
        switch shape {
        case .group(_, let members):
            var values: [WireJSON] = []
            for member in members { values.append(try value(of: member, documents)) }
            return .array(values)
        case .one(let id):
            guard let bytes = documents[id] ?? nil, let meta = (try? WireJSON(decoding: bytes))?.objectValue else {
                throw .chord("Join error: the result of \(id) is not there")
            }
            let result = meta["result"] ?? .null
            if let failure = GatheredParts.failure(task: id, state: meta["status"]?.stringValue ?? "", result) {
                throw failure
            }
            return result
        }
    }
}

extension CeleryFailure: Error {}
