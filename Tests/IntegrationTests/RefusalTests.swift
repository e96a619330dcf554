import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// What must be refused, clearly, leaving nothing behind.
@Suite("Refusals", .serialized)
struct RefusalTests {
    /// Everything a refused submission could have left behind.
    private func traces(_ stack: Stack) async throws -> [String] {
        try await stack.sql(
            """
            SELECT (SELECT count(*) FROM jobs) || ' ' || (SELECT count(*) FROM ledger_entries) || ' '
                || (SELECT count(*) FROM takes) || ' ' || (SELECT count(*) FROM idempotency_keys) || ' '
                || (SELECT sum(held) FROM credit_accounts)
            """)
    }

    @Test("Bad submissions name all that is wrong and leave nothing")
    func submissions() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        let before = try await traces(stack)
        let good: JSONValue = ["prompt": "x"]
        let cases: [(body: JSONValue, pointers: Set<String>)] = [
            (["shot": "A", "function": "nosuch"], ["/function"]),
            (["shot": "a b", "function": "mock-image", "parameters": good], ["/shot"]),
            (
                [
                    "shot": "A", "function": "mock-video",
                    "parameters": ["seconds": -1, "width": "wide", "surprise": 1],
                ],
                ["/parameters/prompt", "/parameters/seconds", "/parameters/width", "/parameters/surprise"]
            ),
            (["shot": "A", "function": "transcode"], ["/inputs/source"]),
            (["shot": "A", "function": "transcode", "inputs": ["source": "01_Assets/none.mp4"]], ["/inputs/source"]),
            (["shot": "A", "function": "transcode", "inputs": ["source": "../../secret.mp4"]], ["/inputs/source"]),
            (["shot": "A", "function": "transcode", "inputs": ["source": "/etc/passwd"]], ["/inputs/source"]),
            (["shot": "A", "function": "mock-image", "parameters": good, "dependsOn": ["x"]], ["/dependsOn/0"]),
        ]
        for (body, pointers) in cases {
            let answer = try await stack.api.post(
                "/api/v1/projects/film/jobs", body, headers: ["Idempotency-Key": UUID().uuidString])
            #expect(answer.status == 422 || answer.status == 400, "\(body): \(answer.text)")
            #expect(answer.headers["content-type"]?.hasPrefix("application/problem+json") ?? false)
            let found = answer.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue } ?? []
            #expect(Set(found) == pointers, "\(body): \(answer.text)")
        }
        #expect(try await traces(stack) == before)
        try await stack.stop()
    }

    @Test("Without enough credits nothing is written")
    func credits() async throws {
        let stack = try await Stack.start(workers: 0, settings: ["STARTING_CREDITS": "1"])
        try await stack.project()
        let before = try await traces(stack)
        let answer = try await stack.api.post(
            "/api/v1/projects/film/jobs",
            ["shot": "A", "function": "mock-video", "parameters": ["prompt": "x", "seconds": 600]])
        #expect(answer.status == 402)
        #expect(answer.json["type"] == "/problems/insufficient-credits")
        #expect(try await traces(stack) == before)
        try await stack.stop()
    }

    @Test("A click twice with one key is one job, paid once; another body under the key is refused")
    func idempotency() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        let body: JSONValue = ["shot": "A", "function": "mock-image", "parameters": ["prompt": "x"]]
        let key = ["Idempotency-Key": "click-1"]
        async let left = stack.api.post("/api/v1/projects/film/jobs", body, headers: key)
        async let right = stack.api.post("/api/v1/projects/film/jobs", body, headers: key)
        let answers = try await [left, right].filter { $0.status == 202 }
        #expect(Set(answers.compactMap { $0.json["id"]?.stringValue }).count == 1)
        let again = try await stack.api.post("/api/v1/projects/film/jobs", body, headers: key)
        #expect(again.status == 202)
        #expect(again.headers["idempotency-replayed"] == "true")
        #expect(again.json["id"] == answers.first?.json["id"])
        let other = try await stack.api.post(
            "/api/v1/projects/film/jobs",
            ["shot": "B", "function": "mock-image", "parameters": ["prompt": "x"]], headers: key)
        #expect(other.status == 422)
        #expect(other.json["type"] == "/problems/idempotency-mismatch")
        #expect(try await stack.sql("SELECT count(*) FROM jobs") == ["1"])
        #expect(try await stack.sql("SELECT count(*) FROM ledger_entries WHERE kind = 'hold'") == ["1"])
        try await stack.stop()
    }

    @Test("Files that are no media, or lie about themselves, fail their job and nothing else")
    func garbage() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        // A PNG header that claims 100,000 x 100,000 pixels.
        let absurd: [UInt8] = [
            0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 1, 0x86, 0xA0, 0, 1,
            0x86, 0xA0, 8, 2, 0, 0, 0, 0, 0, 0, 0,
        ]
        // Half a film: one lacks its index, the other has it and lacks the frames it promises.
        var halves: [Data] = []
        for flags in ["0", "+faststart"] {
            let whole = stack.home.path("whole\(flags).mp4")
            let made = try await ChildProcess.run(
                "ffmpeg",
                [
                    "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2", "-c:v", "mpeg4",
                    "-movflags", flags, whole,
                ])
            try #require(made.exit == .code(0), "\(made.errors)")
            let film = try Data(contentsOf: URL(fileURLWithPath: whole))
            halves.append(film.prefix(film.count / 2))
        }
        let files: [(String, Data)] = [
            ("no-index.mp4", halves[0]), ("no-end.mp4", halves[1]), ("empty.mp4", Data()),
            ("text.mp4", Data("this is no film\n".utf8)),
            ("noise.mkv", Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })),
            ("absurd.png", Data(absurd)),
        ]
        for (name, bytes) in files {
            let upload = try await stack.api.send(
                "PUT", "/api/v1/projects/film/files/01_Assets/Media/Video/\(name)", bytes: bytes)
            #expect(upload.status == 201, "\(name): \(upload.text)")
            let id = try await stack.submit(
                "transcode", parameters: [:], inputs: ["source": .string("01_Assets/Media/Video/\(name)")])
            let done = try await stack.wait(for: id, toBe: "failed", "succeeded")
            #expect(done["failure"]?["code"] == "input-invalid", "\(name): \(done)")
        }
        #expect(try await stack.takes().isEmpty)
        #expect(try await stack.api.get("/api/v1/me").json["credits"]?["held"] == 0)
        #expect(await stack.workers.first?.ended == nil)
        try await stack.expectSound()
        try await stack.stop()
    }
}
