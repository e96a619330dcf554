/// What a file may look like from outside: its length and its names.
enum Shape {
    static let longest = 300

    /// Files that are longer, each with the reason. An entry that is no longer needed is a finding too.
    static let longerWithReason: [String: String] = [:]

    static let vagueEndings = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities"]
    static let declarations: Set<String> = ["class", "struct", "enum", "actor", "protocol", "typealias", "extension"]

    static func isVague(_ name: Substring) -> Bool { vagueEndings.contains { name.hasSuffix($0) } }
}

extension Rule {
    /// A file fits in a head.
    static let fileSize = Rule(
        name: "a file has at most \(Shape.longest) lines",
        check: { file in
            // A text that ends with a newline splits into one more, empty, line.
            let count = file.lines.count - (file.lines.last?.isEmpty == true ? 1 : 0)
            let excused = Shape.longerWithReason[file.path] != nil
            if count > Shape.longest && !excused {
                return [Finding(path: file.path, line: Shape.longest + 1, message: "\(count) lines")]
            }
            if count <= Shape.longest && excused {
                return [Finding(path: file.path, line: 1, message: "fits now: take it off the list of longer files")]
            }
            return []
        },
        bad: [
            Sample(
                "Sources/StudioCore/A.swift", String(repeating: "\n", count: Shape.longest + 1),
                lines: [Shape.longest + 1])
        ],
        good: [Sample("Sources/StudioCore/A.swift", String(repeating: "\n", count: Shape.longest))])

    /// A name says what the thing does.
    static let names = Rule(
        name: "no name ends in Manager, Helper or Utils",
        check: { file in
            var findings: [Finding] = []
            for part in file.folders where Shape.isVague(part.split(separator: ".").first ?? part) {
                findings.append(Finding(path: file.path, line: 1, message: "\(part) does not say what it does"))
            }
            let declared = file.places(of: Array(Shape.declarations)).filter { $0 + 1 < file.tokens.count }
            for name in declared.map({ file.tokens[$0 + 1] }) where name.isWord && Shape.isVague(name.text[...]) {
                findings.append(
                    Finding(path: file.path, line: name.line, message: "\(name.text) does not say what it does"))
            }
            return findings
        },
        bad: [
            Sample("Sources/StudioCore/A.swift", "\nfinal class JobManager {}", lines: [2]),
            Sample("Sources/StudioCore/PathUtils.swift", "enum Paths {}", lines: [1]),
            Sample("Tests/StudioCoreTests/Helpers/A.swift", "struct A {}", lines: [1]),
            Sample("Tests/StudioCoreTests/A.swift", "private enum TestHelper {}", lines: [1]),
        ],
        good: [
            Sample("Sources/StudioCore/A.swift", "let manager = FileManager.default // JobManager"),
            Sample("Sources/StudioCore/Managed.swift", "struct Managers2 {}"),
        ])

    /// The environment is read in one place of each program and handed down as values.
    static let environment = Rule(
        name: "only App/ reads the environment",
        check: { file in
            guard file.isProduct, !file.isAssembly else { return [] }
            let readers = ["ProcessInfo", "getenv", "secure_getenv", "setenv", "environ", "CommandLine"]
            return file.places(of: readers).filter { index in
                // `.environ` and `environ:` are names of something else.
                (index == 0 || file.tokens[index - 1].text != ".")
                    && (index + 1 == file.tokens.count || file.tokens[index + 1].text != ":")
            }.map { Finding(path: file.path, line: file.tokens[$0].line, message: "reads the environment") }
        },
        bad: [
            Sample("Sources/StudioSystem/A.swift", "\nlet home = getenv(\"HOME\")", lines: [2]),
            Sample("Sources/GatewayServer/Jobs/A.swift", "let all = ProcessInfo.processInfo.environment", lines: [1]),
        ],
        good: [
            Sample("Sources/GatewayServer/App/A.swift", "let all = ProcessInfo.processInfo.environment"),
            Sample("Sources/StudioSystem/A.swift", "// getenv is for App/\nspawn(environ: [])"),
        ])

    /// A library tells what happened through its logger or its return value.
    static let printing = Rule(
        name: "libraries do not print",
        check: { file in
            guard file.isProduct, !["GatewayServer", "RenderWorker"].contains(file.target) else { return [] }
            return file.places(of: ["print", "debugPrint", "dump"]).filter { index in
                index + 1 < file.tokens.count && file.tokens[index + 1].text == "("
                    && (index == 0 || ![".", "func"].contains(file.tokens[index - 1].text))
            }.map { Finding(path: file.path, line: file.tokens[$0].line, message: "prints; log or return it") }
        },
        bad: [Sample("Sources/StudioCore/A.swift", "func a() {\n    print(\"x\")\n}", lines: [2])],
        good: [
            Sample(
                "Sources/StudioCore/A.swift", "func print(_ text: String) {}\nlet s = \"print(1)\"\ncanvas.print(s)"),
            Sample("Sources/GatewayServer/App/A.swift", "print(\"done\")"),
        ])
}
