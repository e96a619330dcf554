import FoundationEssentials
import Glibc
import Logging
import NIOCore
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// The gate before a real engine.
@Suite("The engine gate", .timeLimit(.minutes(10)), .serialized) struct EngineGateTests {
    /// Opens a gate for as long as the body takes.
    private func through(
        _ engine: EngineAddress, folders: [String], most: Int = 512, _ body: @Sendable (Int) async throws -> Void
    ) async throws {
        let port = Watched<Int?>(nil)
        let gate = EngineGate(
            engine: engine, settings: .init(listen: .tcp("127.0.0.1:0"), folders: folders), logger: Stage.logger,
            mostConnections: most, onListening: { address in port.update { $0 = address?.port } })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await gate.run() }
            defer { group.cancelAll() }
            try await body(try await port.wait("the gate is open") { $0 })
        }
    }

    private func host(_ port: Int, _ stage: Stage) -> ContainerHost {
        ContainerHost(
            engine: ContainerEngine(.tcp("127.0.0.1:\(port)")), worker: stage.worker,
            user: ContainerUser(ofWorker: 0, 0))
    }

    private func curl(_ port: Int, _ method: String, _ path: String, _ body: String? = nil) async throws -> String {
        try await ChildProcess.run(
            "curl",
            ["-sS", "-w", "\\n%{http_code}", "-X", method, "http://127.0.0.1:\(port)\(path)"]
                + (body.map { ["-H", "Content-Type: application/json", "-d", $0] } ?? [])
        ).output
    }

    @Test("Jobs go through it as they go to the engine: output, progress, cancel, failure; nothing is left")
    func jobs() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makeTool()
        try await Stage.with { stage in
            try await through(.unixSocket(docker.socket), folders: [stage.workspace.path]) { port in
                let host = host(port, stage)
                let runners: [String: any Runner] = [
                    "container": ContainerRunner(batch: BatchRunner(host: host), cog: nil)
                ]
                func submit(_ script: String) async throws -> JobID {
                    try await stage.submit("tool", parameters: [:], manifest: ContainerStage.manifest(script))
                }
                let job = try await submit("echo hello; /picture")
                let record = try await stage.attempt(job, in: stage.surroundings(runners: runners))
                let log = try await stage.jobs.readLog(job).map(\.lines).joined()
                #expect(record.state == .succeeded, "\(String(describing: record.failure))\n\(log)")
                #expect(log.contains("hello"))
                let reports = Watched<[ProgressReport]>([])
                let endless = try await submit(
                    "echo '{\"progress\": 0.5, \"stage\": \"painting\"}'; while :; do sleep 0.1; done")
                let stop = RunStop()
                async let cancelled = stage.attempt(
                    endless,
                    in: stage.surroundings(runners: runners, progress: { one in reports.update { $0.append(one) } }),
                    stop: stop)
                _ = try await reports.wait("it paints") { $0.last { $0.stage == "painting" } }
                #expect(try await host.engine.list(label: ContainerHost.Label.attempt).isEmpty == false)
                stop.stop(.cancelled)
                #expect(try await cancelled.state == .cancelled)
                let failed = try await stage.attempt(
                    try await submit("exit 64"), in: stage.surroundings(runners: runners))
                #expect(failed.failure?.code == .runnerFailed)
                #expect(try await docker.containers(label: "\(ContainerHost.Label.worker)=\(stage.worker)") == [])
                let seen = await EngineExamination(engine: host.engine, root: stage.workspace.path, override: nil)
                    .diagnoses(isNamed: true)
                #expect(seen.map(\.verdict) == [.ok, .ok], "\(seen)")
            }
        }
    }

    @Test("An engine that has answered and gone before all was said is heard all the same")
    func haste() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makeTool()
        let folder = try TemporaryDirectory("gate")
        try await through(.unixSocket(docker.socket), folders: [folder.path]) { port in
            let engine = ContainerEngine(.tcp("127.0.0.1:\(port)"))
            let image = ImageReference(ContainerStage.image)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<Self.askers {
                    group.addTask {
                        var heard = 0
                        for _ in 0..<Self.questions where try await engine.image(image) != nil { heard += 1 }
                        return heard
                    }
                }
                for try await heard in group { #expect(heard == Self.questions) }
            }
        }
    }
    private static let askers = 8
    private static let questions = 100

    @Test("A connection beyond the bound is closed, and nothing else happens")
    func crowd() async throws {
        let docker = try await PrivateDocker.shared()
        let folder = try TemporaryDirectory("gate")
        try await through(.unixSocket(docker.socket), folders: [folder.path], most: 1) { port in
            let first = try ChildProcess("bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port); echo open; cat <&3"])
            try await first.line(containing: "open")
            for _ in 0..<3 { #expect(try await curl(port, "GET", "/_ping").hasSuffix("\n000")) }
            first.send(SIGKILL, toGroup: true)
            try await first.exit()
            try await eventually("there is room again") {
                try await curl(port, "GET", "/_ping").hasSuffix("\n200")
            }
        }
    }

    @Test("What another studio's workers have made on the same engine is not this one's")
    func neighbours() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makeTool()
        let (folder, other) = (try TemporaryDirectory("gate"), try TemporaryDirectory("neighbour"))
        func make(_ place: TemporaryDirectory) async throws -> String {
            try place.write([], to: "job/file")
            let made = try await docker.request(
                "POST", "/containers/create?name=studio-\(UInt32.random(in: 0 ... .max))",
                [
                    "-H", "Content-Type: application/json", "-d",
                    """
                    {"Image": "\(PrivateDocker.tool)", "Cmd": ["true"], "Labels": {"\(ContainerHost.Label.worker)": "w"},
                     "HostConfig": {"Mounts": [{"Type": "bind", "Source": "\(place.path("job"))", "Target": "/studio"}]}}
                    """,
                ])
            return try #require(try JSONText.decode(JSONValue.self, from: made)["Id"]?.stringValue)
        }
        let (own, foreign) = (try await make(folder), try await make(other))
        try await through(.unixSocket(docker.socket), folders: [folder.path]) { port in
            for (method, path) in [("GET", "/json"), ("POST", "/start"), ("GET", "/logs"), ("DELETE", "?force=1")] {
                let answer = try await curl(port, method, "/containers/\(foreign)\(path)")
                #expect(answer.hasSuffix("\n403"), "\(method) \(path): \(answer)")
            }
            #expect(try await curl(port, "DELETE", "/containers/\(own)?force=1").hasSuffix("\n204"))
        }
        try await docker.request("DELETE", "/containers/\(foreign)?force=1")
    }

    @Test("A stream arrives whole, however much faster it is written than read")
    func stream() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makeTool()
        try await Stage.with { stage in
            try await through(.unixSocket(docker.socket), folders: [stage.workspace.path]) { port in
                let host = host(port, stage)
                let image = try #require(try await host.engine.image(ImageReference(ContainerStage.image)))
                let function = try FunctionManifest(ContainerStage.manifest("seq 1 200000"))
                guard case .container(let told) = function.runner else { throw Unexpected(what: "no container") }
                let made = try await host.engine.create(
                    host.spec(for: function, told, image: image), name: "studio-stream-\(UInt32.random(in: 0 ... .max))"
                )
                let (heard, bytes) = (Signal("it is listened to"), Watched(0))
                let listening = Task {
                    try await host.engine.attach(to: made, begun: { heard.fire() }) { _, part in
                        bytes.update { $0 += part.count }
                    }
                }
                try await heard.wait()
                try await host.engine.start(made)
                try await listening.value
                var written = 0
                for number in 1...200_000 { written += "\(number)\n".utf8.count }
                #expect(bytes.value == written)
                #expect(try await host.engine.ended(made).exitCode == 0)
                try await host.engine.remove(made)
            }
        }
    }

    @Test("What no runner asks is refused with 403; other people's containers are not there")
    func strangers() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makeTool()
        let folder = try TemporaryDirectory("gate")
        let foreign = try await docker.request(
            "POST", "/containers/create?name=foreign-\(UInt32.random(in: 0 ... .max))",
            [
                "-H", "Content-Type: application/json", "-d",
                """
                {"Image": "\(PrivateDocker.tool)", "Cmd": ["sleep", "1000"], "Env": ["SECRET=word"], "HostConfig":
                 {"Mounts": [{"Type": "bind", "Source": "\(folder.path)", "Target": "/workspace"},
                             {"Type": "bind", "Source": "/etc", "Target": "/host"}]}}
                """,
            ])
        let id = try #require(try JSONText.decode(JSONValue.self, from: foreign)["Id"]?.stringValue)
        try await through(.unixSocket(docker.socket), folders: [folder.path]) { port in
            for (method, path) in [
                ("POST", "/containers/\(id)/start"), ("POST", "/containers/\(id)/kill"),
                ("DELETE", "/containers/\(id)"),
                ("GET", "/containers/\(id)/logs?stdout=1"), ("GET", "/containers/\(id.prefix(12))/json"),
                ("POST", "/containers/\(id)/exec"), ("GET", "/images/json"), ("POST", "/build"),
                ("GET", "/containers/\(id)/archive?path=/etc"),
            ] {
                let answer = try await curl(port, method, path)
                #expect(answer.hasSuffix("\n403"), "\(method) \(path): \(answer)")
                #expect(answer.contains("message"))
            }
            let privileged = try await curl(
                port, "POST", "/containers/create?name=studio-x", #"{"Image": "a", "HostConfig": {"Privileged": true}}"#
            )
            #expect(privileged.hasSuffix("\n403"), "\(privileged)")
            #expect(try await curl(port, "GET", "/containers/json?all=1").hasPrefix("[]"))
            // A worker sees what its own container mounts of the studio's folders, and nothing else of it.
            let own = try await curl(port, "GET", "/containers/\(id)/json")
            #expect(own.contains(folder.path) && own.contains("/workspace"), "\(own)")
            #expect(!own.contains("/etc") && !own.contains("SECRET"), "\(own)")
            let long = String(repeating: "x", count: GateConnection.mostBytes + 1)
            let file = try folder.write(Array("{\"Image\": \"\(long)\"}".utf8), to: "long")
            let refused = try await curl(port, "POST", "/containers/create?name=studio-x", "@\(file)")
            #expect(refused.hasSuffix("\n413"), "\(refused.suffix(200))")
            #expect(try await curl(port, "GET", "/_ping").hasSuffix("\n200"))
            let info = try await curl(port, "GET", "/info")
            #expect(info.contains("NCPU") && !info.contains("OperatingSystem"))
        }
        try await docker.request("DELETE", "/containers/\(id)?force=1")
    }

    @Test("A path that leads over a symbolic link is refused when a container is made, and when it starts")
    func links() async throws {
        let docker = try await PrivateDocker.shared()
        try await docker.makeTool()
        try await Stage.with { stage in
            try await through(.unixSocket(docker.socket), folders: [stage.workspace.path]) { port in
                let host = host(port, stage)
                let image = try #require(try await host.engine.image(ImageReference(ContainerStage.image)))
                let function = try FunctionManifest(ContainerStage.manifest("true"))
                guard case .container(let told) = function.runner else { throw Unexpected(what: "no container") }
                let (inside, link) = (stage.workspace.path("inside"), stage.workspace.path("link"))
                mkdir(inside, 0o755)
                mkdir("\(inside)/deep", 0o755)
                #expect(symlink("/etc", link) == 0)
                var spec = host.spec(for: function, told, image: image)
                spec.mounts = [.init(source: "\(link)/ssl", target: "/studio/inputs")]
                let linked = spec
                let bad = await #expect(throws: EngineError.self) {
                    try await host.engine.create(linked, name: "studio-link-1")
                }
                #expect(bad?.message.contains("symbolic link") == true)
                spec.mounts = [.init(source: "\(inside)/deep", target: "/studio/inputs")]
                let made = try await host.engine.create(spec, name: "studio-link-\(UInt32.random(in: 0 ... .max))")
                rmdir("\(inside)/deep")
                #expect(symlink("/etc", "\(inside)/deep") == 0)
                let late = await #expect(throws: EngineError.self) { try await host.engine.start(made) }
                #expect(late?.message.contains("symbolic link") == true)
                try await host.engine.remove(made)
            }
        }
    }

    @Test("An engine that is lost is a lost engine; a client that goes takes its request with it")
    func losses() async throws {
        let docker = try await PrivateDocker()
        try await docker.makeTool()
        let link = try CuttableLink(to: docker.socket)
        try await Stage.with { stage in
            try await through(.tcp("127.0.0.1:\(link.port)"), folders: [stage.workspace.path]) { port in
                let host = host(port, stage)
                let image = try #require(try await host.engine.image(ImageReference(ContainerStage.image)))
                let function = try FunctionManifest(ContainerStage.manifest("while :; do sleep 1; done"))
                guard case .container(let told) = function.runner else { throw Unexpected(what: "no container") }
                let name = "studio-loss-\(UInt32.random(in: 0 ... .max))"
                let made = try await host.engine.create(host.spec(for: function, told, image: image), name: name)
                try await host.engine.start(made)
                // The gate's own client keeps one open for its next question; that of the start is gone soon.
                try await eventually("the start is over") { link.connections <= 1 }
                let idle = link.connections
                let waiting = Task { try await host.engine.wait(for: made) }
                try await eventually("the engine is asked") { link.connections > idle }
                waiting.cancel()
                _ = await waiting.result
                try await eventually("nobody asks any more") { link.connections <= idle }
                let lost = Task { try await host.engine.wait(for: made) }
                try await eventually("the engine is asked again") { link.connections > idle }
                try await docker.kill()
                let error = await #expect(throws: EngineError.self) { try await lost.value }
                #expect(error?.code == .unreachable, "\(String(describing: error))")
                let away = await #expect(throws: EngineError.self) { try await host.engine.inspect(made) }
                #expect(away?.code == .unreachable, "\(String(describing: away))")
                try await docker.start()
                try await eventually("it is back") { (try? await host.engine.inspect(made)) != nil }
                try await host.engine.remove(made)
            }
        }
        try await docker.stop()
    }
}
