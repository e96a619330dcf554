import Foundation
import StudioTestKit

/// The examples of a page, in their order: the blocks of code that its reader copies.
struct ExamplePage {
    /// One block.
    enum Block: Equatable {
        /// A file with a name, and its text.
        case file(String, String)
        /// What a person types at a prompt.
        case commands(String)
        /// The command of a worker, typed in a terminal of its own.
        case worker(String)
        /// What the commands before it print, among other things: a line each, with `…` for anything.
        case output([String])
    }

    let blocks: [Block]

    /// Reads a page below `docs`.
    init(_ name: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        try self.init(text: String(contentsOf: root.appendingPathComponent("docs/\(name)"), encoding: .utf8))
    }

    /// Reads a page's text. A block's first line says what it is: ```` ```python NAME ````, `json NAME`, `sh`, `sh worker`,
    /// `text`; others are for reading only.
    init(text: String) throws {
        var blocks: [Block] = []
        var open: (kind: [Substring], lines: [Substring])?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("```") else {
                open?.lines.append(line)
                continue
            }
            guard let (kind, lines) = open else {
                open = (line.dropFirst(3).split(separator: " "), [])
                continue
            }
            open = nil
            let body = lines.joined(separator: "\n") + "\n"
            switch (kind.first ?? "", kind.dropFirst().first.map(String.init)) {
            case ("python", let name?), ("json", let name?): blocks.append(.file(name, body))
            case ("sh", "worker"): blocks.append(.worker(body))
            case ("sh", _): blocks.append(.commands(body))
            case ("text", _): blocks.append(.output(lines.map(String.init)))
            default: break
            }
        }
        guard open == nil else { throw TestKitError("the page ends in a block") }
        self.blocks = blocks
    }

    /// The first line that is not among what was printed, after the line before it; nil where all are.
    static func missing(_ expected: [String], in printed: String) -> String? {
        var rest = printed[...]
        for line in expected {
            for part in line.components(separatedBy: "…") where !part.isEmpty {
                guard let found = rest.firstRange(of: part) else { return line }
                rest = rest[found.upperBound...]
            }
        }
        return nil
    }
}
