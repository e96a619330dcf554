/// Words that mean "not finished", and paths that exist on one machine only. These look at the plain text, comments
/// included, of everything in the repository that people write.
enum Leftovers {
    /// Spelt in two halves so that this file does not find itself.
    static let words: Set<String> = [
        "TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "PLACE" + "HOLDER", "UNIMPLE" + "MENTED",
    ]
    /// The one of them that is a name of HTML and CSS too, and stands in a page's source as such.
    static let nameOfHTML = "PLACE" + "HOLDER"
    /// What Git writes into a file where two changes met that it could not bring together.
    private static let mergeMarks = ["<<<<" + "<<< ", ">>>>" + ">>> "]
    /// Folders whose files are read.
    static let folders = [
        "Sources", "Tests", "scripts", "Benchmarks", "compose", "docs", "Web/src", "Makefile", "Package.swift",
        ".ci/run", "README.md", "CONTRIBUTING.md", "CHANGELOG.md",
    ]
    /// Endings of texts; files without an ending (Makefile, run) are texts too.
    static let endings = [
        "swift", "h", "c", "modulemap", "sql", "sh", "py", "md", "json", "yml", "yaml", "ts", "js", "svelte", "html",
        "css",
    ]

    static func isText(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return true }
        return dot == name.startIndex || endings.contains(String(name[name.index(after: dot)...]))
    }

    /// Every leftover word in code (prose in `docs/` may speak of them) and every machine path.
    static func findings(in path: String, text: String) -> [Finding] {
        let isProse = path.hasSuffix(".md") || path.contains("/Fixtures/")
        var findings: [Finding] = []
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if !isProse {
                for word in line.split(whereSeparator: { !Tokens.isWordByte($0) }) {
                    let upper = String(decoding: word, as: UTF8.self).uppercased()
                    if words.contains(upper), !(path.hasPrefix("Web/") && nameOfHTML == upper) {
                        findings.append(Finding(path: path, line: index + 1, message: "unfinished: \(upper)"))
                    }
                }
            }
            if mergeMarks.contains(where: { line.starts(with: $0.utf8) }) {
                findings.append(Finding(path: path, line: index + 1, message: "unfinished: the mark of a merge"))
            }
            if let found = machinePath(in: Array(line)) {
                findings.append(Finding(path: path, line: index + 1, message: "a path of one machine: \(found)"))
            }
        }
        return findings
    }

    /// The home of the superuser, of a person or of a build machine, where it begins a path.
    private static func machinePath(in line: [UInt8]) -> String? {
        for base in ["work", "farm", "ro" + "ot", "ho" + "me"] {
            let wanted = Array("/\(base)/".utf8)
            var start = 0
            while start + wanted.count < line.count {
                defer { start += 1 }
                guard line[start] == wanted[0], line[start..<(start + wanted.count)].elementsEqual(wanted) else {
                    continue
                }
                let before = start == 0 ? UInt8(ascii: " ") : line[start - 1]
                guard !Tokens.isWordByte(before), before != UInt8(ascii: ".") else { continue }
                var rest = line[(start + wanted.count)...]
                if base.hasPrefix("h") {
                    guard let slash = rest.firstIndex(of: UInt8(ascii: "/")), slash > rest.startIndex else { continue }
                    rest = rest[(slash + 1)...]
                }
                guard let first = rest.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { continue }
                return "/\(base)/…"
            }
        }
        return nil
    }
}
