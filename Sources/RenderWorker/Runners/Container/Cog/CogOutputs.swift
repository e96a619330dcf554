import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem

/// Which of the things that a model returned is which output.
///
/// An object with members named like outputs is taken apart by them. A list becomes one text, or JSON, where the primary
/// output is that; else its items are the primary output and then the others by name, and more items than outputs are an
/// error, since a picture that somebody paid for is not thrown away without a word. Anything else is the primary output.
struct CogOutputs: Sendable {
    private let function: FunctionManifest

    init(_ function: FunctionManifest) { self.function = function }

    /// - Parameter output: What the model returned.
    /// - Returns: The value of each output, without those that were not made; and the members that are no output.
    /// - Throws: `JobFailure` with `output-invalid`.
    func assigned(_ output: JSONValue) throws(JobFailure) -> (values: [String: JSONValue], others: [String: JSONValue])
    {
        guard let primary = function.primaryOutput else { return ([:], [:]) }
        var values: [String: JSONValue] = [:]
        var others: [String: JSONValue] = [:]
        let names = Set(function.outputs.map(\.name))
        if let members = output.objectValue, primary.kind != .json || !names.isDisjoint(with: members.keys) {
            for (name, value) in members {
                if names.contains(name) { values[name] = value } else { others[name] = value }
            }
        } else if let items = output.arrayValue, primary.kind != .json {
            values = try spread(items, primary)
        } else {
            values[primary.name] = output
        }
        values = values.filter { !$0.value.isNull }
        if let missing = function.outputs.first(where: { $0.isRequired && values[$0.name] == nil }) {
            throw JobFailure(
                .outputInvalid,
                "The model made nothing for the output \(missing.name), or a file that it named could not be read.")
        }
        return (values, others)
    }

    private func spread(
        _ items: [JSONValue], _ primary: FunctionManifest.Port
    ) throws(JobFailure) -> [String: JSONValue] {
        if primary.kind == .text {
            return [primary.name: .string(items.compactMap(\.stringValue).joined())]
        }
        let ports = [primary] + function.outputs.filter { $0.name != primary.name }
        guard items.count <= ports.count else {
            throw JobFailure(
                .outputInvalid,
                "The model returned a list of \(items.count), and the function has \(ports.count) output"
                    + (ports.count == 1 ? "." : "s."))
        }
        return Dictionary(uniqueKeysWithValues: zip(ports.map(\.name), items))
    }
}

/// Makes files of what a model returned. Its calls block.
struct CogOutputFiles: Sendable {
    /// Where the server puts files instead of sending them: what addresses begin with, and the folder that they stand for.
    struct Uploads: Sendable {
        var address: String
        var folder: String
    }

    /// The absolute path of the attempt's scratch folder.
    let folder: String
    /// The most that the files may have together, in bytes.
    let limit: Int64
    /// Where the server puts files; nil where it sends them.
    let uploads: Uploads?

    /// Writes a file for each output.
    ///
    /// - Parameters:
    ///   - values: What the model returned for each output.
    ///   - function: The function.
    /// - Returns: The absolute path of each.
    /// - Throws: `JobFailure` with `output-invalid` or `storage-full`.
    func write(_ values: [String: JSONValue], of function: FunctionManifest) throws(JobFailure) -> [String: String] {
        var files: [String: String] = [:]
        var left = limit
        for port in function.outputs {
            guard let value = values[port.name] else { continue }
            let fileExtension = port.fileExtension ?? "bin"
            let path = "\(folder)/\(port.name).\(fileExtension)"
            do {
                left -= try write(value, port, to: path, atMost: left)
            } catch let failure as JobFailure {
                throw failure
            } catch let error as FileError {
                throw JobFailure(error, while: "The output \(port.name) could not be written")
            } catch {
                throw refused(port, "names a file outside of the folder that the model's files are put into")
            }
            guard try FileSignature.fits(path, fileExtension: fileExtension, port) else {
                throw refused(port, "is not what it is to be, a .\(fileExtension)")
            }
            files[port.name] = path
        }
        return files
    }

    private func write(
        _ value: JSONValue, _ port: FunctionManifest.Port, to path: String, atMost left: Int64
    ) throws -> Int64 {
        if let text = value.stringValue {
            if let uploads, text.hasPrefix(uploads.address) {
                let place = text.dropFirst(uploads.address.count)
                return try copy(String(place), from: uploads.folder, port, to: path, atMost: left)
            }
            if let bytes = DataURL.bytes(of: text) { return try write(bytes, port, to: path, atMost: left) }
        }
        switch port.kind {
        case .text:
            guard let text = value.stringValue ?? Self.json(value) else { throw refused(port, "is no text") }
            return try write(Data(text.utf8), port, to: path, atMost: left)
        case .number:
            guard value.doubleValue != nil, let text = Self.json(value) else { throw refused(port, "is no number") }
            return try write(Data(text.utf8), port, to: path, atMost: left)
        case .json:
            guard let text = Self.json(value) else { throw refused(port, "is not JSON") }
            return try write(Data(text.utf8), port, to: path, atMost: left)
        case .image, .video, .audio, .mask, .model:
            throw refused(
                port,
                value.stringValue?.contains("://") == true
                    ? "is an address, from which the worker fetches nothing" : "is no file")
        }
    }

    private static func json(_ value: JSONValue) -> String? { try? JSONText.string(value, sortedKeys: true) }

    private func write(_ bytes: Data, _ port: FunctionManifest.Port, to path: String, atMost left: Int64) throws
        -> Int64
    {
        guard bytes.count <= left else { throw tooLarge(port) }
        let file = try FreshFile.open(path)
        try bytes.withUnsafeBytes { try FileBytes.write($0, to: file.raw, path: path) }
        return Int64(bytes.count)
    }

    /// Copied, not moved: the process that made the file still runs, and might change it after the check.
    private func copy(
        _ place: String, from folder: String, _ port: FunctionManifest.Port, to path: String, atMost left: Int64
    ) throws -> Int64 {
        let source = try SafeDirectory(folder).open(RelativePath(place))
        guard try FileStatus(descriptor: source.raw, path: path).size <= left else { throw tooLarge(port) }
        let file = try FreshFile.open(path)
        try FileBytes.copy(from: source.raw, to: file.raw, path: path) {
            guard try FileStatus(descriptor: file.raw, path: path).size <= left else { throw tooLarge(port) }
        }
        return try FileStatus(descriptor: file.raw, path: path).size
    }

    private func refused(_ port: FunctionManifest.Port, _ what: String) -> JobFailure {
        JobFailure(.outputInvalid, "The output \(port.name) \(what).")
    }

    private func tooLarge(_ port: FunctionManifest.Port) -> JobFailure {
        refused(port, "is larger than the \(limit >> 20) MiB that the function's outputs may have")
    }
}
