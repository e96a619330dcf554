import FoundationEssentials
import Glibc
public import StudioCore

/// What the catalogue's files looked like: any change of one changes this.
public struct CatalogueFingerprint: Sendable, Hashable {
    struct Entry: Sendable, Hashable {
        let folder: String
        let file: String
        let device, inode: UInt64
        let size, seconds, nanoseconds: Int64
    }
    let entries: [Entry]
}

/// Reads `<function>/function.json`, and the `workflow.json` beside it where there is one, below the catalogue's folder.
/// Blocks; to be called on a thread that may.
///
/// A symbolic link in the place of an entry or of one of its files is refused: the catalogue says what runs, and a link could
/// make anything on the machine part of it.
public struct CatalogueFolder: Sendable {
    /// The largest manifest, and the largest workflow, in bytes.
    public static let manifestLimit = 1 << 20
    private static let manifestName = "function.json"
    private static let workflowName = "workflow.json"
    /// How many entries are read.
    public static let entryLimit = 2000

    private let path: String

    /// A catalogue.
    ///
    /// - Parameter path: The folder that its entries are in.
    public init(path: String) { self.path = path }

    /// The function in one folder, wherever that is. Blocks. Only in a catalogue must the folder have the function's name.
    ///
    /// - Parameter folder: The absolute path of the function's folder.
    /// - Returns: The function.
    /// - Throws: `StudioError` with code `invalid` and everything that is wrong with it.
    public static func manifest(inFolder folder: String) throws(StudioError) -> FunctionManifest {
        let parts = folder.split(separator: "/").filter { $0 != "." }
        guard let name = parts.last, name != ".." else {
            throw refusal("file", "\(folder) is not the folder of a function")
        }
        let parent = "/" + parts.dropLast().joined(separator: "/")
        let isCatalogue = parent.hasSuffix("/" + WorkspaceLayout.pipelineTemplates)
        return try CatalogueFolder(path: parent).manifest(in: String(name), isNamedSo: isCatalogue)
    }

    /// What the files look like; a file that is not there has the size -1.
    ///
    /// - Returns: It changes when a file does.
    public func fingerprint() -> CatalogueFingerprint {
        CatalogueFingerprint(
            entries: folders().flatMap { folder in
                [Self.manifestName, Self.workflowName].map { file in
                    var status = stat()
                    let found = lstat("\(path)/\(folder)/\(file)", &status) == 0
                    return .init(
                        folder: folder, file: file, device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
                        size: found ? Int64(status.st_size) : -1, seconds: Int64(status.st_mtim.tv_sec),
                        nanoseconds: Int64(status.st_mtim.tv_nsec))
                }
            })
    }

    /// Every entry as it is now, good or bad.
    ///
    /// - Returns: The entries, by folder.
    public func read() -> [FunctionCatalogue.Source] {
        folders().map { folder in
            FunctionCatalogue.Source(
                folder: folder, manifest: Result { () throws(StudioError) in try manifest(in: folder) })
        }
    }

    private func manifest(
        in folder: String, isNamedSo: Bool = true
    ) throws(StudioError) -> FunctionManifest {
        let directory = open("\(path)/\(folder)", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { throw Self.refusal("file", "the folder \(folder) cannot be opened, or is a link") }
        defer { close(directory) }
        guard let bytes = try Self.bytes(of: Self.manifestName, in: directory) else {
            throw Self.refusal("file", "there is no readable function.json")
        }
        let workflow = try Self.bytes(of: Self.workflowName, in: directory)
        return try FunctionManifest(reading: bytes, workflow: workflow, folder: isNamedSo ? folder : nil)
    }

    /// A file's bytes; nil where there is none of that name.
    private static func bytes(of name: String, in directory: CInt) throws(StudioError) -> Data? {
        let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw refusal("file", errno == ELOOP ? "\(name) is a link" : "\(name) cannot be read")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw refusal("file", "\(name) is no regular file")
        }
        guard status.st_size <= manifestLimit else {
            throw refusal("size", "\(name) has more than \(manifestLimit) bytes")
        }
        return try contents(of: file, name)
    }

    private static func contents(of file: CInt, _ name: String) throws(StudioError) -> Data {
        var bytes = [UInt8](repeating: 0, count: manifestLimit + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: length), $0.count - length)
            }
            if count == 0 { break }
            guard count > 0 || errno == EINTR else { throw refusal("file", "\(name) could not be read") }
            length += max(count, 0)
        }
        // It may have grown since its size was looked at.
        guard length <= manifestLimit else {
            throw refusal("size", "\(name) has more than \(manifestLimit) bytes")
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
