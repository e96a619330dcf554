package import QueueProtocol

/// What an attempt has finished and is about to put into place.
package struct FileRecording: Sendable {
    package var claim: HeldClaim
    /// All of its files.
    package var files: [FinishedJobFile]
    /// Gets, with the job locked, the files that an earlier attempt had noted and that are not these: it may have put them
    /// into their places. Runs on a database thread.
    package var takeBack: @Sendable ([JobFileRecord]) throws -> Void

    package init(
        _ claim: HeldClaim, _ files: [FinishedJobFile],
        takeBack: @escaping @Sendable ([JobFileRecord]) throws -> Void = { _ in }
    ) {
        self.claim = claim
        self.files = files
        self.takeBack = takeBack
    }
}

/// An attempt whose noted files are to be published.
package struct FilePublication: Sendable {
    package var claim: HeldClaim
    /// Puts the files into their places, with the job locked; runs on a database thread, and may run again.
    package var place: @Sendable () throws -> Void

    package init(_ claim: HeldClaim, place: @escaping @Sendable () throws -> Void = {}) {
        self.claim = claim
        self.place = place
    }
}

/// What publishing an attempt's files came to.
package struct PublishedFiles: Sendable, Hashable {
    /// The jobs that are queued because of it.
    package var releasedJobs: [JobID]
    /// Whether other jobs are parts of this one, whose files have served their purpose now.
    package var hasParts: Bool

    package init(releasedJobs: [JobID] = [], hasParts: Bool = false) {
        self.releasedJobs = releasedJobs
        self.hasParts = hasParts
    }
}
