import FoundationEssentials
import QueueProtocol
import StudioCore

/// A file as a ComfyUI server names it.
struct ComfyFile: Sendable, Hashable {
    var name: String
    var folder: String
    /// `output`, `temp` or `input`.
    var place: String

    /// A record of a history's outputs; nil for one that is no file.
    init?(_ record: JSONValue) {
        guard let name = record["filename"]?.stringValue, !name.isEmpty else { return nil }
        self.name = name
        folder = record["subfolder"]?.stringValue ?? ""
        place = record["type"]?.stringValue ?? "output"
    }

    /// Its extension in small letters; empty where it has none.
    var fileExtension: String {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// What `GET /view` is asked by.
    var query: String {
        func escaped(_ text: String) -> String {
            text.utf8.map { byte in
                let isPlain =
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "-._~".utf8.contains(byte)
                if isPlain { return String(UnicodeScalar(byte)) }
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (digits.count < 2 ? "0" : "") + digits
            }.joined()
        }
        return "filename=\(escaped(name))&subfolder=\(escaped(folder))&type=\(escaped(place))"
    }
}

/// Which of the files that a prompt made is which output of the function. Pure.
enum ComfyOutputs {
    /// The files that a node made, of every kind that it tells: `images`, `gifs`, `audio`, whatever custom nodes call it.
    static func files(of node: String, in record: JSONValue) -> [ComfyFile] {
        (record["outputs"]?[node]?.objectValue ?? [:]).sorted { $0.key < $1.key }.flatMap { _, list in
            (list.arrayValue ?? []).compactMap(ComfyFile.init)
        }
    }

    /// The file for each output port.
    ///
    /// - Parameters:
    ///   - record: What the server's history says of the prompt.
    ///   - workflow: What the manifest says of the workflow.
    ///   - function: The function.
    /// - Returns: The file of each port that has one.
    /// - Throws: `JobFailure` with `output-invalid` where a port that must have one has none, or has several.
    static func matched(
        _ record: JSONValue, _ workflow: FunctionManifest.ComfyWorkflow, _ function: FunctionManifest
    ) throws(JobFailure) -> [(port: FunctionManifest.Port, file: ComfyFile)] {
        var matched: [(port: FunctionManifest.Port, file: ComfyFile)] = []
        for port in function.outputs {
            guard let node = workflow.outputs[port.name] else { continue }
            let made = files(of: node, in: record)
            let fitting = made.filter { $0.fileExtension == port.fileExtension }
            let title = workflow.title(of: node)
            if fitting.count > 1 {
                throw JobFailure(
                    .outputInvalid,
                    "The node \(title) made \(fitting.count) files for the output \(port.name), which takes one.")
            }
            if let file = fitting.first {
                matched.append((port, file))
            } else if port.isRequired {
                let kinds = Set(made.map { ".\($0.fileExtension)" }).sorted().joined(separator: ", ")
                throw JobFailure(
                    .outputInvalid,
                    "The node \(title) made no .\(port.fileExtension ?? "") for the output \(port.name)"
                        + (kinds.isEmpty ? "; it made no file." : ", but \(kinds)."))
            }
        }
        return matched
    }
}
