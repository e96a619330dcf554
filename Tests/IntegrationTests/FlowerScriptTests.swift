import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// `make flower`: Flower on a stack that `make run` started.
@Suite(.timeLimit(.minutes(10))) struct FlowerScriptTests {
    @Test func itShowsTheRunningStackToWhomeverHasThePassword() async throws {
        try await ScriptedStack.use { stack in
            let early = try await stack.script("flower.sh")
            #expect(early.exit == .code(1) && early.errors.contains("make run"), "\(early)")
            _ = try await stack.start()
            let port = try ProgramUnderTest.freePort()
            let flower = try ChildProcess(
                "\(ScriptedStack.root)/scripts/flower.sh",
                environment: ["STUDIO_HOME": stack.home.path, "FLOWER_PORT": String(port)])
            let line = try await flower.line(containing: "Flower is at http://127.0.0.1:\(port)")
            let password = try #require(line.split(separator: " ").last.map(String.init))
            try await flower.line(containing: "Connected to ")
            #expect(flower.lines.allSatisfy { !$0.text.contains("redis://default:") || $0.text.contains("**") })

            let base = "http://127.0.0.1:\(port)"
            #expect(try await APIClient(base: base).get("/api/workers").status == 401)
            let credentials = Data("studio:\(password)".utf8).base64EncodedString()
            let headers = ["Authorization": "Basic \(credentials)"]
            var node = ""
            try await eventually("Flower sees the worker") {
                let workers = try await APIClient(base: base).get("/api/workers?status=true", headers: headers).json
                node = workers.objectValue?.first { $0.value == true }?.key ?? ""
                return node.hasPrefix("worker-1@")
            }
            // It knows the names of our tasks, so that their limits can be set on its pages.
            var answer = ""
            try await eventually("Flower sets a limit; its last answer was \(answer)") {
                let limited = try await APIClient(base: base).send(
                    "POST", "/api/task/rate-limit/studio.render",
                    bytes: Data("workername=\(node)&ratelimit=100".utf8), headers: headers)
                answer = limited.text
                return limited.status == 200 && answer.contains("new rate limit set")
            }
            flower.send(SIGTERM)
            try await flower.exit()
        }
    }
}
