import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioTransfer

/// Fetches what a prompt made into an attempt's scratch folder.
struct ComfyFetching: Sendable {
    /// How often a file is asked for while the server is slow or away: what was rendered is not to be rendered again.
    private static let tries = 3

    let server: ComfyServer
    let function: FunctionManifest
    let pace: ComfyPace

    /// - Parameters:
    ///   - outputs: Which file is for which port.
    ///   - folder: The absolute path of the scratch folder.
    ///   - limit: The most bytes that all of them may have together.
    /// - Returns: The absolute path of each port's file.
    /// - Throws: `JobFailure`; `CancellationError`.
    func fetch(
        _ outputs: [(port: FunctionManifest.Port, file: ComfyFile)], to folder: String, limit: Int64
    ) async throws -> [String: String] {
        var names: [String: JSONValue] = [:]
        var left = limit
        for (index, output) in outputs.enumerated() {
            let name = "output-\(index + 1).\(output.port.fileExtension ?? "")"
            try await fetch(output.file, for: output.port, to: "\(folder)/\(name)", limit: left)
            left -= try await Blocking.run { Self.size(of: "\(folder)/\(name)") }
            names[output.port.name] = .string(name)
        }
        let named = JSONValue.object(names)
        return try await Blocking.run {
            try MadeOutputs(named: named, function: function, folder: folder, limit: limit).files()
        }
    }

    private func fetch(
        _ file: ComfyFile, for port: FunctionManifest.Port, to path: String, limit: Int64
    ) async throws {
        for number in 1...Self.tries {
            do {
                switch try await server.fetch(file, to: path, limit: limit) {
                case 200: return
                case 404:
                    throw ComfyFailure.elsewhere(
                        JobFailure(
                            .runnerFailed, "The ComfyUI server does not have the file of the output \(port.name)."))
                case let status where number == Self.tries:
                    throw ComfyServer.Trouble(description: "it answered \(status) to the file of \(port.name)")
                default: break
                }
            } catch let error as TransferError {
                if error.code == .cancelled || Task.isCancelled { throw CancellationError() }
                if error.code == .tooLarge {
                    throw JobFailure(
                        .outputInvalid, "The output \(port.name) is larger than the function may make.")
                }
                if error.code == .fileFailed || error.code == .storageFull {
                    throw JobFailure(.storageFull, "The output \(port.name) could not be written: \(error.message)")
                }
                if number == Self.tries { throw ComfyServer.Trouble(isGone: true, description: "\(error)") }
            }
            try await ContinuousClock().sleep(for: pace.poll / 2)
        }
    }

    private static func size(of path: String) -> Int64 {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
