import Glibc

extension SafeDirectory {
    /// Something in a folder, as it is listed.
    package struct Entry: Hashable, Sendable {
        /// Its name.
        package let name: RelativePath
        /// What it is.
        package let status: FileStatus
    }

    /// The names in the folder that paths from outside can have, sorted by their bytes. Hidden ones, such as Git's, are left
    /// out, and so is what no path may name.
    ///
    /// - Returns: The names.
    /// - Throws: `FileError` where the folder cannot be read.
    package func names() throws(FileError) -> [RelativePath] {
        var names: [RelativePath] = []
        try eachName { name in
            if !name.hasPrefix("."), let path = try? RelativePath(name) { names.append(path) }
            return true
        }
        return names.sorted()
    }

    /// Whether the folder has a number of names of one sort; read no further than that is known.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - isMeant: Whether a name is of the sort. Hidden names are given too.
    /// - Returns: Whether there are as many.
    /// - Throws: `FileError` where the folder cannot be read.
    package func hasNames(atLeast count: Int, where isMeant: (String) -> Bool) throws(FileError) -> Bool {
        var found = 0
        try eachName { name in
            if isMeant(name) { found += 1 }
            return found < count
        }
        return found >= count
    }

    /// Gives the names in the folder in no order, until `body` wants no more.
    private func eachName(_ body: (String) -> Bool) throws(FileError) {
        // A descriptor of its own: reading moves its position.
        let opened = openat(descriptor.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(errno: errno, "reading the folder", path) }
        guard let stream = fdopendir(opened) else {
            let number = errno
            close(opened)
            throw FileError(errno: number, "reading the folder", path)
        }
        defer { closedir(stream) }
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let name, !body(name) { return }
            errno = 0
        }
        guard errno == 0 else { throw FileError(errno: errno, "reading the folder", path) }
    }

    /// Some of the files and folders in the folder, in the order of ``names()``; symbolic links and what is neither are left
    /// out.
    ///
    /// - Parameters:
    ///   - limit: The most that are answered.
    ///   - last: The name they come after; nil begins with the first.
    /// - Returns: The entries.
    /// - Throws: `FileError` where the folder cannot be read.
    package func entries(limit: Int, after last: RelativePath? = nil) throws -> [Entry] {
        var entries: [Entry] = []
        for name in try names() where last.map({ $0 < name }) ?? true {
            guard entries.count < limit else { break }
            guard let status = try status(of: name), status.kind == .file || status.kind == .directory else { continue }
            entries.append(Entry(name: name, status: status))
        }
        return entries
    }
}
