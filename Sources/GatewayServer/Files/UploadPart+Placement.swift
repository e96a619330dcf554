import FoundationEssentials
import Glibc
import StudioCore
import StudioSystem

/// From the folder of uploads to the place in the project, and back. All of this blocks.
///
/// People save at any moment. So nothing takes the place of a file without the old one coming out and being looked at, and
/// what is not what it was taken for goes back.
extension UploadPart {
    /// A file that has been put in its place.
    struct Placement: Sendable {
        fileprivate let destination: RelativePath
        /// The upload, as it was then.
        fileprivate let placed: FileStatus
        /// The file whose place it took, and where that lies; nil where there was none.
        fileprivate let replaced: (file: SeenFile, path: RelativePath)?
    }

    /// Puts the finished file in its place; folders above it are made.
    ///
    /// - Parameters:
    ///   - destination: A checked path of the project.
    ///   - old: The file that may be replaced, as it was read; nil where nothing may be.
    /// - Returns: The way back: end with ``undo(_:)`` or ``keep(_:)``.
    /// - Throws: `StudioError` with code `conflict` where something else is there by now; `FileError`; `PathError` where a
    ///   link leads out of the project. Then everything is where it was.
    func place(at destination: RelativePath, replacing old: SeenFile?) throws -> Placement {
        if let parent = destination.parent { try directory.makeDirectories(parent) }
        let placed = try status()
        guard let old else {
            try directory.rename(path, to: destination)
            return try settled(Placement(destination: destination, placed: placed, replaced: nil))
        }
        // Under a name of its own: another request may open the upload's by now, and must not find the old file there.
        let aside = try Self.newName()
        try directory.rename(path, to: aside)
        let conflict = StudioError(.conflict, "somebody has changed \(destination.text) just now; read it again")
        do {
            guard
                try directory.exchange(aside, with: destination, if: { try old.isStill(at: aside, in: directory) })
            else { throw conflict }
        } catch {
            try takeBack(from: aside)
            guard let error = error as? FileError, error.code == .notFound else { throw error }
            throw conflict
        }
        return try settled(Placement(destination: destination, placed: placed, replaced: (old, aside)))
    }

    /// Puts everything back: the old file in its place, or nothing, and the upload where it was. What somebody has saved
    /// there meanwhile stays.
    ///
    /// - Parameter placement: What ``place(at:replacing:)`` returned.
    /// - Throws: `FileError` where it cannot be put back; the old file is in the folder of uploads then, and in Git.
    func undo(_ placement: Placement) throws {
        let aside = try placement.replaced?.path ?? Self.newName()
        guard try isUntouched(placement, at: placement.destination) else { return }
        let isMine = { try self.isUntouched(placement, at: aside) }
        do {
            let isOut =
                placement.replaced == nil
                ? try directory.take(placement.destination, to: aside, if: isMine)
                : try directory.exchange(aside, with: placement.destination, if: isMine)
            if isOut { try takeBack(from: aside) }
        } catch let error as FileError where error.code == .notFound {
            // Somebody has removed it meanwhile.
        }
    }

    /// Forgets the file that was replaced, unless somebody who had it open has written into it meanwhile: then it is back in
    /// its place, as if that had been done a moment later, and Git shows it as changed.
    func keep(_ placement: Placement) {
        guard let replaced = placement.replaced else { return }
        // What stays where one of these fails is removed with the stale uploads.
        guard let isUnchanged = try? replaced.file.isStill(at: replaced.path, in: directory) else { return }
        if !isUnchanged {
            let isMine = { try self.isUntouched(placement, at: replaced.path) }
            guard (try? directory.exchange(replaced.path, with: placement.destination, if: isMine)) == true else {
                return
            }
        }
        _ = try? directory.remove(replaced.path)
    }

    /// Brings the names to the disk, or takes them back.
    private func settled(_ placement: Placement) throws -> Placement {
        let failure = try directory.inParent(of: placement.destination) { folder, _ in
            fsync(folder) == 0 ? nil : errno
        }
        guard let failure else { return placement }
        try undo(placement)
        throw FileError(errno: failure, "placing", placement.destination.text)
    }

    /// Gives the upload its name again, where it is what lies aside.
    private func takeBack(from aside: RelativePath) throws {
        guard try directory.status(of: aside)?.isSameFile(as: status()) == true else { return }
        do {
            try directory.rename(aside, to: path)
        } catch let error as FileError where error.code == .alreadyExists {
            // The client has begun the upload anew meanwhile.
            _ = try? directory.remove(aside)
        }
    }

    /// Whether a path names the upload, and nobody has written into it since it was placed. Only the commit sets its time,
    /// to an earlier one.
    private func isUntouched(_ placement: Placement, at path: RelativePath) throws -> Bool {
        guard let found = try directory.status(of: path) else { return false }
        return found.isSameFile(as: placement.placed) && found.size == placement.placed.size
            && found.modified <= placement.placed.modified
    }

    private static func newName() throws -> RelativePath {
        try RelativePath(folder).appending(UUID().uuidString.lowercased() + replacedSuffix)
    }
}
