extension FunctionManifest {
    /// What a run may use of a machine.
    public struct Resources: Sendable, Hashable {
        /// The queue its jobs go to; workers say which queues they serve.
        public var queue: String
        /// How many GPUs it is given; none by default.
        public var gpus = 0
        /// The most memory it may have, in MiB.
        public var memoryMegabytes = 4096
        /// The most processor time it may have, in cores.
        public var cpus = 2.0

        /// Resources.
        ///
        /// - Parameter queue: The queue its jobs go to.
        public init(queue: String) { self.queue = queue }
    }

    /// A model file that a run reads: below the project's `01_Assets/Models`, or else below the studio's models.
    public struct Model: Sendable, Hashable {
        /// Its path below either folder.
        public var path: String
        /// The SHA-256 that it must have, 64 small hexadecimal digits; nil takes any.
        public var sha256: String?

        /// A model file.
        ///
        /// - Parameters:
        ///   - path: Its path below the project's or the studio's models.
        ///   - sha256: The SHA-256 that it must have; nil takes any.
        public init(path: String, sha256: String? = nil) {
            self.path = path
            self.sha256 = sha256
        }
    }
}
