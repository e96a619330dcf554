import FoundationEssentials
import Glibc
import StudioCore
import StudioSystem

/// The folder that a worker shares with one warm container, which sees it as `/studio`.
///
/// `inputs` and `models` can only be read there; `link` has the socket of the relay, and `outputs` what the model made. Its
/// calls block.
struct WarmBox: Sendable {
    /// Its absolute path.
    let path: String

    /// The folder that the container writes to.
    var outputs: OutputFolder { OutputFolder(path: "\(path)/outputs") }
    private var link: OutputFolder { OutputFolder(path: "\(path)/link") }

    /// Makes it.
    ///
    /// - Parameters:
    ///   - user: Who the container runs as.
    ///   - models: The model files that it reads.
    /// - Returns: What is mounted where, by the worker's paths.
    /// - Throws: `JobFailure`.
    func make(for user: ContainerUser, models: [ModelFile]) throws(JobFailure) -> [ContainerSpec.Mount] {
        do {
            for folder in ["inputs", "models"] {
                try FileManager.default.createDirectory(
                    atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
            }
            try link.make(for: user)
            try outputs.make(for: user)
            var mounts = [
                ContainerSpec.Mount(source: path, target: "/studio"),
                ContainerSpec.Mount(source: link.path, target: CogRelay.link, isReadOnly: false),
                ContainerSpec.Mount(source: outputs.path, target: CogRelay.outputs, isReadOnly: false),
            ]
            for model in models {
                guard user.mayRead(model.path) else {
                    throw JobFailure(
                        .inputMissing,
                        "The model \(model.name) cannot be read by containers: it must be readable by everybody.")
                }
                // What is mounted over something needs something to be there.
                let place = "\(path)/models/\(model.name)"
                try FileManager.default.createDirectory(
                    at: URL(filePath: place).deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data().write(to: URL(filePath: place))
                open("models/\(model.name)", 0o444)
                mounts.append(ContainerSpec.Mount(source: model.path, target: "/studio/models/\(model.name)"))
            }
            chmod(path, 0o755)
            for folder in ["inputs", "models"] { open(folder) }
            return mounts
        } catch let failure as JobFailure {
            throw failure
        } catch {
            throw JobFailure(.runnerFailed, "The folder that a container shares with its worker could not be made.")
        }
    }

    /// Puts input files where the container sees them.
    ///
    /// - Parameters:
    ///   - files: The files by port.
    ///   - name: The folder's name for them, used once.
    ///   - user: Who the container runs as.
    /// - Returns: Where the container sees them.
    /// - Throws: `JobFailure`.
    func fill(
        _ files: [String: [String]], as name: String, for user: ContainerUser
    ) throws(JobFailure) -> [String: [String]] {
        do {
            let inputs = try SafeDirectory("\(path)/inputs")
            var seen: [String: [String]] = [:]
            for (port, paths) in files {
                let folder = "\(name)/\(port)"
                try inputs.makeDirectories(RelativePath(folder))
                open("inputs/\(folder)")
                for (number, file) in paths.enumerated() {
                    let place = try RelativePath("\(folder)/\(BatchFiles.name(number, of: file))")
                    // The container can only read: a second name is as good as a copy, where its user may read at all.
                    if !user.mayRead(file) || Glibc.link(file, inputs.absolutePath(of: place)) != 0 {
                        _ = try FilePlacement.placeWithoutReplacing(
                            source: file, destination: FileDestination(in: inputs, at: place), permissions: 0o444,
                            hardLinks: false)
                    }
                    seen[port, default: []].append("\(CogRelay.inputs)/\(place.text)")
                }
            }
            return seen
        } catch let error as FileError {
            throw JobFailure(error, while: "The inputs could not be put where the container reads them")
        } catch {
            throw JobFailure(.runnerFailed, "The inputs could not be put where the container reads them.")
        }
    }

    /// Takes away what one prediction read and wrote.
    func empty() {
        for folder in ["inputs", "outputs"] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? [] {
                try? FileManager.default.removeItem(atPath: "\(path)/\(folder)/\(name)")
            }
        }
    }

    /// Removes it. The container must be gone.
    func remove() {
        outputs.unlock()
        link.unlock()
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The relay's socket; nil while it is not there.
    ///
    /// The container could put a link in its place that leads to another socket of the machine. What is held here is the
    /// socket itself, whatever becomes of its name.
    func socket() -> OwnedDescriptor? {
        guard let folder = try? SafeDirectory(link.path), let place = try? RelativePath(CogRelay.socket) else {
            return nil
        }
        return try? folder.socket(place)
    }

    /// The worker's own mask may hide what the container is to see.
    private func open(_ place: String, _ last: mode_t = 0o755) {
        let parts = place.split(separator: "/")
        for length in 1...parts.count {
            chmod("\(path)/\(parts.prefix(length).joined(separator: "/"))", length == parts.count ? last : 0o755)
        }
    }
}

extension ContainerUser {
    /// Whether a container's user may read a file. Blocks.
    func mayRead(_ path: String) -> Bool {
        guard let status = try? FileStatus(path: path) else { return false }
        if status.owner == user { return status.permissions & 0o400 != 0 }
        if status.group == group { return status.permissions & 0o040 != 0 }
        return status.permissions & 0o004 != 0
    }
}
