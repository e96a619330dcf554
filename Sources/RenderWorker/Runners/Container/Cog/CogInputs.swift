import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem

/// What a prediction is given: parameters by name, and for each input port a path that the server can open, or what is in
/// the file where the port takes text, a number or JSON.
///
/// Files go by path, since what goes within a request is in memory several times: a data URL of 100 MB cost the real server
/// 1 GB, and it takes no request above 100 MiB.
enum CogInputs {
    /// The largest file whose content becomes a value, in bytes.
    static let largestValue = 1 << 20

    /// Puts a prediction's inputs together. Blocks.
    ///
    /// - Parameters:
    ///   - context: The work.
    ///   - files: The input files by port, where the server sees them.
    /// - Returns: The values by the names of the model's inputs.
    /// - Throws: `JobFailure` with `input-invalid` or `parameters-invalid`.
    static func values(
        _ context: RunContext, files: [String: [String]]
    ) throws(JobFailure) -> [String: JSONValue] {
        var values = context.parameters.filter { !$0.value.isNull }
        if values["seed"] != nil { values["seed"] = .unsigned(context.seed) }
        for port in context.function.inputs {
            guard let seen = files[port.name], !seen.isEmpty else { continue }
            guard values[port.name] == nil else {
                throw JobFailure(
                    .parametersInvalid, "The function has a parameter and an input of the same name, \(port.name).")
            }
            let given = context.inputs[port.name] ?? []
            var list: [JSONValue] = []
            for (own, path) in zip(given, seen) {
                list.append(isValue(port) ? try value(of: own, port) : .string(path))
            }
            values[port.name] = port.isList ? .array(list) : list.first ?? .null
        }
        return values
    }

    /// Whether what is in the port's file is given, and not the file.
    static func isValue(_ port: FunctionManifest.Port) -> Bool {
        switch port.kind {
        case .text, .number, .json: true
        case .image, .video, .audio, .mask, .model: false
        }
    }

    private static func value(of path: String, _ port: FunctionManifest.Port) throws(JobFailure) -> JSONValue {
        let bytes: Data
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size <= largestValue else {
                throw JobFailure(
                    .inputInvalid, "The input \(port.name) is larger than \(largestValue >> 10) KiB.")
            }
            bytes = try Data(contentsOf: URL(filePath: path))
        } catch let failure as JobFailure {
            throw failure
        } catch {
            throw JobFailure(.inputMissing, "The input \(port.name) cannot be read.")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw JobFailure(.inputInvalid, "The input \(port.name) is no UTF-8 text.")
        }
        if port.kind == .text { return .string(text) }
        guard let value = try? JSONText.decode(JSONValue.self, from: bytes),
            port.kind == .json || value.doubleValue != nil
        else { throw JobFailure(.inputInvalid, "The input \(port.name) is no \(port.kind.rawValue).") }
        return value
    }
}
