import QueueProtocol
import StudioCore
import StudioPostgres

/// The projects a caller may see.
struct ProjectDirectory: Sendable {
    let projects: ProjectStore
    private let writable = ExpiringCache<TenantName, ProjectRecord>()

    private struct TenantName: Hashable {
        let tenant: TenantID
        let name: String
    }

    init(projects: ProjectStore) {
        self.projects = projects
    }

    /// A project of the caller's tenant, archived or not; one whose folder is still being made is not seen.
    ///
    /// - Throws: `StudioError` with code `not-found`, also for a name that is none and for another tenant's.
    func visible(_ name: String, caller: Caller) async throws -> ProjectRecord {
        guard (try? ProjectName(name)) != nil,
            let project = try await projects.get(tenant: caller.tenantID, name: name),
            project.scaffoldedAt != nil
        else { throw StudioError(.notFound, "there is no such project") }
        return project
    }

    /// A project that may be changed.
    ///
    /// - Throws: As ``visible(_:caller:)``, and `conflict` where it is archived.
    func writable(_ name: String, caller: Caller) async throws -> ProjectRecord {
        let project = try await visible(name, caller: caller)
        guard project.archivedAt == nil else {
            throw StudioError(.conflict, "the project is archived and read-only; restore it first")
        }
        return project
    }

    /// A project that may be changed, as it was within the last few seconds: for those who hold its revision against the
    /// present one when they write, and call ``forget(_:)`` where it differs.
    ///
    /// - Throws: As ``writable(_:caller:)``.
    func recent(_ name: String, caller: Caller) async throws -> ProjectRecord {
        let key = TenantName(tenant: caller.tenantID, name: name)
        if let project = writable[key] { return project }
        let project = try await writable(name, caller: caller)
        writable.remember(project, for: key)
        return project
    }

    /// Forgets what was remembered of a project.
    ///
    /// - Parameters:
    ///   - name: The name it was asked for by.
    ///   - caller: Who asked.
    func forget(_ name: String, caller: Caller) {
        writable.forget(TenantName(tenant: caller.tenantID, name: name))
    }

    /// The project of a thing that was found by its id.
    ///
    /// - Throws: `StudioError` with code `not-found`.
    func project(_ id: ProjectID) async throws -> ProjectRecord {
        guard let project = try await projects.get(id), project.scaffoldedAt != nil else {
            throw StudioError(.notFound, "there is no such project")
        }
        return project
    }
}
