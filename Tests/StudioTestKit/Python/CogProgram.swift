public import FoundationEssentials

/// A real Cog server as a plain process, with a model of `Tests/Python/cog`, on a free port of 127.0.0.1.
public final class CogProgram: Sendable {
    /// The running server.
    public let process: ChildProcess
    /// Where it answers, such as `http://127.0.0.1:5000`.
    public let base: String
    private let folder: TemporaryDirectory

    /// Starts a server; its model is loaded later.
    ///
    /// - Parameters:
    ///   - model: The model's file without its extension; `predict` by default.
    ///   - describesInputs: Whether it has a description of its inputs, as images have that Cog's own program built.
    ///   - environment: Added to the small inherited set.
    /// - Throws: `TestKitError` when it cannot be started, and what the file system says.
    public init(_ model: String = "predict", describesInputs: Bool = true, environment: [String: String] = [:]) throws {
        folder = try TemporaryDirectory("cog")
        try folder.write(Data(contentsOf: Self.file("\(model).py")), to: "predict.py")
        if describesInputs {
            try folder.write(Data(contentsOf: Self.file("\(model).json")), to: ".cog/openapi_schema.json")
        }
        let port = try ProgramUnderTest.freePort()
        base = "http://127.0.0.1:\(port)"
        let python = try PythonProgram.interpreter()
        // The server starts the process with the model as `python`.
        let path = "\(URL(filePath: python).deletingLastPathComponent().path):/usr/bin:/bin"
        let own = [
            "PORT": String(port), "COG_PREDICT_TYPE_STUB": "predict.py:Predictor", "PATH": path, "TMPDIR": folder.path,
        ]
        process = try ChildProcess(
            python, ["-u", "-m", "cog.server.http", "--host", "127.0.0.1"],
            environment: PythonProgram.environment.merging(own) { $1 }.merging(environment) { $1 },
            directory: folder.path)
    }

    /// The folder that the server runs in, for files that a test waits for or makes.
    ///
    /// - Parameter name: A file's name.
    /// - Returns: Its absolute path.
    public func path(_ name: String) -> String { folder.path(name) }

    /// Makes an empty file in the folder that the server runs in.
    ///
    /// - Parameter name: The file's name.
    /// - Throws: What the file system says.
    public func make(_ name: String) throws { try folder.write([], to: name) }

    /// A file of `Tests/Python/cog`.
    ///
    /// - Parameter name: Its name.
    /// - Returns: Where it is.
    public static func file(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Python/cog/\(name)")
    }
}
