import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// A sequence of one project's asset folder.
struct AssetSequencePlace: Sendable, Hashable {
    /// The tenant's name.
    let tenant: String
    /// The project's name.
    let project: String
    let sequence: AssetSequence
}

/// Finds which pictures of a project's asset folder are one sequence.
struct AssetSequences: Sendable {
    let assets: AssetStore
    let folders: ProjectFolders

    /// The sequence that a picture is part of, by what lies in its folder now, taken in or not: the first picture of a sequence
    /// that is copied in is not taken for one by itself.
    ///
    /// - Parameters:
    ///   - path: The picture's path below the project's folder.
    ///   - project: The project.
    /// - Returns: The sequence; nil where there are too few pictures like it.
    /// - Throws: `FileError` where the folder cannot be read.
    func sequence(of path: RelativePath, in project: ProjectRecord) async throws -> AssetSequence? {
        guard let sequence = AssetSequence(frame: path.text), let folder = path.parent else { return nil }
        let isThere = try await folders.blocking { [folders] in
            try folders.open(project).directory(folder).hasNames(atLeast: AssetSequence.fewest) {
                sequence.number(of: $0) != nil
            }
        }
        return isThere ? sequence : nil
    }

    /// The pictures of a sequence that have been taken in, by their numbers.
    ///
    /// - Parameters:
    ///   - sequence: The sequence.
    ///   - project: The project.
    /// - Returns: Their rows, one more than ``AssetSequence/most`` at the most.
    /// - Throws: `PostgresError`.
    func frames(of sequence: AssetSequence, in project: ProjectID) async throws -> [AssetRecord] {
        let page = 1000
        var found: [AssetRecord] = []
        var last: String?
        repeat {
            let rows = try await assets.list(
                project: project, beginning: sequence.beginning, limit: page, after: last)
            found += sequence.frames(among: rows) { $0.path }
            last = rows.count == page ? rows.last?.path : nil
        } while last != nil && found.count <= AssetSequence.most
        return sequence.frames(among: found) { $0.path }
    }

    /// Whether pictures that are numbered like a sequence are a camera's roll, each a picture by itself: see `CameraRoll`.
    ///
    /// - Parameters:
    ///   - frames: The pictures, by their numbers.
    ///   - sequence: The sequence that their names make of them.
    ///   - project: The project.
    /// - Returns: Whether they are.
    /// - Throws: `StudioError` where the project's folder is away.
    func areRoll(_ frames: [AssetRecord], of sequence: AssetSequence, in project: ProjectRecord) async throws -> Bool {
        guard sequence.isCameraKind else { return false }
        let bytes = Int64(frames.count * CaptureTime.bytesNeeded)
        return try await folders.interruptible(bytes: bytes) { [folders] check in
            let directory = try folders.open(project)
            var head = [UInt8](repeating: 0, count: CaptureTime.bytesNeeded)
            let pictures = try frames.compactMap { frame -> (number: Int, time: CaptureTime?)? in
                try check()
                guard let number = frame.path.split(separator: "/").last.flatMap({ sequence.number(of: String($0)) })
                else { return nil }
                // What cannot be read any more is told by the job that reads it.
                guard let file = try? directory.open(RelativePath(frame.path)),
                    let count = try? head.withUnsafeMutableBytes({
                        try FileBytes.read(from: file.raw, into: $0, path: frame.path)
                    })
                else { return (number, nil) }
                return (number, CaptureTime(pictureBeginning: Array(head[..<count])))
            }
            return CameraRoll.isOne(pictures)
        }
    }
}
