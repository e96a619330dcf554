/// What is wrong with a cut, gathered so that everything is said at once.
struct CutFindings: Sendable {
    /// As many are told; of the rest only the number.
    static let mostTold = 200

    private(set) var findings: [Finding] = []
    private var untold = 0

    var isEmpty: Bool { findings.isEmpty }

    mutating func add(_ place: String, _ code: String, _ detail: String) {
        guard findings.count < Self.mostTold else {
            untold += 1
            return
        }
        findings.append(Finding(pointer: place, code: code, detail: detail))
    }

    /// The findings, and how many more there are.
    var told: [Finding] {
        untold == 0 ? findings : findings + [Finding(pointer: "", code: "more", detail: "and \(untold) more")]
    }

    func throwIfAny() throws(StudioError) {
        guard findings.isEmpty else { throw .invalid(told) }
    }
}
