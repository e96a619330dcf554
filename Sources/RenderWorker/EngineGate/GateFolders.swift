import FoundationEssentials
import Glibc
import StudioCore

/// The folders of the engine's machine below which containers may mount.
struct GateFolders: Sendable, Hashable {
    /// One of them.
    struct Folder: Sendable, Hashable {
        /// Its path on the engine's machine.
        var there: String
        /// The same as the gate sees it; nil where it does not.
        var here: String?
    }

    let folders: [Folder]

    /// For people.
    var text: String {
        folders.isEmpty
            ? "a folder that the gate knows of, and it knows none" : folders.map(\.there).joined(separator: " or ")
    }

    /// The folder that a path lies below; nil where there is none. The folder itself is none of what runners mount.
    func folder(of path: String) -> Folder? {
        guard Self.isPlain(path) else { return nil }
        return folders.first { path.hasPrefix($0.there + "/") }
    }

    /// Whether a path is absolute and in its shortest form.
    static func isPlain(_ path: String) -> Bool {
        guard path.hasPrefix("/"), path.utf8.count < 4096, !path.utf8.contains(0) else { return false }
        return !path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .contains { ["", ".", ".."].contains($0) }
    }

    /// Looks for symbolic links on the way to what is to be mounted, which would lead the engine elsewhere. Blocks.
    ///
    /// - Parameter source: A path below one of the folders.
    /// - Throws: ``GateRefusal`` where there is one. A folder that the gate does not see has not been looked at.
    func checkLinks(_ source: String) throws(GateRefusal) {
        guard let folder = folder(of: source), var path = folder.here else { return }
        for part in source.dropFirst(folder.there.utf8.count + 1).split(separator: "/") {
            path += "/\(part)"
            var status = stat()
            guard lstat(path, &status) == 0 else {
                // What is not there the engine refuses by itself.
                if errno == ENOENT { return }
                throw GateRefusal("\(source) cannot be looked at by the gate: \(String(cString: strerror(errno)))")
            }
            guard status.st_mode & S_IFMT != S_IFLNK else {
                throw GateRefusal("\(source) leads over a symbolic link")
            }
        }
    }

    /// Finds out what containers may mount.
    ///
    /// - Parameters:
    ///   - engine: The engine.
    ///   - address: Where that is: the folder of its socket is none of what containers mount.
    ///   - named: The folders that an operator named; none takes all that the gate's own container mounts.
    /// - Returns: The folders.
    /// - Throws: ``EngineError``.
    static func find(
        by engine: ContainerEngine, at address: EngineAddress, named: [String]
    ) async throws(EngineError) -> GateFolders {
        let paths = try await HostPaths.find(by: engine, override: nil)
        let socket: String? = if case .unixSocket(let path) = address { path } else { nil }
        if !named.isEmpty {
            return GateFolders(folders: named.map { Folder(there: $0, here: paths.here($0)) })
        }
        let candidates = paths.places.filter { place in
            isPlain(place.there) && !(socket ?? "").hasPrefix(place.here + "/") && socket != place.here
        }
        let folders = (try? await Blocking.run { candidates.filter { isFolder($0.here) } }) ?? []
        return GateFolders(folders: folders.map { Folder(there: $0.there, here: $0.here) })
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

extension HostPaths {
    /// The worker's path for one of the engine's; nil where it does not see it. Outside of containers both are the same.
    func here(_ there: String) -> String? {
        if places.isEmpty { return there }
        let place = places.filter { there == $0.there || there.hasPrefix($0.there + "/") }
            .max { $0.there.utf8.count < $1.there.utf8.count }
        return place.map { $0.here + there.dropFirst($0.there.utf8.count) }
    }
}
