import FoundationEssentials
import Glibc
import StudioCore
import StudioSystem

/// From the folder of uploads to the place in the project, and back. All of this blocks.
extension UploadPart {
    /// A file that has been put in its place.
    struct Placement: Sendable {
        fileprivate let destination: RelativePath
        /// Where the file lies whose place it took; nil where there was none.
        fileprivate let replaced: RelativePath?
    }

    /// Puts the finished file in its place; folders above it are made.
    ///
    /// - Parameters:
    ///   - destination: A checked path of the project.
    ///   - old: The file that may be replaced, as it was looked at; nil where nothing may be.
    /// - Returns: The way back: end with ``undo(_:)`` or ``keep(_:)``.
    /// - Throws: `StudioError` with code `conflict` where something else is there by now; `FileError`; `PathError` where a
    ///   link leads out of the project. Then everything is where it was.
    func place(at destination: RelativePath, replacing old: FileStatus?) throws -> Placement {
        if let parent = destination.parent { try directory.makeDirectories(parent) }
        guard let old else {
            try directory.rename(path, to: destination)
            return try settled(Placement(destination: destination, replaced: nil))
        }
        // Under a name of its own: another request may open the upload's by now, and must not find the old file there.
        let aside = try RelativePath(Self.folder).appending(UUID().uuidString.lowercased() + Self.replacedSuffix)
        try directory.rename(path, to: aside)
        do {
            try directory.exchange(aside, with: destination)
        } catch {
            try directory.rename(aside, to: path)
            throw error
        }
        let placement = Placement(destination: destination, replaced: aside)
        guard let found = try directory.status(of: aside), Self.isSame(found, old) else {
            try undo(placement)
            throw StudioError(.conflict, "somebody has changed \(destination.text) just now; read it again")
        }
        return try settled(placement)
    }

    /// Puts everything back: the old file in its place, or nothing, and the upload where it was. What somebody has put there
    /// meanwhile stays.
    ///
    /// - Parameter placement: What ``place(at:replacing:)`` returned.
    /// - Throws: `FileError` where it cannot be put back; the old file is in the folder of uploads then, and in Git.
    func undo(_ placement: Placement) throws {
        let mine = try status()
        guard let found = try directory.status(of: placement.destination),
            (found.device, found.inode) == (mine.device, mine.inode)
        else { return }
        if let replaced = placement.replaced {
            try directory.exchange(replaced, with: placement.destination)
            try directory.rename(replaced, to: path)
        } else {
            try directory.rename(placement.destination, to: path)
        }
    }

    /// Forgets the file that was replaced.
    func keep(_ placement: Placement) {
        // What stays in spite of this is removed with the stale uploads.
        if let replaced = placement.replaced { _ = try? directory.remove(replaced) }
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

    /// Whether it is the same file with the same content; its name has changed, so the time of that may have too.
    private static func isSame(_ found: FileStatus, _ old: FileStatus) -> Bool {
        found.device == old.device && found.inode == old.inode && found.size == old.size
            && found.modifiedSeconds == old.modifiedSeconds && found.modifiedNanoseconds == old.modifiedNanoseconds
    }
}
