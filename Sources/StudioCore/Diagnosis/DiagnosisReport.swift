import QueueProtocol

/// What a program's doctor has to say, for people and for machines.
public struct DiagnosisReport: Sendable, Hashable, Encodable {
    /// Whether nothing has failed.
    public var healthy: Bool
    /// What was found out, in the order of the examinations.
    public var checks: [Diagnosis]

    /// A report.
    ///
    /// - Parameter checks: What was found out.
    public init(_ checks: [Diagnosis]) {
        self.checks = checks
        healthy = checks.allSatisfy { $0.verdict != .failed }
    }

    /// Looks at everything at once, each for no longer than it may take.
    ///
    /// - Parameters:
    ///   - examinations: What is looked at.
    ///   - bound: The longest that each may take.
    ///   - clock: What that is measured with.
    public init<C: Clock>(
        examining examinations: [Examination], within bound: Duration, clock: C
    ) async where C.Duration == Duration {
        let found = await withTaskGroup(of: (Int, [Diagnosis]).self) { group in
            for (index, examination) in examinations.enumerated() {
                group.addTask { (index, await examination.diagnoses(within: bound, clock: clock)) }
            }
            var found = [[Diagnosis]](repeating: [], count: examinations.count)
            for await (index, diagnoses) in group { found[index] = diagnoses }
            return found
        }
        self.init(found.flatMap { $0 })
    }

    /// A line for each check, and one that sums up.
    public var text: String {
        let width = checks.map(\.check.count).max() ?? 0
        var lines = checks.map { check in
            let verdict = check.verdict == .failed ? "FAILED" : check.verdict.rawValue
            let line = "\(Self.padded(verdict, 8)) \(Self.padded(check.check, width))  \(Self.oneLine(check.seen))"
            return line + (check.remedy.map { "; \(Self.oneLine($0))" } ?? "")
        }
        let failed = checks.count { $0.verdict == .failed }
        let warnings = checks.count { $0.verdict == .warning }
        lines.append(
            failed + warnings == 0
                ? "All is well: \(checks.count) checks."
                : "\(failed) failed, \(warnings) to be seen to, of \(checks.count) checks.")
        return lines.joined(separator: "\n")
    }

    /// One JSON object: `healthy`, and `checks` with `check`, `verdict`, `seen` and `remedy`.
    ///
    /// - Returns: The object's text.
    /// - Throws: Nothing that happens: all of it can be said in JSON.
    public func json() throws -> String { try JSONText.string(self, sortedKeys: true) }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// What others said may have ends of lines in it.
    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension [Diagnosis] {
    /// What is wrong with a configuration, a diagnosis for each broken rule.
    ///
    /// - Parameters:
    ///   - findings: The broken rules.
    ///   - environment: Whose rules hold.
    public init(configuration findings: [Finding], of environment: StudioEnvironment) {
        guard !findings.isEmpty else {
            self = [Diagnosis("configuration", .ok, "good for \(environment.rawValue)")]
            return
        }
        self = findings.map {
            Diagnosis(
                "configuration", .failed, "\($0.pointer) \($0.detail)",
                remedy: "correct \($0.pointer) in the environment; the README lists all settings")
        }
    }
}
