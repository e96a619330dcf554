import Glibc

extension SafeDirectory {
    /// Renames a file within the folder, in one step and without replacing anything. Not on the disk before the folders
    /// are.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - destination: Its new path; the folder it lies in must exist.
    /// - Throws: `PathError` where one of them leads out, `FileError`, `alreadyExists` where something is there.
    package func rename(_ path: RelativePath, to destination: RelativePath) throws {
        let failure = try between(destination, path) { $0.aside.move(to: $0.place) }
        guard failure == 0 else { throw FileError(errno: failure, "placing", absolutePath(of: destination)) }
    }

    /// Puts a file in the place of another one in one step, if that is as expected: at every moment there is a file in the
    /// place, and what somebody saved there a moment ago is not lost. Not on the disk before the folders are.
    ///
    /// - Parameters:
    ///   - path: The new file, under a name that only this program uses; the old one lies there afterwards.
    ///   - place: The place.
    ///   - isExpected: Looks at what came out of the place, at `path`.
    /// - Returns: Whether it is done; where it is not, the place holds what was saved there last.
    /// - Throws: `PathError` where one of them leads out, `FileError`, `notFound` where one is missing; or what the closure
    ///   throws. All is as it was then.
    package func exchange(
        _ path: RelativePath, with place: RelativePath, if isExpected: () throws -> Bool
    ) throws -> Bool {
        let outcome = try between(place, path) { try $0.put(if: isExpected) }
        if outcome == .unsupported { throw FileError(errno: EINVAL, "placing", absolutePath(of: place)) }
        return outcome == .done
    }

    /// Takes a file out of its place in one step, if it is as expected. Not on the disk before the folders are.
    ///
    /// - Parameters:
    ///   - place: The file.
    ///   - path: Where it goes: a name that only this program uses and that no file has, in a folder that exists.
    ///   - isExpected: Looks at what came out of the place, at `path`.
    /// - Returns: Whether it is done; where it is not, the place holds what was saved there last.
    /// - Throws: `PathError` where one of them leads out, `FileError`, `notFound` where there is nothing; or what the closure
    ///   throws. All is as it was then.
    package func take(_ place: RelativePath, to path: RelativePath, if isExpected: () throws -> Bool) throws -> Bool {
        try between(place, path) { try $0.take(if: isExpected) }
    }

    /// Removes a file that holds known bytes, and nothing that somebody has saved in its place.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - bytes: What it must hold.
    /// - Returns: Whether it is gone.
    /// - Throws: `PathError` where it leads out, `FileError`.
    package func remove(_ path: RelativePath, holding bytes: [UInt8]) throws -> Bool {
        try inParent(of: path) { folder, name in
            let aside = FileExchange.Name(folder: folder, name: HiddenFile.newHiddenName())
            let exchange = FileExchange(
                place: .init(folder: folder, name: name), aside: aside, path: absolutePath(of: path))
            guard try exchange.take(if: { try aside.holds(bytes, exchange.path) }) else { return false }
            return aside.remove()
        }
    }

    private func between<Result>(
        _ place: RelativePath, _ aside: RelativePath, _ body: (FileExchange) throws -> Result
    ) throws -> Result {
        try inParent(of: place) { folder, name in
            try inParent(of: aside) { asideFolder, asideName in
                try body(
                    FileExchange(
                        place: .init(folder: folder, name: name), aside: .init(folder: asideFolder, name: asideName),
                        path: absolutePath(of: place)))
            }
        }
    }
}

extension SafeDirectory {
    /// Puts a finished file of the same file system into a place below the folder, in one step, and brings the place to the
    /// disk. The file's own bytes must be there already.
    ///
    /// - Parameters:
    ///   - source: The file's absolute path, of the program's own choice; it is gone afterwards.
    ///   - path: Its place; the folder it lies in must exist.
    ///   - replacing: Whether a file that is there gives way.
    /// - Throws: `PathError` where the place leads out, `FileError`, `alreadyExists` where something is there.
    package func place(_ source: String, at path: RelativePath, replacing: Bool) throws {
        let failure: Int32 = try inParent(of: path) { folder, name in
            if replacing {
                guard renameat(AT_FDCWD, source, folder, name) == 0 else { return errno }
            } else {
                let moved = FileExchange.Name(folder: AT_FDCWD, name: source).move(
                    to: .init(folder: folder, name: name))
                guard moved == 0 else { return moved }
            }
            // A file system that has no disk cannot bring anything to it.
            return fsync(folder) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno
        }
        guard failure == 0 else { throw FileError(errno: failure, "placing", absolutePath(of: path)) }
    }
}
