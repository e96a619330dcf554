extension StudioConfiguration {
    /// What the gate before a container engine needs, beside `DOCKER_HOST`.
    public struct EngineGate: Sendable, Hashable {
        /// Where it listens (`ENGINE_GATE_LISTEN`, default `tcp://127.0.0.1:2375`, or `unix:///path`).
        public var listen: EngineAddress
        /// The folders of the engine's machine below which containers may mount (`ENGINE_GATE_FOLDERS`, absolute paths,
        /// comma-separated); none, the default, is all that the gate's own container mounts.
        public var folders: [String]

        /// Settings.
        ///
        /// - Parameters:
        ///   - listen: Where it listens.
        ///   - folders: The folders below which containers may mount; none is all that its own container mounts.
        public init(listen: EngineAddress, folders: [String]) {
            self.listen = listen
            self.folders = folders
        }
    }
}

extension ConfigurationReader {
    /// The engine gate's settings.
    mutating func engineGate() -> StudioConfiguration.EngineGate {
        let standard = "tcp://127.0.0.1:2375"
        let text = text("ENGINE_GATE_LISTEN", default: standard)
        var listen = EngineAddress(text, certificates: nil)
        if listen == nil {
            find("ENGINE_GATE_LISTEN", "must be unix:///path or tcp://host:port")
            listen = .tcp("127.0.0.1:2375")
        }
        let folders = list("ENGINE_GATE_FOLDERS").map { folder in
            folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        }
        for folder in folders {
            let parts = folder.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            if !folder.hasPrefix("/") || parts.contains(where: { ["", ".", ".."].contains($0) }) {
                find("ENGINE_GATE_FOLDERS", "\(folder) must be an absolute path, without . and .., and not /")
            }
        }
        return StudioConfiguration.EngineGate(listen: listen ?? .unixSocket(""), folders: folders)
    }
}
