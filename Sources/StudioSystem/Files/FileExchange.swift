import CLinux
import Glibc

/// A place that people save to, and a name that only this program uses, between which files move in one step.
///
/// Nothing is ever replaced without being looked at: what lay in the place comes out under the program's name first, and
/// goes back where it is not what was expected. So nobody's save is lost, however short before the step it was made.
struct FileExchange {
    /// A name in an open folder.
    struct Name {
        let folder: CInt
        let name: String

        /// What lies there, a symbolic link not followed; nil where there is nothing.
        func status(_ path: String) throws(FileError) -> FileStatus? {
            var found = stat()
            if fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 { return FileStatus(found) }
            guard errno == ENOENT else { throw FileError(errno: errno, "looking at", path) }
            return nil
        }

        /// Whether a regular file with just these bytes lies there.
        func holds(_ bytes: [UInt8], _ path: String) throws(FileError) -> Bool {
            let opened = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard opened >= 0 else {
                if [ENOENT, ELOOP, ENXIO].contains(errno) { return false }
                throw FileError(errno: errno, "reading", path)
            }
            let file = OwnedDescriptor(owning: opened)
            let status = try FileStatus(descriptor: file.raw, path: path)
            guard status.kind == .file, status.size == bytes.count else { return false }
            return try FileBytes.contents(of: file.raw, path: path, atMost: bytes.count) == bytes
        }

        /// Gives a file of this program's own another name, unless something is there; 0 or the error number, `EEXIST`
        /// where it is.
        func move(to other: Name) -> Int32 {
            let result = studio_rename_without_replacing(folder, name, other.folder, other.name)
            // Network file systems lack the flag; a hard link refuses as well.
            guard result == -EINVAL || result == -ENOSYS else { return -result }
            guard linkat(folder, name, other.folder, other.name, 0) == 0 else { return errno }
            remove()
            return 0
        }

        /// Whether the file system renames without replacing, and exchanges two files, in one step; nil for the first where
        /// it only links without replacing. Both names must have a file.
        func abilities(with other: Name) -> (keepsOther: Bool?, exchanges: Bool) {
            let refusal = studio_rename_without_replacing(folder, name, other.folder, other.name)
            let exchanges = studio_rename_exchanging(folder, name, other.folder, other.name) == 0
            if refusal == -EEXIST { return (true, exchanges) }
            let links = linkat(folder, name, other.folder, other.name, 0) != 0 && errno == EEXIST
            return (links ? nil : false, exchanges)
        }

        /// Removes the file; whether it was there to be removed.
        @discardableResult
        func remove() -> Bool { unlinkat(folder, name, 0) == 0 }
    }

    let place: Name
    let aside: Name
    /// The place's path, for errors.
    let path: String

    /// What became of an exchange.
    enum Outcome: Hashable {
        /// It is done; the old file lies aside.
        case done
        /// Something else came out. The place holds again what was saved there last.
        case unexpected
        /// The file system cannot do it, like NFS; nothing was changed.
        case unsupported
    }

    /// Puts the file that lies aside into the place, for one that is as expected.
    ///
    /// - Parameter isExpected: Looks at what came out, under the name aside.
    /// - Returns: What became of it.
    /// - Throws: `FileError`, `notFound` where either name has no file; or what the closure throws. All is as it was then.
    func put(if isExpected: () throws -> Bool) throws -> Outcome {
        guard var inserted = try aside.status(path) else { throw FileError(errno: ENOENT, "placing", path) }
        let refusal = swap()
        if refusal == EINVAL || refusal == ENOSYS { return .unsupported }
        try check(refusal)
        let verdict = Result { try isExpected() }
        if case .success(true) = verdict { return .done }
        // What comes out must be what was put in. Where it is not, somebody saved once more in between, and that file is the
        // newest: it goes in next. Each turn needs a save within the microseconds of one, so there are few.
        while let newest = try aside.status(path) {
            let failure = swap()
            if failure == ENOENT {
                // Removed meanwhile, by somebody who did not know what lies aside.
                try putBack()
                break
            }
            try check(failure)
            if let out = try aside.status(path), out.isSameFile(as: inserted) { break }
            inserted = newest
        }
        _ = try verdict.get()
        return .unexpected
    }

    /// Takes the file out of the place, if it is as expected. Nothing may lie aside.
    ///
    /// - Parameter isExpected: Looks at what came out, under the name aside.
    /// - Returns: True where it is done; then the file lies aside. False where something else was there, which is back.
    /// - Throws: `FileError`, `notFound` where there was nothing; or what the closure throws. All is as it was then.
    func take(if isExpected: () throws -> Bool) throws -> Bool {
        guard renameat(place.folder, place.name, aside.folder, aside.name) == 0 else {
            throw FileError(errno: errno, "taking out", path)
        }
        let verdict = Result { try isExpected() }
        if case .success(true) = verdict { return true }
        try putBack()
        return try verdict.get()
    }

    private func putBack() throws(FileError) {
        let failure = aside.move(to: place)
        // Saved anew meanwhile: as if that had come a moment later, and over this one.
        if failure == EEXIST { aside.remove() } else { try check(failure) }
    }

    /// 0 or the error number.
    private func swap() -> Int32 {
        -studio_rename_exchanging(aside.folder, aside.name, place.folder, place.name)
    }

    private func check(_ failure: Int32) throws(FileError) {
        guard failure == 0 else { throw FileError(errno: failure, "placing", path) }
    }
}
