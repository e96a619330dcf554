/// What was found out about one thing that a program needs.
public struct Diagnosis: Sendable, Hashable, Codable {
    /// How it is.
    public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
        /// As it should be.
        case ok
        /// The program works, but something should be seen to.
        case warning
        /// The program does not work like this.
        case failed
    }

    /// What was looked at: a stable word, such as `postgres-version`.
    public var check: String
    /// How it is.
    public var verdict: Verdict
    /// What was seen, for people.
    public var seen: String
    /// What an operator can do about it; nil where nothing is to be done.
    public var remedy: String?

    /// A diagnosis.
    ///
    /// - Parameters:
    ///   - check: What was looked at, as a stable word.
    ///   - verdict: How it is.
    ///   - seen: What was seen.
    ///   - remedy: What can be done; default nothing.
    public init(_ check: String, _ verdict: Verdict, _ seen: String, remedy: String? = nil) {
        self.check = check
        self.verdict = verdict
        self.seen = seen
        self.remedy = remedy
    }
}

/// A look at something that a program needs.
public struct Examination: Sendable {
    /// What is looked at, as a stable word: what a look that takes too long is told by.
    public var check: String
    /// What to do where there is no answer.
    public var remedy: String
    /// Looks; tells of everything that it found out.
    public var look: @Sendable () async -> [Diagnosis]

    /// An examination.
    ///
    /// - Parameters:
    ///   - check: What is looked at, as a stable word.
    ///   - remedy: What to do where there is no answer in time.
    ///   - look: Looks.
    public init(_ check: String, remedy: String, look: @escaping @Sendable () async -> [Diagnosis]) {
        self.check = check
        self.remedy = remedy
        self.look = look
    }

    /// Looks, for no longer than it may take.
    ///
    /// - Parameters:
    ///   - bound: The longest that it may take.
    ///   - clock: What that is measured with.
    /// - Returns: What was found out; or that there was no answer.
    public func diagnoses<C: Clock>(within bound: Duration, clock: C) async -> [Diagnosis]
    where C.Duration == Duration {
        // The first answer stays. The look is no child task: one that hangs in the kernel, as at a file system that is
        // gone, cannot be cancelled, and nobody is to wait for it.
        let (answers, continuation) = AsyncStream.makeStream(of: [Diagnosis].self, bufferingPolicy: .bufferingOldest(1))
        let looking = Task { [look] in _ = continuation.yield(await look()) }
        let late = Diagnosis(check, .failed, "no answer within \(bound.components.seconds) s", remedy: remedy)
        let waiting = Task {
            try? await clock.sleep(for: bound)
            continuation.yield([late])
        }
        defer {
            looking.cancel()
            waiting.cancel()
        }
        for await answer in answers { return answer }
        return [late]
    }
}
