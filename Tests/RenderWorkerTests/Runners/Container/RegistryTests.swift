import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// Images that come from a real registry.
@Suite("Images that are pulled", .timeLimit(.minutes(10)), .serialized) struct RegistryTests {
    @Test("An image is pulled with progress, by tag and by digest, and known by its digest")
    func pull() async throws {
        try await ContainerStage.with { studio in
            let registry = try await PrivateRegistry()
            try await registry.push(ContainerStage.image, as: "studio/tool:1", from: studio.docker)
            let image = "\(registry.host)/studio/tool:1"
            let job = try await studio.submit("/picture", image: image)
            let record = try await studio.attempt(job)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            #expect(studio.reports.value.contains { $0.stage == "pulling the image" })
            let take = try #require(try await studio.stage.takes.get(job: job))
            let digest = try #require(take.provenance?["runner"]?["imageDigest"]?.stringValue)
            #expect(digest == (try await registry.digest(of: "studio/tool", tag: "1")))
            #expect(try await studio.log(job).contains("was pulled"))
            let pinned = try await studio.submit("/picture", image: "\(registry.host)/studio/tool@\(digest)")
            #expect(try await studio.attempt(pinned).state == .succeeded)
            // What a registry has decided is not asked again.
            let absent = try await studio.failure("", image: "\(registry.host)/studio/absent:1")
            #expect(absent.code == .runnerFailed)
            #expect(!absent.retryable)
            let other = try await studio.failure("", image: image, runner: ["pullPolicy": "Always"], more: [:])
            #expect(other.message.contains("did not make its output"))
            try await registry.stop()
            let gone = try await studio.failure("", image: image, runner: ["pullPolicy": "Always"])
            #expect(gone.code == .runnerFailed)
            #expect(gone.retryable)
        }
    }

    @Test("A private image is pulled with the login of Docker's own configuration, and not without")
    func privateImage() async throws {
        try await ContainerStage.with { studio in
            let registry = try await PrivateRegistry(isPrivate: true)
            try await registry.push(ContainerStage.image, as: "secret/tool:1", from: studio.docker)
            let reference = ImageReference("\(registry.host)/secret/tool:1")
            let refused = try await studio.failure("", image: reference.text)
            #expect(refused.code == .runnerFailed)
            #expect(!refused.retryable, "\(refused.message)")
            let folder = try TemporaryDirectory("logins")
            let (user, password) = PrivateRegistry.login
            let login = Data("\(user):\(password)".utf8).base64EncodedString()
            try folder.write(
                Array(#"{"auths": {"\#(registry.host)": {"auth": "\#(login)"}}}"#.utf8), to: "config.json")
            let engine = ContainerEngine(
                .unixSocket(studio.docker.socket), logins: RegistryLogins(folder: folder.path))
            try await engine.pull(reference) { _ in }
            #expect(try await engine.image(reference) != nil)
            try await registry.stop()
        }
    }
}
