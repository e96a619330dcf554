import Testing

/// One house rule: what it is called, what it says about a file, and samples that prove it works.
struct Rule: Sendable, CustomTestStringConvertible {
    /// A short sentence: what must hold.
    let name: String
    /// What is wrong with a file.
    let check: @Sendable (SourceFile) -> [Finding]
    /// Small files that break the rule, each of which must give exactly the findings' lines named.
    let bad: [Sample]
    /// Small files that keep it, close to the line.
    let good: [Sample]

    var testDescription: String { name }

    /// Every rule that looks at one Swift file at a time.
    static let all: [Rule] =
        [imports, fileSize, names, environment, printing, sql, logKeys] + escapeHatches + testDiscipline
}

/// A small file made up to try a rule.
struct Sample: Sendable {
    let path: String
    let text: String
    /// The lines that must be found.
    let lines: [Int]

    init(_ path: String, _ text: String, lines: [Int] = []) {
        self.path = path
        self.text = text
        self.lines = lines
    }
}

extension SourceFile {
    /// Findings wherever these tokens follow each other.
    func findings(_ sequence: [String], _ message: String) -> [Finding] {
        places(of: [sequence[0]]).filter { start in
            start + sequence.count <= tokens.count
                && zip(tokens[start...], sequence).allSatisfy { $0.text == $1 }
        }.map { Finding(path: path, line: tokens[$0].line, message: message) }
    }
}
