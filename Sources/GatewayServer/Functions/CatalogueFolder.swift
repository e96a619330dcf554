import FoundationEssentials
import Glibc
import StudioCore

/// What the catalogue's files looked like: any change of one changes this.
struct CatalogueFingerprint: Sendable, Hashable {
    struct Entry: Sendable, Hashable {
        let folder: String
        let device, inode: UInt64
        let size, seconds, nanoseconds: Int64
    }
    let entries: [Entry]
}

/// Reads `<function>/function.json` below the catalogue's folder. Blocks; to be called on a thread that may.
///
/// A symbolic link in the place of an entry or of its manifest is refused: the catalogue says what runs, and a link could
/// make anything on the machine part of it.
struct CatalogueFolder: Sendable {
    /// The largest manifest, in bytes.
    static let manifestLimit = 1 << 20
    /// How many entries are read.
    static let entryLimit = 2000

    let path: String

    /// What the files look like; an entry without a readable manifest has the size -1.
    func fingerprint() -> CatalogueFingerprint {
        CatalogueFingerprint(
            entries: folders().map { folder in
                var status = stat()
                let found = lstat("\(path)/\(folder)/function.json", &status) == 0
                return .init(
                    folder: folder, device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
                    size: found ? Int64(status.st_size) : -1, seconds: Int64(status.st_mtim.tv_sec),
                    nanoseconds: Int64(status.st_mtim.tv_nsec))
            })
    }

    /// Every entry as it is now, good or bad.
    func read() -> [FunctionCatalogue.Source] {
        folders().map { folder in
            FunctionCatalogue.Source(
                folder: folder, manifest: Result { () throws(StudioError) in try manifest(in: folder) })
        }
    }

    private func manifest(in folder: String) throws(StudioError) -> FunctionManifest {
        try FunctionManifest(reading: try bytes(in: folder), folder: folder)
    }

    private func bytes(in folder: String) throws(StudioError) -> Data {
        let directory = open("\(path)/\(folder)", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { throw Self.refusal("file", "the folder \(folder) cannot be opened, or is a link") }
        defer { close(directory) }
        let file = openat(directory, "function.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw Self.refusal(
                "file", errno == ELOOP ? "function.json is a link" : "there is no readable function.json")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Self.refusal("file", "function.json is no regular file")
        }
        guard status.st_size <= Self.manifestLimit else {
            throw Self.refusal("size", "function.json has more than \(Self.manifestLimit) bytes")
        }
        return try Self.contents(of: file)
    }

    private static func contents(of file: CInt) throws(StudioError) -> Data {
        var bytes = [UInt8](repeating: 0, count: manifestLimit + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: length), $0.count - length)
            }
            if count == 0 { break }
            guard count > 0 || errno == EINTR else { throw refusal("file", "function.json could not be read") }
            length += max(count, 0)
        }
        // It may have grown since its size was looked at.
        guard length <= manifestLimit else {
            throw refusal("size", "function.json has more than \(manifestLimit) bytes")
        }
        return Data(bytes[..<length])
    }

    private static func refusal(_ code: String, _ detail: String) -> StudioError {
        .invalid([Finding(pointer: "", code: code, detail: detail)])
    }

    /// The entries' names, sorted; files beside them and hidden folders are none.
    private func folders() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return Array(
            names.filter { name in
                var status = stat()
                guard !name.hasPrefix("."), lstat("\(path)/\(name)", &status) == 0 else { return false }
                let type = status.st_mode & S_IFMT
                return type == S_IFDIR || type == S_IFLNK
            }.sorted().prefix(Self.entryLimit))
    }
}
