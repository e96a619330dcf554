import Glibc
import QueueProtocol
import StudioCore

/// The files that a Python task made, found and checked.
///
/// A task may return `{"outputs": {"image": "frames/last.png"}}`: a file for each port, below the folder that it was given,
/// relative or absolute. A port that is not named there gets the file of its own name, `image.png`. Whatever lies outside,
/// is reached by a link, has a second name, or is of another type than the port's is refused.
struct PythonOutputs: Sendable {
    private let named: [String: JSONValue]
    private let function: FunctionManifest
    private let folder: String

    /// - Parameters:
    ///   - result: What the task returned.
    ///   - function: The function.
    ///   - folder: The absolute path of the attempt's scratch folder.
    /// - Throws: `JobFailure` with `output-invalid` where it names a port that the function has not.
    init(result: JSONValue, function: FunctionManifest, folder: String) throws(JobFailure) {
        let outputs = result["outputs"] ?? [:]
        guard let named = outputs.objectValue else {
            throw JobFailure(.outputInvalid, "The task's \"outputs\" are not an object of a file for each port.")
        }
        let ports = Set(function.outputs.map(\.name))
        if let stranger = named.keys.sorted().first(where: { !ports.contains($0) }) {
            throw JobFailure(
                .outputInvalid, "The task names a file for the port \(stranger), which the function has not.")
        }
        self.named = named
        self.function = function
        self.folder = folder
    }

    /// Looks for the files. Blocks.
    ///
    /// - Returns: The absolute path of the file for each port that has one.
    /// - Throws: `JobFailure` with `output-invalid`.
    func files() throws(JobFailure) -> [String: String] {
        var found: [String: String] = [:]
        for port in function.outputs {
            let fileExtension = port.fileExtension ?? ""
            guard let told = named[port.name], !told.isNull else {
                let own = "\(port.name).\(fileExtension)"
                if try check(own, port, mayBeMissing: true) { found[port.name] = "\(folder)/\(own)" }
                continue
            }
            guard let text = told.stringValue else { throw refused(port, "is not named by a text") }
            let relative = text.hasPrefix(folder + "/") ? String(text.dropFirst(folder.count + 1)) : text
            guard relative.split(separator: ".").last.map({ $0.lowercased() == fileExtension }) ?? false else {
                throw refused(port, "is no .\(fileExtension)")
            }
            _ = try check(relative, port, mayBeMissing: false)
            found[port.name] = "\(folder)/\(relative)"
        }
        return found
    }

    private func refused(_ port: FunctionManifest.Port, _ what: String) -> JobFailure {
        JobFailure(.outputInvalid, "The output \(port.name) \(what).")
    }

    /// Whether there is a regular file of that path with one name only, reached through no link.
    private func check(
        _ path: String, _ port: FunctionManifest.Port, mayBeMissing: Bool
    ) throws(JobFailure) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !path.utf8.contains(0)
        else {
            throw refused(port, "is not in the folder that the task was given")
        }
        var place = folder
        for (index, part) in parts.enumerated() {
            place += "/\(part)"
            var status = stat()
            guard lstat(place, &status) == 0 else {
                if mayBeMissing { return false }
                throw refused(port, "is not there")
            }
            let kind = status.st_mode & S_IFMT
            if kind == S_IFLNK { throw refused(port, "is a link, or is reached by one") }
            guard index < parts.count - 1 else {
                guard kind == S_IFREG else { throw refused(port, "is no file") }
                // A second name would let somebody change the take afterwards, or the take an input.
                guard status.st_nlink == 1 else { throw refused(port, "is a link to another file") }
                break
            }
            guard kind == S_IFDIR else { throw refused(port, "is not there") }
        }
        guard try FileSignature.fits(place, fileExtension: port.fileExtension ?? "", port) else {
            throw refused(port, "is not what its name says, a .\(port.fileExtension ?? "")")
        }
        return true
    }
}
