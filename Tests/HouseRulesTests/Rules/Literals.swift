/// What a string literal of the product may not say.
enum Literals {
    /// The values of `LogKey`.
    static let logKeys: Set<String> = {
        let source = (try? SourceTree.text(of: "Sources/StudioSystem/Logging/LogKey.swift")) ?? ""
        return Set(source.matches(of: /static let \w+ = "(\w+)"/).map { String($0.output.1) })
    }()
}

extension Rule {
    /// One search follows a request through both programs: the names of what lines say are written once.
    static let logKeys = Rule(
        name: "log keys come from LogKey",
        check: { file in
            guard file.isProduct, file.target != "QueueProtocol", file.target != "StudioCore" else { return [] }
            var findings: [Finding] = []
            for start in file.tokens.indices.dropLast(2)
            where ["metadata", "metadataKey"].contains(file.tokens[start].text) && file.tokens[start + 1].text == ":" {
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
