package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A project's row.
package struct ProjectRecord: Sendable, Hashable {
    package var id: ProjectID
    package var tenant: TenantID
    package var tenantName: String
    package var name: String
    package var title: String
    package var description: String
    package var quality: QualityTier
    package var createdBy: UserID?
    package var createdAt: Date
    /// Nil while the folder is being made.
    package var scaffoldedAt: Date?
    package var archivedAt: Date?
    /// Since when nothing of it is started.
    package var pausedAt: Date?
    /// Its part of the runway beside the tenant's other projects.
    package var weight: Int
    /// Raised by every change; the ETag.
    package var revision: Int
}

/// A project as it is asked for.
package struct NewProject: Sendable, Hashable {
    package var id: ProjectID
    package var tenant: TenantID
    package var name: ProjectName
    package var title: String
    package var description: String
    package var quality: QualityTier
    /// Nil for a project that was found on disk.
    package var createdBy: UserID?

    package init(
        id: ProjectID, tenant: TenantID, name: ProjectName, title: String, description: String = "",
        quality: QualityTier = .standard, createdBy: UserID?
    ) {
        self.id = id
        self.tenant = tenant
        self.name = name
        self.title = title
        self.description = description
        self.quality = quality
        self.createdBy = createdBy
    }
}

/// What became of a request for a project.
package enum ProjectCreation: Sendable {
    /// The row is there, unseen; make the folder, then call `finishScaffold`, or `abandon`.
    case begun(ProjectRecord)
    /// The same idempotency key came before with the same body: the first answer again.
    case replayed(IdempotentAnswer)
}
