import Foundation
import QueueProtocol
import StudioTestKit
import Testing

extension Stack {
    /// Makes a project and returns its name.
    @discardableResult
    nonisolated func project(_ name: String = "film") async throws -> String {
        let made = try await api.post("/api/v1/projects", ["name": .string(name), "title": .string("The \(name)")])
        #expect(made.status == 201, "\(made.text)")
        return name
    }

    /// Adds a function to the catalogue and waits until it is offered.
    nonisolated func install(_ manifest: JSONValue) async throws {
        let name = manifest["name"]?.stringValue ?? ""
        let folder = "\(workspace)/Library/Pipeline_Templates/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try JSONText.document(manifest).write(to: URL(fileURLWithPath: folder + "/function.json"), options: .atomic)
        try await eventually("the function \(name) is offered") {
            try await api.get("/api/v1/functions/\(name)").status == 200
        }
    }

    nonisolated func folder(of project: String) -> String { "\(workspace)/Projects/\(project)" }

    /// Submits a job and returns its id.
    nonisolated func submit(
        _ function: String, parameters: JSONValue, inputs: JSONValue = [:], shot: String = "SHOT-010",
        project: String = "film", more: [String: JSONValue] = [:], headers: [String: String] = [:]
    ) async throws -> String {
        let body: [String: JSONValue] = [
            "shot": .string(shot), "function": .string(function), "parameters": parameters, "inputs": inputs,
        ]
        let answer = try await api.post(
            "/api/v1/projects/\(project)/jobs", .object(body.merging(more) { $1 }), headers: headers)
        guard answer.status == 202, let id = answer.json["id"]?.stringValue else {
            throw TestKitError("submission answered \(answer.status): \(answer.text)")
        }
        return id
    }

    /// A job the length of which a test can rely on: long enough to be disturbed in the middle.
    nonisolated func submitLong(seconds: Int = 30, more: [String: JSONValue] = [:]) async throws -> String {
        try await submit(
            "mock-video",
            parameters: [
                "prompt": "a long shot", "seconds": .integer(Int64(seconds)), "width": 640, "height": 360,
            ], more: more)
    }

    /// A film that is small and still long enough to be disturbed in the middle.
    nonisolated func submitFilm(seconds: Int = 12, more: [String: JSONValue] = [:]) async throws -> String {
        try await submit(
            "mock-video",
            parameters: ["prompt": "a shot", "seconds": .integer(Int64(seconds)), "width": 320, "height": 180],
            more: more)
    }

    /// A job that does nothing for a time, and makes no take.
    nonisolated func submitWait(seconds: Int, more: [String: JSONValue] = [:]) async throws -> String {
        try await submit("noop", parameters: ["milliseconds": .integer(Int64(seconds) * 1000)], more: more)
    }

    nonisolated func job(_ id: String) async throws -> JSONValue { try await api.get("/api/v1/jobs/\(id)").json }

    /// Waits until the job is in one of the states.
    @discardableResult
    nonisolated func wait(
        for id: String, toBe states: String..., within bound: Duration = .seconds(300)
    ) async throws -> JSONValue {
        let last = Watched(JSONValue.null)
        do {
            try await eventually("job \(id) is \(states)", within: bound) {
                guard let job = try? await job(id) else { return false }
                last.update { $0 = job }
                return job["state"]?.stringValue.map(states.contains) ?? false
            }
        } catch {
            throw TestKitError("\(error); the job stands at \(last.value)")
        }
        return last.value
    }

    /// Waits until the job runs and its encoder has reported progress.
    nonisolated func waitForProgress(of id: String, within bound: Duration = .seconds(300)) async throws {
        try await eventually("job \(id) makes progress", within: bound) {
            guard let job = try? await job(id) else { return false }
            return job["state"] == "running" && (job["progress"]?.doubleValue ?? 0) > 0
        }
    }

    /// How a job's attempts ended, in their order; `running` for one that has not.
    nonisolated func outcomes(of id: String) async throws -> [String] {
        try await sql(
            "SELECT coalesce(outcome, 'running') FROM job_attempts WHERE job_id = '\(id)' ORDER BY attempt")
    }

    /// The worker that runs a job, or ran it last.
    nonisolated func worker(of id: String) async throws -> ChildProcess {
        let names = try await sql(
            "SELECT worker_name FROM job_attempts WHERE job_id = '\(id)' ORDER BY attempt DESC LIMIT 1")
        guard let number = names.first?.split(separator: "-").last.flatMap({ Int($0) }) else {
            throw TestKitError("job \(id) was never run")
        }
        return await workers[number - 1]
    }

    /// Waits until Redis or PostgreSQL comes to hold something that nothing announces, such as a lease that ran out.
    nonisolated func untilSQL(_ query: String, is rows: String..., within bound: Duration = .seconds(300)) async throws
    {
        try await eventually("\(query) is \(rows)", within: bound) { try await sql(query) == rows }
    }

    nonisolated func takes(project: String = "film") async throws -> [JSONValue] {
        try await api.get("/api/v1/projects/\(project)/takes").json["items"]?.arrayValue ?? []
    }

    /// Runs a program in the project's folder with a person's Git settings and returns what it printed.
    nonisolated func person(_ command: String..., project: String = "film") async throws -> String {
        let person = home.path("person")
        if !FileManager.default.fileExists(atPath: person + "/.gitconfig") {
            try home.write(
                Data("[user]\n\tname = Person\n\temail = person@example.org\n[safe]\n\tdirectory = *\n".utf8),
                to: "person/.gitconfig")
        }
        let done = try await ChildProcess.run(
            command[0], Array(command.dropFirst()), environment: ["HOME": person], directory: folder(of: project))
        guard done.exit == .code(0) else {
            throw TestKitError("\(command.joined(separator: " ")): \(done.exit) \(done.output)\(done.errors)")
        }
        return done.output
    }

    /// What the stock tools must say of a project after any disturbance, and what the audit must not find.
    nonisolated func expectSound(project: String = "film") async throws {
        #expect(try await person("git", "status", "--porcelain", project: project) == "")
        _ = try await person("git", "fsck", "--strict", project: project)
        _ = try await person("git", "lfs", "fsck", project: project)
        let audit = try await ProgramUnderTest.gateway.run(["audit"], environment: environment)
        #expect(audit.exit == .code(0), "\(audit.output)\(audit.errors)")
    }

    /// A column of a query, asked past the programs.
    nonisolated func sql(_ query: String) async throws -> [String] {
        try await postgres.sql(query, in: environment["DATABASE_URL"])
    }
}
