import StudioCore

/// The runners of this worker, by the kind that a function's manifest names.
struct RunnerCatalogue: Sendable {
    private let runners: [String: any Runner]

    init(_ runners: [String: any Runner]) {
        self.runners = runners
    }

    /// The runner for a function.
    ///
    /// - Parameter function: The function.
    /// - Returns: Its runner.
    /// - Throws: `JobFailure` with `runner-unknown` where this worker has none of that kind; another worker may.
    func runner(for function: FunctionManifest) throws(JobFailure) -> any Runner {
        guard let runner = runners[function.runner.kind] else {
            throw JobFailure(.runnerUnknown, "This worker has no runner of the kind \(function.runner.kind).")
        }
        return runner
    }

    /// Whether carrying out a function touches files of its project.
    func usesFiles(_ function: FunctionManifest) -> Bool {
        function.primaryOutput != nil || runners[function.runner.kind]?.usesFiles ?? false
    }
}
