import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// `make run` and `make new-project`, as the scripts behind them do it.
@Suite("The stack's scripts", .serialized, .timeLimit(.minutes(10)))
struct StackScriptTests {
    @Test("The first login is shown once; what was made is there after stop and start; WORKERS=3 are three workers")
    func keepsItsData() async throws {
        try await ScriptedStack.use { stack in
            let first = try await stack.start(settings: ["WORKERS": "3"])
            #expect(first.components(separatedBy: "first login").count == 2)
            let login = try #require(FirstLogin(shownIn: first))
            let api = try await stack.signedIn(with: login)
            try await eventually("three workers") {
                let workers = try await api.get("/api/v1/workers").json["items"]?.arrayValue ?? []
                return Set(workers.compactMap { $0["name"]?.stringValue }) == ["worker-1", "worker-2", "worker-3"]
            }
            let known = try await stack.script("new-project.sh", settings: ["NAME": "film", "TITLE": "The Film"])
            #expect(known.exit == .code(0), "\(known.errors)")
            // The running gateway knows it at once.
            #expect(try await api.get("/api/v1/projects/film").json["title"] == "The Film")
            let twice = try await stack.script("new-project.sh", settings: ["NAME": "film"])
            #expect(twice.exit != .code(0))

            try await stack.stop()
            let offline = try await stack.script("new-project.sh", settings: ["NAME": "offline"])
            #expect(offline.exit == .code(0), "\(offline.errors)")
            #expect(FileManager.default.fileExists(atPath: stack.home.path("Workspace/Projects/offline/.git")))

            let second = try await stack.start()
            #expect(!second.contains("first login"))
            #expect(!second.contains(login.password))
            let again = try await stack.signedIn(with: login)
            for (name, title) in [("film", "The Film"), ("offline", nil)] as [(String, String?)] {
                let project = try await again.get("/api/v1/projects/\(name)")
                #expect(project.status == 200, "\(name): \(project.text)")
                if let title { #expect(project.json["title"] == .string(title)) }
            }
        }
    }

    @Test("Two stacks with homes and ports of their own run side by side; a home has one stack only")
    func sideBySide() async throws {
        try await ScriptedStack.use { left in
            try await ScriptedStack.use { right in
                let shown = [try await left.start(settings: ["WORKERS": "0"]), try await right.start()]
                let logins = try shown.map { try #require(FirstLogin(shownIn: $0)) }
                #expect(logins[0].password != logins[1].password)
                let leftAPI = try await left.signedIn(with: logins[0])
                let rightAPI = try await right.signedIn(with: logins[1])
                #expect(try await leftAPI.post("/api/v1/projects", ["name": "film", "title": "Left"]).status == 201)
                #expect(try await rightAPI.get("/api/v1/projects/film").status == 404)
                let more = try await left.script("stack.sh", ["start"])
                #expect(more.exit != .code(0))
                #expect(more.errors.contains("already runs"), "\(more.errors)")
                // One stack's end is not the other's.
                try await right.stop()
                #expect(try await leftAPI.get("/api/v1/projects/film").status == 200)
            }
        }
    }
}
