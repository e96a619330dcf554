/// What a string literal of the product may not say.
enum Literals {
    /// SQL statements, whatever letters they are written in; `SELECT` alone is a command of Redis too.
    private static func statements() -> Regex<Substring> {
        let words = /\b(?:insert\s+into|delete\s+from|update\s+\w+(?:\s+\w+)?\s+set|select\s[^;]*\bfrom|lock\s+table)\s/
        return words.ignoresCase()
    }
    private static func query() -> Regex<Substring> { /\bSELECT\s+\S/ }
    private static func definition() -> Regex<Substring> {
        /\b(?:CREATE|ALTER|DROP|TRUNCATE)\s+(?:TABLE|INDEX|FUNCTION|TRIGGER)\b/
    }

    /// How many lines below its first a literal has a statement; nil where it has none.
    static func statement(in literal: String) -> Int? {
        // A statement has several words: most literals need not be searched.
        guard literal.utf8.count > 7, literal.utf8.contains(where: { $0 == 32 || $0 == 10 }) else { return nil }
        let found = [statements(), query(), definition()].compactMap {
            try? $0.firstMatch(in: literal)?.range.lowerBound
        }
        return found.min().map { literal[..<$0].count { $0 == "\n" } }
    }

    /// The values of `LogKey`.
    static let logKeys: Set<String> = {
        let source = (try? SourceTree.text(of: "Sources/StudioSystem/Logging/LogKey.swift")) ?? ""
        return Set(source.matches(of: /static let \w+ = "(\w+)"/).map { String($0.output.1) })
    }()
}

extension Rule {
    /// What the database is asked stands where its schema does.
    static let sql = Rule(
        name: "SQL lives in StudioPostgres",
        check: { file in
            guard file.isProduct, file.target != "StudioPostgres" else { return [] }
            return file.tokens.compactMap { token in
                guard let literal = token.literal, let below = Literals.statement(in: literal) else { return nil }
                return Finding(path: file.path, line: token.line + below, message: "SQL belongs into a store")
            }
        },
        bad: [
            Sample("Sources/GatewayServer/A.swift", "\nlet a = \"SELECT 1 AS one\"", lines: [2]),
            Sample("Sources/GatewayServer/A.swift", "let a = \"select \\(columns) from jobs\"", lines: [1]),
            Sample(
                "Sources/RenderWorker/A.swift",
                "let a = \"\"\"\n    WITH b AS (\n    INSERT INTO jobs VALUES (1))\n    \"\"\"\nlet c = \"DELETE FROM x \"",
                lines: [3, 5]),
            Sample("Sources/StudioCore/A.swift", "let a = \"UPDATE \\(table) t SET a = 1\"", lines: [1]),
        ],
        good: [
            Sample("Sources/StudioPostgres/A.swift", "let a = \"SELECT 1\""),
            Sample("Tests/GatewayServerTests/A.swift", "let a = \"SELECT 1\""),
            Sample(
                "Sources/StudioRedis/A.swift",
                "let a = RedisCommand(\"SELECT\", .integer(1)) // SELECT a FROM b\nlet b = \"select the project\""),
        ])

    /// One search follows a request through both programs: the names of what lines say are written once.
    static let logKeys = Rule(
        name: "log keys come from LogKey",
        check: { file in
            guard file.isProduct, file.target != "QueueProtocol", file.target != "StudioCore" else { return [] }
            var findings: [Finding] = []
            for start in file.places(of: ["metadata", "metadataKey"])
            where start + 2 < file.tokens.count && file.tokens[start + 1].text == ":" {
                let rest = file.tokens[(start + 2)...]
                let isList = rest.first?.text == "["
                var depth = 0
                for (token, next) in zip(rest, rest.dropFirst()) {
                    if token.text == "[" { depth += 1 }
                    if token.text == "]" { depth -= 1 }
                    if let key = token.literal, Literals.logKeys.contains(key), next.text == (isList ? ":" : "]") {
                        findings.append(Finding(path: file.path, line: token.line, message: "\(key): is in LogKey"))
                    }
                    if depth <= 0 { break }
                }
            }
            return findings
        },
        bad: [
            Sample(
                "Sources/GatewayServer/A.swift",
                "log.info(\"a\", metadata: [\n    \"job\": \"\\(a[1])\", LogKey.shot: \"b\", \"user_id\": \"c\",\n])",
                lines: [2, 2]),
            Sample("Sources/RenderWorker/A.swift", "log[metadataKey: \"trace_id\"] = \"a\"", lines: [1]),
        ],
        good: [
            Sample(
                "Sources/GatewayServer/A.swift",
                "log.info(\"a\", metadata: [LogKey.job: \"job\", \"bytes\": \"1\"])\nlet a = [\"job\": 1]"),
            Sample("Sources/RenderWorker/A.swift", "log[metadataKey: LogKey.job] = \"job\""),
        ])
}
