import StudioCore

extension ContainerHost {
    /// The image of a function, pulled where its manifest wants that.
    ///
    /// - Parameters:
    ///   - told: What the manifest says of the container.
    ///   - context: The attempt, which is told how far a pull is.
    /// - Returns: The image, which the engine has.
    /// - Throws: `JobFailure`; `CancellationError`.
    func image(of told: FunctionManifest.Container, for context: RunContext) async throws -> EngineImage {
        let reference = ImageReference(told.image)
        do {
            if told.pullPolicy != .always, let image = try await engine.image(reference) { return image }
            guard told.pullPolicy != .never else {
                throw JobFailure(
                    .runnerUnknown,
                    "This worker's engine does not have the image \(told.image), and is not to pull it.")
            }
            try await pull(reference, context)
            guard let image = try await engine.image(reference) else {
                throw EngineError(.strange, "an image that was pulled is not there")
            }
            return image
        } catch let error as EngineError {
            try Task.checkCancellation()
            throw JobFailure(error, of: self, while: "The image \(told.image) could not be looked for.")
        }
    }

    private func pull(_ reference: ImageReference, _ context: RunContext) async throws {
        let stage = "pulling the image"
        context.log("pulling the image \(reference.text)")
        context.progress(RunProgress(fraction: nil, stage: stage))
        do {
            try await engine.pull(reference) { news in
                context.progress(RunProgress(fraction: nil, stage: stage, message: news.text))
            }
            context.log("the image \(reference.text) was pulled")
        } catch let error as EngineError where error.code == .refused || error.code == .notFound {
            context.log("the image could not be pulled: \(error.message)")
            var failure = JobFailure(
                .runnerFailed, "The image \(reference.text) could not be pulled: \(error.message)",
                retryable: !Self.isFinal(error.message))
            // It is the registry's or the manifest's doing.
            failure.isElsewhere = true
            throw failure
        }
    }

    /// Whether a registry has decided, so that asking again is of no use.
    private static func isFinal(_ words: String) -> Bool {
        let words = words.lowercased()
        return [
            "manifest unknown", "not found", "does not exist", "denied", "unauthorized", "no basic auth",
            "invalid reference",
        ]
        .contains { words.contains($0) } && !words.contains("no such host")
    }
}

extension JobFailure {
    /// What an engine's failure means for a job.
    ///
    /// - Parameters:
    ///   - error: The failure.
    ///   - host: Where it happened.
    ///   - sentence: What could not be done, for people.
    init(_ error: EngineError, of host: ContainerHost, while sentence: String) {
        switch error.code {
        case .unreachable where !host.engine.hasAnswered:
            self.init(.runnerUnknown, "This worker reaches no container engine.")
        case .unreachable:
            self.init(.runnerFailed, "The worker's container engine was lost.")
            // Says nothing of what this worker does with the function once the engine is back.
            isElsewhere = true
        case .refused where error.message.contains("could not select device driver"):
            self.init(.runnerUnknown, "This worker's engine has no GPUs for containers.")
        case .refused, .notFound, .conflict, .strange:
            self.init(.runnerFailed, sentence)
        }
    }
}
