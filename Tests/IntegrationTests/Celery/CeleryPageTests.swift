import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// The page that Python's engineers copy from: what it shows is what happens.
@Suite("The page on Celery", .serialized)
struct CeleryPageTests {
    @Test("Every example runs as it stands, from the first to the last, and prints what the page says")
    func examples() async throws {
        let page = try ExamplePage("celery.md")
        let stack = try await Stack.start()
        try await stack.project()
        let folder = try TemporaryDirectory("page")
        let url = stack.redis.celeryURL()
        try folder.write("REDIS_URL='\(url)'\n".utf8, to: ".studio/run/connections.env")
        let programs = try PythonProgram.interpreter().split(separator: "/").dropLast().joined(separator: "/")
        let environment = [
            "REDIS_URL": url, "PATH": "/\(programs):/usr/local/bin:/usr/bin:/bin", "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "1",
        ]
        var workers: [ChildProcess] = []
        var printed = ""
        var ran = 0
        for block in page.blocks {
            switch block {
            case .file(let name, let text):
                try folder.write(text.utf8, to: name)
                if name.hasSuffix("function.json") {
                    try await stack.install(try JSONText.decode(JSONValue.self, from: Data(text.utf8)))
                }
            case .worker(let command):
                let worker = try ChildProcess(
                    "bash", ["-c", "exec " + command], environment: environment, directory: folder.path)
                try await worker.line(containing: " ready.")
                workers.append(worker)
            case .commands(let text):
                let done = try await ChildProcess.run(
                    "bash", ["-euc", text], environment: environment, directory: folder.path)
                #expect(done.exit == .code(0), "\(text)\(done.output)\(done.errors)")
                printed = done.output + done.errors
                ran += 1
            case .output(let lines):
                let missing = ExamplePage.missing(lines, in: printed)
                #expect(missing == nil, "\(printed)")
            }
        }
        #expect(ran >= 6)
        for worker in workers { worker.send(SIGTERM) }
        for worker in workers { try await worker.exit() }
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A block is known by its first line; what is printed is looked for in its order")
    func reading() throws {
        let page = try ExamplePage(
            text:
                "# A\n```sh\nls\n```\n```python a.py\nx = 1\n```\n```sh worker\nw\n```\n```text\none\ntwo … three\n```\n```\nx\n```\n"
        )
        #expect(
            page.blocks == [
                .commands("ls\n"), .file("a.py", "x = 1\n"), .worker("w\n"), .output(["one", "two … three"]),
            ])
        #expect(ExamplePage.missing(["one", "two … three"], in: "zero\none\ntwo and three\n") == nil)
        #expect(ExamplePage.missing(["two", "one"], in: "one\ntwo\n") == "one")
        #expect(throws: TestKitError.self) { try ExamplePage(text: "```sh\nls\n") }
    }
}
