extension FunctionManifest {
    /// What a function that runs in a container says of it.
    public struct Container: Sendable, Hashable {
        /// How the worker and the container speak with each other.
        public enum Contract: String, Sendable, Hashable, CaseIterable {
            /// One container for each attempt; files and standard output are the contract.
            case batch
            /// An image made with Cog, which serves predictions over HTTP and stays while it is in demand.
            case cog
        }

        /// When an image is pulled, as Kubernetes names it.
        public enum PullPolicy: String, Sendable, Hashable, CaseIterable {
            /// Before every run.
            case always = "Always"
            /// Where the engine does not have it.
            case ifNotPresent = "IfNotPresent"
            /// Never: the engine must have it.
            case never = "Never"
        }

        /// The image's reference: `name[:tag][@sha256:digest]`.
        public var image: String
        /// How the worker and the container speak with each other.
        public var contract: Contract
        /// The program and its arguments instead of the image's own; empty takes the image's.
        public var command: [String] = []
        /// Variables beside the image's own, by name.
        public var environment: [String: String] = [:]
        /// When the image is pulled: where it is not there, or always where its tag is `latest` or left out.
        public var pullPolicy = PullPolicy.ifNotPresent
        /// Whether the container may reach a network.
        public var network = false
        /// How many processes and threads it may have at once.
        public var processes = 512
        /// The most it may write to `/tmp`, in MiB; counted as its memory.
        public var temporaryMegabytes = 1024
        /// The most that its outputs may have together, in MiB.
        public var outputMegabytes = 4096
        /// How long a Cog model may take to load, in seconds.
        public var setupSeconds = 600
        /// How long a Cog container without work is kept, in seconds.
        public var idleSeconds = 300

        /// A container.
        ///
        /// - Parameters:
        ///   - image: The image's reference.
        ///   - contract: How the worker and the container speak with each other.
        public init(image: String, contract: Contract) {
            self.image = image
            self.contract = contract
        }
    }
}
