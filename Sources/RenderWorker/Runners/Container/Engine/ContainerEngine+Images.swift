import FoundationEssentials
import QueueProtocol
import StudioCore

/// An image as the engine has it.
struct EngineImage: Sendable, Hashable {
    /// Its id, the digest of its configuration.
    var id: String
    /// The digests that registries know it by, `name@sha256:…`.
    var repositoryDigests: [String]
    /// The folders for which it asks for a volume.
    var volumes: [String]
    /// What it runs: its entry point and its command.
    var command: [String]
    /// The version that its labels name, as OCI spells that; nil where they name none.
    var version: String?

    init?(_ answer: JSONValue) {
        guard let id = answer["Id"]?.stringValue else { return nil }
        self.id = id
        repositoryDigests = (answer["RepoDigests"]?.arrayValue ?? []).compactMap(\.stringValue)
        let config = answer["Config"] ?? .null
        volumes = (config["Volumes"]?.objectValue ?? [:]).keys.sorted()
        command = ["Entrypoint", "Cmd"].flatMap { config[$0]?.arrayValue ?? [] }.compactMap(\.stringValue)
        version = config["Labels"]?["org.opencontainers.image.version"]?.stringValue
    }

    /// What tells it from every other image: the digest of the registry that a reference names, else its id.
    func digest(as reference: ImageReference) -> String {
        repositoryDigests.first { ImageReference($0).repository == reference.repository }
            .flatMap { $0.split(separator: "@").last.map(String.init) } ?? id
    }
}

extension ContainerEngine {
    /// How long a registry may send nothing.
    static let pullPatience = Duration.seconds(120)

    /// The image of that reference; nil where the engine does not have it.
    func image(_ reference: ImageReference) async throws(EngineError) -> EngineImage? {
        do throws(EngineError) {
            return EngineImage(try await call("GET", "/images/\(reference.text)/json"))
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Pulls an image from its registry.
    ///
    /// - Parameters:
    ///   - reference: Which.
    ///   - progress: Told how far it is, often.
    /// - Throws: ``EngineError``.
    func pull(_ reference: ImageReference, progress: @escaping @Sendable (PullProgress) -> Void) async throws {
        var query = ["fromImage": reference.name]
        // With neither, the engine would pull every tag that there is.
        query["tag"] = reference.digest ?? reference.tag ?? "latest"
        let login = await login(for: reference)
        let state = Mutexed((lines: LineSplitter(bound: 64 << 10), progress: PullProgress()))
        try await follow(
            "POST", "/images/create", query, headers: login.map { [("X-Registry-Auth", $0)] } ?? [],
            stallTimeout: Self.pullPatience
        ) { bytes in
            state.with { state in
                var lines: [String] = []
                state.lines.feed(bytes) { lines.append($0) }
                for line in lines { state.progress.take(line) }
                if !lines.isEmpty { progress(state.progress) }
            }
        }
        // A pull that fails has begun with success.
        if let words = state.with({ $0.progress.failure }) { throw EngineError(.refused, words) }
    }
}
