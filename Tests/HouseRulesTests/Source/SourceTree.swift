import FoundationEssentials
import Testing

/// The package's files, as the rules see them.
enum SourceTree {
    /// The package's folder: three above this file.
    static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/")
    }()

    /// Every Swift file of the package's sources and tests, sorted; read once for all rules.
    static func swiftFiles() throws -> [SourceFile] { try allSwiftFiles.get() }

    private static let allSwiftFiles = Result {
        try files(below: ["Sources", "Tests"]) { $0.hasSuffix(".swift") }
            .map { SourceFile(path: $0, text: try text(of: $0)) }
    }

    /// The paths, relative to the package, of the files below some folders (a file's own path names just that file).
    static func files(below folders: [String], where wanted: (String) -> Bool) throws -> [String] {
        var found: [String] = []
        for folder in folders { try collect(folder, wanted, &found) }
        return found.sorted()
    }

    /// A file's text.
    static func text(of path: String) throws -> String {
        try String(decoding: Data(contentsOf: URL(filePath: "\(root)/\(path)")), as: UTF8.self)
    }

    private static func collect(_ path: String, _ wanted: (String) -> Bool, _ found: inout [String]) throws {
        let absolute = "\(root)/\(path)"
        var isFolder = false
        guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder) else { return }
        guard isFolder else {
            if wanted(path) { found.append(path) }
            return
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: absolute)
        where ![".build", "node_modules", "__pycache__", "dist", ".venv"].contains(name) {
            try collect("\(path)/\(name)", wanted, &found)
        }
    }
}

/// One Swift file: its lines for people, its tokens for the rules.
struct SourceFile: Sendable {
    /// Relative to the package.
    let path: String
    /// The lines as written.
    let lines: [Substring]
    /// The code without comments and without the text of string literals.
    let tokens: [Token]
    /// Where each text stands among the tokens: most rules look for a few words in a million.
    private let places: [String: [Int]]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        tokens = Tokens.read(text)
        places = Dictionary(grouping: tokens.indices) { [tokens] in tokens[$0].text }
    }

    /// Where any of some texts stands among the tokens, in order.
    func places(of texts: [String]) -> [Int] { texts.flatMap { places[$0] ?? [] }.sorted() }

    /// The path's parts; the last is the file's name.
    var folders: [Substring] { path.split(separator: "/") }

    /// The target a file belongs to: the folder below `Sources/` or `Tests/`.
    var target: String { folders.count > 2 ? String(folders[1]) : "" }

    /// Whether this is code that ships.
    var isProduct: Bool { path.hasPrefix("Sources/") }

    /// Whether it lies in an `App/` folder, where a program is put together.
    var isAssembly: Bool { folders.dropLast().contains("App") }

    /// Whether the line, or the comment right above it, says `// SAFETY:`.
    func isJustified(line: Int) -> Bool {
        let mark = "SAFETY:"
        if lines[line - 1].contains(mark) { return true }
        var above = line - 2
        while above >= 0, lines[above].drop(while: { $0 == " " }).hasPrefix("//") {
            if lines[above].contains(mark) { return true }
            above -= 1
        }
        return false
    }
}

/// One thing a rule found, with the place a person looks at.
struct Finding: CustomStringConvertible, Equatable {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

extension [Finding] {
    /// Fails the test once for each finding.
    func report(sourceLocation: SourceLocation = #_sourceLocation) {
        for finding in self { Issue.record("\(finding)", sourceLocation: sourceLocation) }
    }
}
