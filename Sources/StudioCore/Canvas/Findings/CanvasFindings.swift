public import QueueProtocol

/// One thing wrong with a canvas, or worth knowing before it is run.
public struct CanvasFinding: Sendable, Hashable {
    /// How much it matters.
    public enum Severity: String, Sendable, Hashable {
        /// Nothing is started.
        case error
        /// Nothing is in the way.
        case warning
    }

    /// Where it is, with node and edge, and what it is.
    public var finding: Finding
    /// How much it matters.
    public var severity: Severity

    /// A finding.
    ///
    /// - Parameters:
    ///   - finding: Where it is and what it is.
    ///   - severity: How much it matters; default an error.
    public init(_ finding: Finding, severity: Severity = .error) {
        self.finding = finding
        self.severity = severity
    }

    /// The finding as clients get it: `node`, `edge`, `pointer`, `code`, `detail`, `severity`.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "pointer": .string(finding.pointer), "code": .string(finding.code), "detail": .string(finding.detail),
            "severity": .string(severity.rawValue),
        ]
        members["node"] = finding.node.map(JSONValue.string)
        members["edge"] = finding.edge.map(JSONValue.string)
        return .object(members)
    }
}

/// All that was found in a canvas, in the order of its nodes and edges. Codes: `docs/canvas.md`.
public struct CanvasFindings: Sendable, Hashable {
    /// As many are told; of the rest only how many there are.
    public static let mostTold = 500

    /// What was found, errors first.
    public private(set) var all: [CanvasFinding]

    /// Findings.
    ///
    /// - Parameters:
    ///   - found: What was found; sorted here, and cut to ``mostTold``.
    ///   - untold: How many more there were, none of which is more than those; default none.
    public init(_ found: [CanvasFinding] = [], untold: Int = 0) {
        let errors = found.filter { $0.severity == .error }
        let warnings = found.filter { $0.severity == .warning }
        all = Array((errors + warnings).prefix(Self.mostTold))
        let untold = found.count - all.count + untold
        if untold > 0 {
            all.append(
                CanvasFinding(
                    Finding(pointer: "", code: "more", detail: "and \(untold) more"),
                    severity: errors.count > Self.mostTold ? .error : .warning))
        }
    }

    /// What is wrong with a document's shape, as findings of the canvas.
    ///
    /// - Parameter error: What ``CanvasDocument/init(_:pointer:)`` threw.
    public init(_ error: StudioError) {
        self.init(error.findings.map { CanvasFinding($0) })
    }

    /// Whether a run may start.
    public var isValid: Bool { all.first?.severity != .error }

    /// Those that keep a run from starting.
    public var errors: [Finding] { all.filter { $0.severity == .error }.map(\.finding) }

    /// Refuses a canvas with errors.
    ///
    /// - Throws: `StudioError` with code `invalid` and all errors.
    public func throwIfInvalid() throws(StudioError) {
        guard isValid else { throw .invalid(errors) }
    }

    /// The answer of a validation: `valid` and `findings`.
    public var json: JSONValue { ["valid": .bool(isValid), "findings": .array(all.map(\.json))] }
}
