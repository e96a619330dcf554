import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioSystem

/// The files of one attempt as its container sees them, below `/studio`.
///
/// In the attempt's scratch folder, `studio` becomes `/studio`, with an empty file in the place of everything that is
/// mounted over it, and `outputs` becomes `/studio/outputs`.
struct BatchFiles: Sendable {
    /// Where the container sees them.
    static let root = "/studio"
    /// More inputs than this are copied instead of mounted one by one.
    static let mostMounts = 100

    let context: RunContext
    let user: ContainerUser

    private var box: String { "\(context.scratch)/studio" }
    /// What the container writes.
    var outputs: OutputFolder { OutputFolder(path: "\(context.scratch)/outputs") }

    /// Makes them. Blocks.
    ///
    /// - Returns: What is mounted where, by the worker's paths.
    /// - Throws: `JobFailure`.
    func make() throws(JobFailure) -> [ContainerSpec.Mount] {
        do {
            try FileManager.default.createDirectory(atPath: "\(box)/inputs", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: "\(box)/models", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: "\(box)/outputs", withIntermediateDirectories: true)
            try outputs.make(for: user)
            var mounts = [
                ContainerSpec.Mount(source: box, target: Self.root),
                ContainerSpec.Mount(source: outputs.path, target: "\(Self.root)/outputs", isReadOnly: false),
            ]
            let count = context.inputs.values.reduce(0) { $0 + $1.count }
            for (port, paths) in context.inputs.sorted(by: { $0.key < $1.key }) {
                for (number, path) in paths.enumerated() {
                    let name = "inputs/\(port)/\(Self.name(number, of: path))"
                    if count <= Self.mostMounts, isReadable(path) {
                        mounts.append(try over(path, name))
                    } else {
                        try copy(path, to: name)
                    }
                }
            }
            for model in context.models {
                guard isReadable(model.path) else {
                    throw JobFailure(
                        .inputMissing,
                        "The model \(model.name) cannot be read by containers: it must be readable by everybody.")
                }
                mounts.append(try over(model.path, "models/\(model.name)"))
            }
            let request = try JSONText.compact(BatchRequest.document(context), sortedKeys: true)
            try request.write(to: URL(filePath: "\(box)/request.json"))
            try openToAll()
            return mounts
        } catch let failure as JobFailure {
            throw failure
        } catch let error as FileError {
            throw JobFailure(error, while: "The container's files could not be made")
        } catch {
            throw JobFailure(.runnerFailed, "The container's files could not be made.")
        }
    }

    /// The name that an input has in its port's folder.
    static func name(_ number: Int, of path: String) -> String {
        let last = path.split(separator: "/").last ?? ""
        guard let dot = last.lastIndex(of: "."), dot > last.startIndex else { return "\(number)" }
        let fileExtension = last[last.index(after: dot)...].lowercased()
        let isPlain = fileExtension.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        return isPlain && (1...16).contains(fileExtension.utf8.count) ? "\(number).\(fileExtension)" : "\(number)"
    }

    /// A file of the worker's that the container sees under a name below its root, and can only read.
    private func over(_ path: String, _ name: String) throws -> ContainerSpec.Mount {
        try makeParent(of: name)
        try Data().write(to: URL(filePath: "\(box)/\(name)"))
        return ContainerSpec.Mount(source: path, target: "\(Self.root)/\(name)")
    }

    private func copy(_ path: String, to name: String) throws {
        try makeParent(of: name)
        _ = try FilePlacement.placeWithoutReplacing(
            source: path, destination: try FileDestination(in: try SafeDirectory(box), at: try RelativePath(name)),
            permissions: 0o444, hardLinks: false)
    }

    private func makeParent(of name: String) throws {
        guard let slash = name.lastIndex(of: "/") else { return }
        try FileManager.default.createDirectory(
            atPath: "\(box)/\(name[..<slash])", withIntermediateDirectories: true)
    }

    /// Whether the container's user may read a file.
    private func isReadable(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        if status.st_uid == user.user { return status.st_mode & S_IRUSR != 0 }
        if status.st_gid == user.group { return status.st_mode & S_IRGRP != 0 }
        return status.st_mode & S_IROTH != 0
    }

    /// The worker's own mask may hide what the container is to see.
    private func openToAll() throws {
        chmod(box, 0o755)
        for name in try FileManager.default.subpathsOfDirectory(atPath: box) {
            let path = "\(box)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            chmod(path, status.st_mode & S_IFMT == S_IFDIR ? 0o755 : 0o444)
        }
    }
}
