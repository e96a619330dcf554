public import QueueProtocol

/// An entry of the function catalogue: what a user can ask for, what it costs, and how a worker carries it out.
/// The format is `function.json`, design: functions and runners.
public struct FunctionManifest: Sendable, Hashable {
    /// One named input or output.
    public struct Port: Sendable, Hashable {
        /// What may be connected.
        public enum Kind: String, Sendable, Hashable, CaseIterable {
            /// A still picture.
            case image
            /// Moving pictures, with or without sound.
            case video
            /// Sound.
            case audio
            /// A picture that masks another.
            case mask
            /// Text.
            case text
            /// A number.
            case number
            /// Any JSON value.
            case json
            /// A model file.
            case model
        }
        /// The port's name.
        public let name: String
        /// What may be connected.
        public let kind: Kind
        /// Whether a job must name it; of an output, whether the runner must make it.
        public let isRequired: Bool
        /// Whether it takes a list of files instead of one.
        public let isList: Bool
        /// Whether it is the output that becomes the take.
        public let isPrimary: Bool
        /// The extension of the file made, for outputs, without a dot; by default, where ``extensionParameter`` is named.
        public let fileExtension: String?
        /// The parameter whose value is the extension of the file made, such as a container's; nil where it is fixed.
        public let extensionParameter: String?

        /// The extension of the file that a run makes.
        ///
        /// - Parameter parameters: The run's effective parameters.
        /// - Returns: The extension without a dot; nil for an input.
        public func fileExtension(with parameters: [String: JSONValue]) -> String? {
            extensionParameter.flatMap { parameters[$0]?.stringValue } ?? fileExtension
        }
    }

    /// Who carries the function out.
    public enum Runner: Sendable, Hashable {
        /// Built-in media work of the worker; the name of the operation.
        case encoder(operation: String)
        /// Work of the worker itself that touches no file; the name of the operation.
        case builtin(operation: String)
        /// A task of a Python worker of Celery.
        case celery(CeleryTask)
        /// A model in an image of its own.
        case container(Container)
        /// A workflow of a ComfyUI server.
        case comfyui(ComfyWorkflow)

        /// The kind as the manifest spells it.
        public var kind: String {
            switch self {
            case .encoder: "encoder"
            case .builtin: "builtin"
            case .celery: "celery"
            case .container: "container"
            case .comfyui: "comfyui"
            }
        }
    }

    /// What a function that a Python worker carries out says of its task.
    public struct CeleryTask: Sendable, Hashable {
        /// The task's name, as the Python worker has registered it.
        public var task: String
        /// The queue that those workers serve; Celery's own default is `celery`.
        public var queue = "celery"
        /// Which of the queue's lists the task goes to, as Celery counts: 0, which is served first, to 9.
        public var priority = 0
        /// Exceptions after which another attempt is of no use: `ValueError`, or `package.module.BadShot`.
        public var permanentErrors: Set<String> = []
        /// How long a task that was sent may give no sign of life before its worker counts as lost.
        public var lostAfter = Duration.seconds(15)

        /// A task.
        ///
        /// - Parameter task: The task's name.
        public init(task: String) { self.task = task }
    }

    /// What one run costs.
    public struct Cost: Sendable, Hashable {
        /// Credits for a run, whatever its length.
        public var credits: Int
        /// Credits for each second of the `seconds` parameter, where the function has one.
        public var perSecond: Int
    }

    /// The function's name, also its folder's.
    public let name: String
    /// The version, `MAJOR.MINOR.PATCH`.
    public let version: String
    /// The name for people.
    public let title: String
    /// What it does, for people.
    public let summary: String
    /// The palette's group.
    public let category: String
    /// What its parameters must look like.
    public let parameters: ParameterSchema
    /// Its inputs, sorted by name.
    public let inputs: [Port]
    /// Its outputs, sorted by name; exactly one is primary. A function without any makes no take.
    public let outputs: [Port]
    /// The values each quality tier lays over the defaults.
    public let quality: [QualityTier: [String: JSONValue]]
    /// What a run costs.
    public let cost: Cost
    /// How long an attempt may take, in seconds, where the job does not say.
    public let timeoutSeconds: Int
    /// How often a job is tried, where it does not say.
    public let maxAttempts: Int
    /// How long a job waits between a failed attempt and the next.
    public let retry: RetryPolicy
    /// What a run may use of a machine.
    public let resources: Resources
    /// The model files that a run reads, in the manifest's order.
    public let models: [Model]
    /// The whole-number parameter by which it makes every Nth frame only; nil for a function that has no frames or makes
    /// them all. With one it can be asked for a preview.
    public let frameStep: String?
    /// Who carries it out.
    public let runner: Runner
    /// The manifest as it was read, for workers and clients.
    public let document: JSONValue

    /// The queue its jobs go to.
    public var queue: String { resources.queue }

    /// The primary output: the file that becomes the take; nil for a function that makes none.
    public var primaryOutput: Port? { outputs.first(where: \.isPrimary) ?? outputs.first }

    /// The parameters a run gets: defaults, the tier's values over them, the user's own over both.
    ///
    /// - Parameters:
    ///   - own: What the user sent.
    ///   - tier: The quality asked for.
    /// - Returns: The merged values, not checked.
    public func effectiveParameters(_ own: [String: JSONValue], tier: QualityTier) -> [String: JSONValue] {
        parameters.defaults
            .merging(quality[tier] ?? [:], uniquingKeysWith: { $1 })
            .merging(own, uniquingKeysWith: { $1 })
    }

    /// What a preview costs that makes every Nth frame: its share of the whole, rounded up.
    ///
    /// - Parameters:
    ///   - credits: What the whole costs.
    ///   - step: Every which frame is made, 1 or more.
    /// - Returns: Credits.
    public static func previewPrice(ofWhole credits: Int, every step: Int) -> Int {
        (credits + max(1, step) - 1) / max(1, step)
    }

    /// What a run with these parameters costs.
    ///
    /// - Parameter effective: The effective parameters.
    /// - Returns: Credits, rounded up to a whole one.
    public func price(of effective: [String: JSONValue]) -> Int {
        let seconds = effective["seconds"]?.doubleValue ?? 0
        // No account has so much: what is longer is refused for its price, and no number overflows.
        let forSeconds = min((Double(cost.perSecond) * max(0, seconds)).rounded(.up), 1e15)
        return cost.credits + Int(forSeconds)
    }
}
