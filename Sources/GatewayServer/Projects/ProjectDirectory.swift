import QueueProtocol
import StudioCore
import StudioPostgres

/// The projects a caller may see.
struct ProjectDirectory: Sendable {
    let projects: ProjectStore

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
