import Glibc
import QueueProtocol
import StudioCore
import StudioSystem

/// The files that a program which is not the studio's made, found and checked.
///
/// The program may name a file for each port, `{"image": "frames/last.png"}`, below the folder that it was given, relative
/// or absolute. A port that is not named gets the file of its own name, `image.png`. Whatever lies outside, is reached by a
/// link, has a second name, is marked to run as somebody else, is of another type than the port's, or is too large is
/// refused.
struct MadeOutputs: Sendable {
    private let named: [String: JSONValue]
    private let function: FunctionManifest
    private let folder: String
    private let seenAs: String
    private let limit: Int64

    /// - Parameters:
    ///   - named: A file for each port, as the program names them; null for none.
    ///   - function: The function.
    ///   - folder: The absolute path of the folder.
    ///   - seenAs: The folder's path as the program sees it; by default the same.
    ///   - limit: The most bytes that all outputs may have together; by default any number.
    /// - Throws: `JobFailure` with `output-invalid` where it names a port that the function has not.
    init(
        named: JSONValue, function: FunctionManifest, folder: String, seenAs: String? = nil, limit: Int64 = .max
    ) throws(JobFailure) {
        let outputs: JSONValue = named.isNull ? [:] : named
        guard let files = outputs.objectValue else {
            throw JobFailure(.outputInvalid, "The \"outputs\" that it names are not an object of a file for each port.")
        }
        let ports = Set(function.outputs.map(\.name))
        if let stranger = files.keys.sorted().first(where: { !ports.contains($0) }) {
            throw JobFailure(
                .outputInvalid, "It names a file for the port \(stranger.prefix(64)), which the function has not.")
        }
        self.named = files
        self.function = function
        self.folder = folder
        self.seenAs = seenAs ?? folder
        self.limit = limit
    }

    /// Looks for the files. Blocks.
    ///
    /// - Returns: The absolute path of the file for each port that has one.
    /// - Throws: `JobFailure` with `output-invalid`.
    func files() throws(JobFailure) -> [String: String] {
        var found: [String: String] = [:]
        var bytes: Int64 = 0
        for port in function.outputs {
            let fileExtension = port.fileExtension ?? ""
            let relative: String
            if let told = named[port.name], !told.isNull {
                guard let text = told.stringValue else { throw refused(port, "is not named by a text") }
                relative = text.hasPrefix(seenAs + "/") ? String(text.dropFirst(seenAs.count + 1)) : text
                guard relative.split(separator: ".").last.map({ $0.lowercased() == fileExtension }) ?? false else {
                    throw refused(port, "is no .\(fileExtension)")
                }
                guard let size = try check(relative, port) else { throw refused(port, "is not there") }
                bytes += size
            } else {
                relative = "\(port.name).\(fileExtension)"
                guard let size = try check(relative, port) else { continue }
                bytes += size
            }
            guard bytes <= limit else { throw Self.tooLarge(limit) }
            found[port.name] = "\(folder)/\(relative)"
        }
        return found
    }

    /// The outputs have more bytes than they may.
    static func tooLarge(_ limit: Int64) -> JobFailure {
        JobFailure(.outputInvalid, "The outputs are larger than the \(limit >> 20) MiB that they may have together.")
    }

    private func refused(_ port: FunctionManifest.Port, _ what: String) -> JobFailure {
        JobFailure(.outputInvalid, "The output \(port.name) \(what).")
    }

    /// The size of the regular file of that path, with one name only and reached through no link; nil where there is none.
    private func check(_ path: String, _ port: FunctionManifest.Port) throws(JobFailure) -> Int64? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !path.utf8.contains(0)
        else {
            throw refused(port, "is not in the folder that it was to be made in")
        }
        var place = folder
        var status = stat()
        for (index, part) in parts.enumerated() {
            place += "/\(part)"
            guard lstat(place, &status) == 0 else { return nil }
            let kind = status.st_mode & S_IFMT
            if kind == S_IFLNK { throw refused(port, "is a link, or is reached by one") }
            guard index < parts.count - 1 else {
                guard kind == S_IFREG else { throw refused(port, "is no file") }
                // A second name would let somebody change the take afterwards, or the take an input.
                guard status.st_nlink == 1 else { throw refused(port, "is a link to another file") }
                guard status.st_mode & (S_ISUID | S_ISGID) == 0 else {
                    throw refused(port, "is marked to run as somebody else")
                }
                break
            }
            guard kind == S_IFDIR else { return nil }
        }
        guard try FileSignature.fits(place, fileExtension: port.fileExtension ?? "", port) else {
            throw refused(port, "is not what its name says, a .\(port.fileExtension ?? "")")
        }
        return Int64(status.st_size)
    }
}
