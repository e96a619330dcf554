import QueueProtocol
import StudioCore

/// How a worker carries out one kind of function.
///
/// A runner knows nothing of PostgreSQL, Redis, Git, takes or credits: it gets inputs and makes outputs. It is cancelled
/// by cancelling the task of ``run(_:)``, which must then return, by throwing, within a second and leave nothing running.
/// What it throws is a `JobFailure`, or `CancellationError` after a cancel; anything else counts as `runner-failed`.
protocol Runner: Sendable {
    /// Whether the work reads or writes files; where not, it gets no inputs and no scratch folder. Default true.
    var usesFiles: Bool { get }

    /// Looks whether the work can be done, before anything is started.
    ///
    /// - Parameter context: The work.
    /// - Throws: `JobFailure` where it cannot.
    func prepare(_ context: RunContext) async throws

    /// Does the work.
    ///
    /// - Parameter context: The work.
    /// - Returns: What was made, and what made it.
    /// - Throws: `JobFailure`, or `CancellationError` after a cancel.
    func run(_ context: RunContext) async throws -> RunResult
}

extension Runner {
    var usesFiles: Bool { true }
}

/// What a runner made.
struct RunResult: Sendable, Hashable {
    /// The absolute path of the file made for each output port, inside the scratch folder; none where the function has no
    /// outputs.
    var files: [String: String]
    /// What made them, beyond what the job says: an image's digest, a server's version; for the take's provenance.
    var provenance: [String: JSONValue] = [:]
}

/// All that one attempt gets to work with.
struct RunContext: Sendable {
    /// The job and the attempt, for logs and labels.
    var key: AttemptKey
    /// The function as the job was sold it.
    var function: FunctionManifest
    /// The input files by port, in the job's order: absolute paths, checked to be regular files of the project, to be
    /// read and never written.
    var inputs: [String: [String]]
    /// The model files that the function reads, in its manifest's order: found, and to be read only.
    var models: [ModelFile] = []
    /// The absolute path of a folder that only this attempt writes to; it is removed afterwards. Empty for a runner that
    /// uses no files.
    var scratch: String
    /// The effective parameters: defaults, tier and the user's own.
    var parameters: [String: JSONValue]
    /// The quality asked for.
    var quality: QualityTier
    /// Where randomness starts.
    var seed: UInt64
    /// How long the attempt may take.
    var timeout: Duration
    /// Takes progress in, from any thread, as often as it likes.
    var progress: @Sendable (RunProgress) -> Void
    /// Takes one line of the runner's log in, from any thread.
    var log: @Sendable (String) -> Void
}

extension RunContext {
    /// Another worker may know what this one does not.
    var unknownRunner: JobFailure {
        JobFailure(.runnerUnknown, "This worker cannot carry out \(function.name) \(function.version).")
    }

    /// Holds the inputs against the function's ports.
    ///
    /// - Throws: `JobFailure` with `input-missing` or `parameters-invalid`.
    func checkInputs() throws(JobFailure) {
        for port in function.inputs {
            let count = inputs[port.name]?.count ?? 0
            if port.isRequired, count == 0 {
                throw JobFailure(.inputMissing, "The function needs an input for its port \(port.name).")
            }
            if !port.isList, count > 1 {
                throw JobFailure(.parametersInvalid, "The port \(port.name) takes one file, not \(count).")
            }
        }
    }
}

/// A model file as a run finds it.
struct ModelFile: Sendable, Hashable {
    /// What the manifest names: a path below the folder of models.
    var name: String
    /// Where it is; absolute, a regular file.
    var path: String
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    var sha256: String
}

/// How far a run is.
struct RunProgress: Sendable, Hashable {
    /// How much is done, 0…1; nil while that cannot be told.
    var fraction: Double?
    /// What is being done, in a word or a few.
    var stage: String
    /// More about it, for people.
    var message = ""
    /// A small picture of what is being made, where the runner shows one.
    var preview: ProgressPicture?
}

extension FunctionManifest {
    /// The seed of a run with these parameters: the `seed` parameter where the function has one, else 0, so that the
    /// same submission makes the same take again.
    func seed(in effective: [String: JSONValue]) -> UInt64 { effective["seed"]?.uint64Value ?? 0 }
}
