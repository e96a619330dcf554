package import FoundationEssentials
package import QueueProtocol

/// Who does something, and by which request.
package struct ActionAuthor: Sendable, Hashable {
    package var tenant: TenantID
    package var user: UserID
    package var requestID: String?

    package init(tenant: TenantID, user: UserID, requestID: String? = nil) {
        self.tenant = tenant
        self.user = user
        self.requestID = requestID
    }
}

/// Something that somebody did.
package struct Action: Sendable, Hashable {
    /// What can be done. A new word needs nothing else: the log keeps words.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case userSignedIn = "user.signed-in"
        case userCreated = "user.created"
        case userChanged = "user.changed"
        case userWeighed = "user.weighed"
        case creditsGranted = "credits.granted"
        case projectCreated = "project.created"
        case projectChanged = "project.changed"
        case projectArchived = "project.archived"
        case projectRestored = "project.restored"
        case projectPaused = "project.paused"
        case projectResumed = "project.resumed"
        case projectWeighed = "project.weighed"
        case jobChanged = "job.changed"
        case jobApproved = "job.approved"
        case jobCancelled = "job.cancelled"
        case jobRetried = "job.retried"
        case scheduleCreated = "schedule.created"
        case scheduleChanged = "schedule.changed"
        case scheduleRemoved = "schedule.removed"
        case runStarted = "run.started"
        case runCancelled = "run.cancelled"
        case exportStarted = "export.started"
        case workerDrained = "worker.drained"
        case workerBlocked = "worker.blocked"
        case workerUnblocked = "worker.unblocked"
        case queuePaused = "queue.paused"
        case queueResumed = "queue.resumed"
        case tenantChanged = "tenant.changed"
        case functionLimited = "function.limited"
        case functionUnlimited = "function.unlimited"
    }

    package var kind: Kind
    /// The id or the name of what it is done to.
    package var subject: String
    package var project: ProjectID?
    /// More of it, such as the roles that a user was given; never a secret.
    package var detail: [String: JSONValue]

    /// An action.
    ///
    /// - Parameters:
    ///   - kind: What is done.
    ///   - subject: The id or the name of what it is done to.
    ///   - project: The project it belongs to; default none.
    ///   - detail: More of it; default nothing.
    package init(
        _ kind: Kind, of subject: some CustomStringConvertible, project: ProjectID? = nil,
        detail: [String: JSONValue] = [:]
    ) {
        self.kind = kind
        self.subject = subject.description
        self.project = project
        self.detail = detail
    }
}

/// An action as the log has kept it.
package struct ActionRecord: Sendable, Hashable {
    /// Rises with every action.
    package var id: Int64
    /// The word of ``Action/Kind``; one of a newer program may be none of ours.
    package var kind: String
    package var user: UserID?
    package var userEmail: String?
    package var userName: String?
    package var subject: String
    package var projectName: String?
    package var detail: JSONValue
    package var requestID: String?
    package var at: Date
}

/// Which actions of a tenant.
package struct ActionFilter: Sendable, Hashable {
    /// Of these kinds; nil is all.
    package var kinds: Set<Action.Kind>?
    /// What this user did; nil is everybody.
    package var user: UserID?
    /// What belongs to this project; nil is all.
    package var project: ProjectID?

    package init(kinds: Set<Action.Kind>? = nil, user: UserID? = nil, project: ProjectID? = nil) {
        self.kinds = kinds
        self.user = user
        self.project = project
    }
}

extension JobRecord {
    /// Something that is done to the job, with what people know it by.
    func action(_ kind: Action.Kind) -> Action {
        var detail: [String: JSONValue] = ["function": .string(function)]
        if let shot { detail["shot"] = .string(shot) }
        return Action(kind, of: id, project: project, detail: detail)
    }
}
