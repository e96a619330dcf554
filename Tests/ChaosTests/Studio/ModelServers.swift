import Foundation
import StudioTestKit

/// What carries out functions beside the workers: a Docker engine with images of a `batch` program and of a Cog model, and
/// ComfyUI servers of both generations.
struct ModelServers: Sendable {
    static let comfyUIs = 2
    static let cogImage = "studio-test/cog:1"

    /// A container as the engine lists it.
    struct Container: Decodable, Sendable {
        let Id: String
        let State: String
        let Labels: [String: String]
    }

    let docker: PrivateDocker
    let comfyUIs: [ComfyUIServer]

    /// Starts them.
    init() async throws {
        docker = try await PrivateDocker()
        try await docker.makeTool()
        try await docker.cogImage(Self.cogImage)
        var servers: [ComfyUIServer] = []
        for index in 0..<Self.comfyUIs { servers.append(try await ComfyUIServer(isOld: index % 2 == 1)) }
        comfyUIs = servers
    }

    /// Starts what does not run.
    func start() async throws {
        try await docker.start()
        for server in comfyUIs { try await server.start() }
    }

    /// All containers of workers, whether they run or not.
    func containers() async throws -> [Container] {
        let answer = try await docker.request("GET", "/containers/json?all=1")
        return try JSONDecoder().decode([Container].self, from: Data(answer.utf8))
            .filter { $0.Labels["studio.worker"] != nil }
    }

    /// Kills what runs in one of the containers.
    ///
    /// - Parameter number: Decides which.
    /// - Returns: Whether there was one; one that ends at this very moment does not count.
    /// - Throws: `TestKitError` where the engine does not answer.
    func killContainer(_ number: Int) async throws -> Bool {
        let running = try await containers().filter { $0.State == "running" }.sorted { $0.Id < $1.Id }
        guard !running.isEmpty else { return false }
        return (try? await docker.request("POST", "/containers/\(running[number % running.count].Id)/kill")) != nil
    }

    /// Ends them.
    func stop() async throws {
        for server in comfyUIs { try await server.kill() }
        try await docker.stop()
    }
}
