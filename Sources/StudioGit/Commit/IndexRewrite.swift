import CGit2
import Glibc
import StudioSystem

/// A new version of `.git/index`, made beside the old one while `index.lock` is held.
///
/// libgit2's own way reads the index, changes it and takes the lock only to write, so that what someone staged in between
/// would be lost. Here the lock is held from the reading to the renaming.
struct IndexRewrite: ~Copyable {
    private let index: GitHandle
    private let path: String
    private let newPath: String
    /// The old index is kept under this name until the commit is made.
    private let oldPath: String
    /// The whole second in which the old index was written; nil where there was none.
    private let oldSecond: Int64?
    private var isChanged: Bool
    private var isPublished: Bool

    /// Reads the index; the caller holds the lock.
    init(gitDirectory: String) throws {
        let newPath = "\(gitDirectory)studio-index.new"
        let oldPath = "\(gitDirectory)studio-index.old"
        // What a killed process left. The lock makes these names ours.
        for leftover in [newPath, "\(newPath).lock", oldPath] { unlink(leftover) }
        let oldSecond = try Self.copy("\(gitDirectory)index", to: newPath)
        index = try Self.handle(of: newPath)
        path = "\(gitDirectory)index"
        self.newPath = newPath
        self.oldPath = oldPath
        self.oldSecond = oldSecond
        isChanged = false
        isPublished = false
    }

    deinit {
        unlink(newPath)
    }

    /// The object at a path; nil where there is none or where a merge left several.
    func object(at path: String) -> ObjectID? {
        git_index_get_bypath(index.pointer, path, 0).map { ObjectID($0.pointee.id) }
    }

    /// Whether a merge left several versions of a path.
    func isUnmerged(_ path: String) -> Bool {
        (1...3).contains { git_index_get_bypath(index.pointer, path, Int32($0)) != nil }
    }

    /// A staged file that lies where the path needs a folder, or in a folder where the path needs a file.
    func obstacle(to path: RelativePath) -> String? {
        var position = 0
        if git_index_find_prefix(&position, index.pointer, path.text + "/") == 0 { return path.text }
        var above = path.parent
        while let folder = above {
            if git_index_get_bypath(index.pointer, folder.text, 0) != nil { return folder.text }
            above = folder.parent
        }
        return nil
    }

    /// Stages a file with the stat data of its place in the checkout, so that Git need not read it again.
    mutating func set(_ path: String, _ object: ObjectID, _ status: FileStatus) throws {
        var entry = git_index_entry()
        entry.mode = UInt32(GIT_FILEMODE_BLOB.rawValue)
        entry.id = object.oid
        entry.mtime = git_index_time(
            seconds: Int32(truncatingIfNeeded: status.modifiedSeconds), nanoseconds: UInt32(status.modifiedNanoseconds))
        entry.ctime = git_index_time(
            seconds: Int32(truncatingIfNeeded: status.changedSeconds), nanoseconds: UInt32(status.changedNanoseconds))
        entry.dev = UInt32(truncatingIfNeeded: status.device)
        entry.ino = UInt32(truncatingIfNeeded: status.inode)
        entry.uid = status.owner
        entry.gid = status.group
        entry.file_size = UInt32(truncatingIfNeeded: status.size)
        if let present = git_index_get_bypath(index.pointer, path, 0), Self.isSame(present.pointee, entry) { return }
        try path.withCString { name in
            entry.path = name
            try git("staging a file", git_index_add(index.pointer, &entry))
        }
        isChanged = true
    }

    /// Takes a path off.
    mutating func remove(_ path: String) throws {
        guard object(at: path) != nil else { return }
        try git("unstaging a file", git_index_remove(index.pointer, path, 0))
        isChanged = true
    }

    /// Puts the new index in place. The old one is kept for ``restore()`` until ``forgetOld()``.
    mutating func publish() throws {
        guard isChanged else { return }
        try keepDoubtsAboutYoungEntries()
        try git("writing the index", git_index_write(index.pointer))
        let written = open(newPath, O_RDONLY | O_CLOEXEC)
        guard written >= 0 else { throw FileError(errno: errno, "writing", newPath) }
        let file = OwnedDescriptor(owning: written)
        guard fsync(file.raw) == 0 else { throw FileError(errno: errno, "writing", newPath) }
        guard isPublished || link(path, oldPath) == 0 || errno == ENOENT else {
            throw FileError(errno: errno, "keeping", path)
        }
        guard rename(newPath, path) == 0 else {
            let number = errno
            if !isPublished { unlink(oldPath) }
            throw FileError(errno: number, "replacing", path)
        }
        isChanged = false
        isPublished = true
        // The order index, then branch must hold on the disk too.
        let folder = open(FileBytes.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileError(errno: errno, "writing", path) }
        let directory = OwnedDescriptor(owning: folder)
        guard fsync(directory.raw) == 0 else { throw FileError(errno: errno, "writing", path) }
    }

    /// Puts the old index back: the commit was not made.
    func restore() {
        guard isPublished else { return }
        if oldSecond == nil {
            unlink(path)
        } else {
            rename(oldPath, path)
        }
    }

    /// The commit was made.
    func forgetOld() {
        guard isPublished else { return }
        unlink(oldPath)
    }

    /// Git takes an entry as young as its index for possibly changed and compares the bytes. A newer index would end that
    /// doubt, and hide what a person changed within the same second. So doubtful entries lose their size, which makes Git
    /// compare them once more; Git itself does the same.
    private func keepDoubtsAboutYoungEntries() throws {
        guard let oldSecond else { return }
        for position in 0..<git_index_entrycount(index.pointer) {
            guard let entry = git_index_get_byindex(index.pointer, position)?.pointee else { continue }
            let isStaged = (entry.flags & UInt16(GIT_INDEX_ENTRY_STAGEMASK)) != 0
            guard !isStaged, Int64(entry.mtime.seconds) >= oldSecond, entry.file_size != 0 else { continue }
            var doubtful = entry
            doubtful.file_size = 0
            try git("writing the index", git_index_add(index.pointer, &doubtful))
        }
    }

    private static func isSame(_ left: git_index_entry, _ right: git_index_entry) -> Bool {
        ObjectID(left.id) == ObjectID(right.id) && left.mode == right.mode && left.file_size == right.file_size
            && left.mtime.seconds == right.mtime.seconds && left.mtime.nanoseconds == right.mtime.nanoseconds
            && left.ctime.seconds == right.ctime.seconds && left.ctime.nanoseconds == right.ctime.nanoseconds
            && left.ino == right.ino && left.uid == right.uid && left.gid == right.gid
    }

    /// Copies the index; answers the second in which it was written, nil where there is none.
    private static func copy(_ path: String, to copy: String) throws -> Int64? {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError(errno: errno, "reading", path)
        }
        let source = OwnedDescriptor(owning: opened)
        let made = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard made >= 0 else { throw FileError(errno: errno, "making", copy) }
        let destination = OwnedDescriptor(owning: made)
        do {
            let status = try FileStatus(descriptor: source.raw, path: path)
            try FileBytes.copy(from: source.raw, to: destination.raw, path: copy, check: {})
            return status.modifiedSeconds
        } catch {
            unlink(copy)
            throw error
        }
    }

    /// Opens the copy, which goes where that fails: there is no value yet whose end would remove it.
    private static func handle(of copy: String) throws -> GitHandle {
        do {
            return try GitHandle("reading the index", free: git_index_free) { git_index_open(&$0, copy) }
        } catch {
            unlink(copy)
            throw error
        }
    }
}
