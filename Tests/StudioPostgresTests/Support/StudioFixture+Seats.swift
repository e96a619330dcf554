import QueueProtocol
import StudioCore

@testable import StudioPostgres

extension StudioFixture {
    /// A user at work on a project of a tenant.
    struct Seat: Sendable, Hashable {
        var tenant: TenantID
        var project: ProjectID
        var user: UserID
    }

    /// The fixture's own.
    var seat: Seat { Seat(tenant: tenant, project: project, user: user) }

    /// Makes a user, and what else is new: a tenant where none is given, a project where none is given.
    func seat(_ name: String, tenant: TenantID? = nil, project: ProjectID? = nil) async throws -> Seat {
        let tenant = if let tenant { tenant } else { try await users.createTenant(name: name) }
        let user = try await users.create(
            NewUser(
                email: "\(name)@example.com", displayName: name, passwordHash: "x", roles: [.artist], credits: 100_000),
            tenant: tenant
        ).id
        guard project == nil else { return Seat(tenant: tenant, project: project ?? ProjectID(), user: user) }
        let project = ProjectID()
        _ = try await projects.begin(
            NewProject(id: project, tenant: tenant, name: try ProjectName(name), title: name, createdBy: user))
        _ = try await projects.finishScaffold(project)
        return Seat(tenant: tenant, project: project, user: user)
    }

    /// Admits jobs for a seat, all in one transaction, and returns their ids in order.
    @discardableResult
    func submit(
        _ count: Int, for seat: Seat, priority: Int = 5, function: String = "noop", queue: String = "studio.render"
    ) async throws -> [JobID] {
        let jobs = try (0..<count).map { _ in
            var job = try newJob(credits: 0, priority: priority, function: function, makesTake: false)
            (job.tenant, job.project, job.user, job.queue) = (seat.tenant, seat.project, seat.user, queue)
            return job
        }
        let admission = try await JobAdmission(database).admit(AdmissionUnit(jobs))
        guard case .decided(let verdicts) = admission, verdicts.count == count else {
            throw Unexpected(what: "\(admission)")
        }
        return jobs.map(\.id)
    }

    /// Fills the fixture's queue with as many as that; returns what was taken, in order.
    func fill(_ count: Int) async throws -> [JobID] {
        try await runway.fill(["studio.render": count]).jobs.map(\.id)
    }
}
