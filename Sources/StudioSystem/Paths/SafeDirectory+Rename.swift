import CLinux

extension SafeDirectory {
    /// Renames a file within the folder, in one step and without replacing anything. Not on the disk before the folders
    /// are.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - destination: Its new path; the folder it lies in must exist.
    /// - Throws: `PathError` where one of them leads out, `FileError`, `alreadyExists` where something is there.
    package func rename(_ path: RelativePath, to destination: RelativePath) throws {
        try rename(path, destination, studio_rename_without_replacing)
    }

    /// Exchanges two files within the folder in one step: at every moment there is one at either path. Not on the disk
    /// before the folders are.
    ///
    /// - Parameters:
    ///   - path: The one file.
    ///   - other: The other.
    /// - Throws: `PathError` where one of them leads out, `FileError`, `notFound` where one is missing.
    package func exchange(_ path: RelativePath, with other: RelativePath) throws {
        try rename(path, other, studio_rename_exchanging)
    }

    private func rename(
        _ path: RelativePath, _ other: RelativePath,
        _ call: (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>) -> Int32
    ) throws {
        let result = try inParent(of: path) { from, name in
            try inParent(of: other) { to, otherName in call(from, name, to, otherName) }
        }
        guard result == 0 else { throw FileError(errno: -result, "placing", absolutePath(of: other)) }
    }
}
