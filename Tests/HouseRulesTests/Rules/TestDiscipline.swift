extension Rule {
    /// What keeps a test honest: it waits for what happens, and it always runs.
    static let testDiscipline: [Rule] = [
        Rule(
            name: "tests do not sleep",
            check: { file in
                guard file.path.hasPrefix("Tests/"), file.target != "StudioTestKit" else { return [] }
                let message = "sleeps; wait for a signal or a condition of StudioTestKit"
                let calls = ["usleep", "nanosleep", "clock_nanosleep"].flatMap { file.findings([$0, "("], message) }
                let members = ["Task", "Thread"].flatMap { file.findings([$0, ".", "sleep"], message) }
                let plain = file.places(of: ["sleep"]).filter { index in
                    index + 1 < file.tokens.count && file.tokens[index + 1].text == "("
                        && (index == 0 || ![".", "func"].contains(file.tokens[index - 1].text))
                }.map { Finding(path: file.path, line: file.tokens[$0].line, message: message) }
                return calls + members + plain
            },
            bad: [
                Sample(
                    "Tests/IntegrationTests/A.swift",
                    "try await Task.sleep(for: .seconds(1))\nusleep(3)\nsleep(1)\nThread.sleep(forTimeInterval: 1)",
                    lines: [1, 2, 3, 4])
            ],
            good: [
                Sample("Tests/StudioTestKit/A.swift", "try await Task.sleep(for: .seconds(1))"),
                Sample("Sources/StudioCore/A.swift", "try await Task.sleep(for: .seconds(1))"),
                Sample(
                    "Tests/IntegrationTests/A.swift", "try await clock.sleep(for: .seconds(1))\nlet s = \"sleep(60)\""),
            ]),
        Rule(
            name: "every test runs",
            check: { file in
                guard file.path.hasPrefix("Tests/") else { return [] }
                let message = "may not run; a missing part is a failure, not a skip"
                return ["disabled", "enabled"].flatMap { file.findings([".", $0, "("], message) }
                    + [
                        "XCT" + "Skip", "XCT" + "SkipIf", "XCT" + "SkipUnless", "with" + "KnownIssue",
                        "XCTExpectFailure",
                    ].flatMap {
                        file.findings([$0], message)
                    }
            },
            bad: [
                Sample(
                    "Tests/StudioCoreTests/A.swift",
                    "@Test(." + "disabled(\"later\")) func a() {}\n@Test(.enabled(if: false)) func b() {}",
                    lines: [1, 2]),
                Sample("Tests/StudioCoreTests/A.swift", "with" + "KnownIssue { #expect(false) }", lines: [1]),
            ],
            good: [Sample("Tests/StudioCoreTests/A.swift", "@Test func disabled() { let enabled = true }")]),
    ]
}
