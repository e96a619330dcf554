extension Rule {
    private static let promise = "without `// SAFETY:` just above saying why it holds"

    private static func hatch(
        _ name: String, _ find: @escaping @Sendable (SourceFile) -> [Finding], bad: [Sample], good: [Sample]
    ) -> Rule {
        Rule(
            name: "\(name) only with a reason",
            check: { file in find(file).filter { !file.isJustified(line: $0.line) } }, bad: bad, good: good)
    }

    /// Whatever the compiler can no longer check carries its proof.
    static let escapeHatches: [Rule] = [
        hatch(
            "@unchecked Sendable and nonisolated(unsafe)",
            { file in
                file.findings(["@", "unchecked"], "@unchecked \(promise)")
                    + file.findings(["nonisolated", "(", "unsafe", ")"], "nonisolated(unsafe) \(promise)")
            },
            bad: [
                Sample("Sources/StudioGit/A.swift", "final class A: @unchecked Sendable {}", lines: [1]),
                Sample("Sources/StudioGit/A.swift", "// why\n\nnonisolated(unsafe) var a = 1", lines: [3]),
            ],
            good: [
                Sample(
                    "Sources/StudioGit/A.swift",
                    "// SAFETY: immutable after init,\n// C says so.\nfinal class A: @unchecked Sendable {}"),
                Sample("Sources/StudioGit/A.swift", "/// Never `@unchecked Sendable`.\nnonisolated var a: Int { 1 }"),
            ]),
        hatch(
            "unsafeBitCast",
            { $0.findings(["unsafeBitCast"], "unsafeBitCast \(promise)") },
            bad: [Sample("Sources/StudioGit/A.swift", "let a = unsafeBitCast(b, to: Int.self)", lines: [1])],
            good: [
                Sample("Sources/StudioGit/A.swift", "// SAFETY: same layout\nlet a = unsafeBitCast(b, to: Int.self)")
            ]),
        hatch(
            "try!, as! and force unwraps",
            { file in file.forced().map { Finding(path: file.path, line: $0.line, message: "traps \(promise)") } },
            bad: [
                Sample(
                    "Sources/StudioCore/A.swift", "let a = try! f()\nlet b = c as! D\nlet e = g!.h\nlet i = [1].first!",
                    lines: [1, 2, 3, 4]),
                Sample(
                    "Sources/StudioCore/A.swift", "let s = \"\\(name!)\"\nvar t: T!\nvar u: [T]!\nvar v: Set<T>!",
                    lines: [1, 2, 3, 4]),
                Sample("Tests/StudioCoreTests/A.swift", "f(a!, b! == c)", lines: [1, 1]),
            ],
            good: [
                Sample(
                    "Sources/StudioCore/A.swift",
                    "if a != b && !c { return !d }\nlet s = \"stop!\" // now!\nf(!a, [!b])"),
                Sample("Sources/StudioCore/A.swift", "#if !os(Linux)\n#endif\n// SAFETY: checked above\nlet a = b!"),
                Sample(
                    "Sources/StudioCore/A.swift",
                    "let a = #\"\"\"\n  x! \"quoted!\"\n\"\"\"#\nlet b = a\n    /* c! */ .d"),
            ]),
        hatch(
            "fatalError in product code",
            { file in
                guard file.isProduct else { return [] }
                return ["fatalError", "preconditionFailure", "abort"].flatMap {
                    file.findings([$0, "("], "\($0) \(promise)")
                }
            },
            bad: [Sample("Sources/StudioCore/A.swift", "\nfatalError(\"no\")", lines: [2])],
            good: [Sample("Tests/StudioCoreTests/A.swift", "fatalError(\"no\")")]),
    ]
}

extension SourceFile {
    /// Where an exclamation mark after a value, a type, `try` or `as` can trap.
    fileprivate func forced() -> [Token] {
        let closers: Set<String> = [")", "]", "}", "\"", ">", "?"]
        // `Set<T>!` and `a?!` reach us as one run of operator characters.
        let runs = [">!", ">>!", "?!", "!."]
        return places(of: ["!"] + runs).filter { $0 > 0 }.compactMap { index in
            let (before, mark) = (tokens[index - 1], tokens[index])
            guard !mark.isSpacedBefore else { return nil }
            return mark.text != "!" || before.isWord || closers.contains(before.text) ? mark : nil
        }
    }
}
