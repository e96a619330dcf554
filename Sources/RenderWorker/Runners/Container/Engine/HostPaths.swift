import FoundationEssentials

/// Where the worker's files are for its engine. A worker that runs in a container itself sees them under other paths than
/// the engine, which mounts what its own machine has.
struct HostPaths: Sendable {
    /// What the engine calls a folder of the worker's.
    struct Place: Sendable, Hashable {
        /// The folder's absolute path as the worker sees it.
        var here: String
        /// The same as the engine sees it.
        var there: String
    }

    let places: [Place]

    /// - Parameter places: What differs; all else has the same path on both sides.
    init(_ places: [Place]) {
        self.places = places.map {
            Place(here: Self.withoutSlash($0.here), there: Self.withoutSlash($0.there))
        }.sorted { $0.here.utf8.count > $1.here.utf8.count }
    }

    /// The engine's path for one of the worker's.
    func path(_ here: String) -> String {
        for place in places {
            if here == place.here { return place.there.isEmpty ? "/" : place.there }
            if here.hasPrefix(place.here + "/") { return place.there + here.dropFirst(place.here.utf8.count) }
        }
        return here
    }

    private static func withoutSlash(_ path: String) -> String {
        path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// Finds out what the worker's own container mounts, where it runs in one that the engine knows.
    ///
    /// - Parameters:
    ///   - engine: The engine.
    ///   - override: What an operator says the workspace is on the machine; nil asks the engine.
    /// - Returns: The paths.
    /// - Throws: ``EngineError``.
    static func find(by engine: ContainerEngine, override: Place?) async throws(EngineError) -> HostPaths {
        if let override { return HostPaths([override]) }
        let table = (try? await Blocking.run { FileManager.default.contents(atPath: "/proc/self/mountinfo") }) ?? nil
        guard let table, let own = container(in: String(decoding: table, as: UTF8.self)) else { return HostPaths([]) }
        do throws(EngineError) {
            return HostPaths(try await engine.inspect(own).mounts.map { Place(here: $0.destination, there: $0.source) })
        } catch {
            // It runs in a container of another engine.
            guard error.code == .notFound else { throw error }
            return HostPaths([])
        }
    }

    /// The id of the container whose mounts these are: an engine mounts its `hostname` into it.
    static func container(in mountTable: String) -> String? {
        for line in mountTable.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[4] == "/etc/hostname" else { continue }
            let parts = fields[3].split(separator: "/")
            guard parts.count >= 3, parts.last == "hostname", parts[parts.count - 3] == "containers" else { continue }
            let id = String(parts[parts.count - 2])
            if id.utf8.count == 64, id.utf8.allSatisfy({ isHexadecimal($0) }) { return id }
        }
        return nil
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
