import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct ProjectTests {
    private func new(_ name: String, _ studio: StudioFixture, id: ProjectID = ProjectID()) throws -> NewProject {
        NewProject(
            id: id, tenant: studio.tenant, name: try ProjectName(name), title: "The \(name)", createdBy: studio.user)
    }

    @Test func aProjectIsSeenOnceItsFolderIsThere() async throws {
        try await StudioFixture.with { studio in
            let start = try await studio.events.newest()
            let project = try new("short", studio)
            let request = IdempotencyRequest(
                user: studio.user, key: "k", fingerprint: String(repeating: "1", count: 64))
            guard case .begun(let begun) = try await studio.projects.begin(project, idempotency: request) else {
                Issue.record("not begun")
                return
            }
            #expect(begun.tenantName == "studio" && begun.revision == 1 && begun.scaffoldedAt == nil)
            #expect(try await studio.projects.get(tenant: studio.tenant, name: "short") == nil)
            #expect(try await studio.projects.unfinished().map(\.id) == [project.id])
            await expectRefusal(.conflict) { _ = try await studio.projects.begin(new("SHORT", studio)) }
            // The same request while the first is under way.
            await expectRefusal(.conflict) {
                _ = try await studio.projects.begin(new("short", studio), idempotency: request)
            }
            let answer = IdempotentAnswer(status: 201, headers: ["Location": "/x"], body: "{}")
            let finished = try await studio.projects.finishScaffold(project.id) { _ in answer }
            #expect(finished.scaffoldedAt != nil)
            guard
                case .replayed(let again) = try await studio.projects.begin(
                    new("short", studio), idempotency: request)
            else {
                Issue.record("not replayed")
                return
            }
            #expect(again == answer)
            _ = try await studio.projects.finishScaffold(project.id)
            #expect(try await studio.projects.get(tenant: studio.tenant, name: "short") == finished)
            #expect(try await studio.projects.get(tenant: TenantID(), name: "short") == nil)
            let changes = try await studio.told(.project(project.id), after: start, count: 1)
            #expect(changes.map { $0.payload["change"]?.stringValue } == ["created"])
        }
    }

    @Test func anAbandonedProjectGivesItsNameAndItsKeyBack() async throws {
        try await StudioFixture.with { studio in
            let project = try new("gone", studio)
            let request = IdempotencyRequest(
                user: studio.user, key: "k", fingerprint: String(repeating: "1", count: 64))
            _ = try await studio.projects.begin(project, idempotency: request)
            try await studio.projects.abandon(project.id)
            guard case .begun(let again) = try await studio.projects.begin(new("gone", studio), idempotency: request)
            else {
                Issue.record("not begun")
                return
            }
            _ = try await studio.projects.finishScaffold(again.id)
            try await studio.projects.abandon(again.id)
            #expect(try await studio.projects.get(again.id) != nil)
            await expectRefusal(.notFound) { _ = try await studio.projects.finishScaffold(project.id) }
        }
    }

    @Test func aChangeNeedsTheRevisionItWasMadeOn() async throws {
        try await StudioFixture.with { studio in
            let changed = try await studio.projects.update(
                studio.project, title: "Film, the second cut", quality: .high, expectedRevision: 1)
            #expect(changed.revision == 2 && changed.title == "Film, the second cut" && changed.quality == .high)
            await expectRefusal(.preconditionFailed) {
                _ = try await studio.projects.update(studio.project, title: "x", expectedRevision: 1)
            }
            await expectRefusal(.notFound) {
                _ = try await studio.projects.update(ProjectID(), title: "x", expectedRevision: 1)
            }
            #expect(try await studio.projects.archive(studio.project).archivedAt != nil)
            #expect(try await studio.projects.archive(studio.project).revision == 3)
            #expect(try await studio.projects.list(tenant: studio.tenant).isEmpty)
            #expect(try await studio.projects.list(tenant: studio.tenant, includeArchived: true).count == 1)
            #expect(try await studio.projects.restore(studio.project).archivedAt == nil)
            let changes = try await studio.told(
                .project(studio.project), after: EventCursor(transaction: 0, id: 0), count: 4)
            #expect(
                changes.map { $0.payload["change"]?.stringValue } == ["created", "updated", "archived", "restored"])
            #expect(changes.map { $0.payload["revision"]?.intValue } == [1, 2, 3, 4])
        }
    }

    @Test func aManifestIsDueFromTheChangeUntilTheNewestOneIsWritten() async throws {
        try await StudioFixture.with { studio in
            let projects = studio.projects
            #expect(try await projects.manifestsDue().isEmpty)
            let second = try await projects.update(
                studio.project, title: "Two", expectedRevision: 1,
                by: ActionAuthor(tenant: studio.tenant, user: studio.user))
            let due = try await projects.manifestsDue()
            #expect(due.map(\.project) == [studio.project] && due.map(\.author) == [studio.user])
            #expect(due.map(\.name) == ["film"])
            // Changed again before it was written.
            let third = try await projects.update(studio.project, title: "Three", expectedRevision: 2)
            #expect(try await projects.manifestsDue().map(\.author) == [nil])
            try await projects.manifestIsWritten(studio.project, revision: second.revision)
            #expect(try await projects.manifestsDue().count == 1)
            try await projects.manifestIsWritten(studio.project, revision: third.revision)
            #expect(try await projects.manifestsDue().isEmpty)
            // Archiving changes nothing that the file says.
            _ = try await projects.archive(studio.project)
            #expect(try await projects.manifestsDue().isEmpty)
        }
    }

    @Test func aProjectFoundOnDiskIsTakenInOnce() async throws {
        try await StudioFixture.with { studio in
            var found = try new("found", studio)
            found.createdBy = nil
            let adopted = try await studio.projects.adopt(found)
            #expect(try await studio.projects.adopt(found) == adopted)
            await expectRefusal(.conflict) { _ = try await studio.projects.adopt(new("other", studio, id: found.id)) }
            await expectRefusal(.conflict) { _ = try await studio.projects.adopt(new("FOUND", studio)) }
        }
    }

    @Test func listsArePagedAndSearched() async throws {
        try await StudioFixture.with { studio in
            for name in ["alpha", "beta", "gamma_50"] {
                let project = try new(name, studio)
                _ = try await studio.projects.begin(project)
                _ = try await studio.projects.finishScaffold(project.id)
            }
            let first = try await studio.projects.list(tenant: studio.tenant, limit: 3)
            let rest = try await studio.projects.list(tenant: studio.tenant, limit: 3, before: first.last?.id)
            #expect(Set((first + rest).map(\.name)) == ["film", "alpha", "beta", "gamma_50"])
            #expect(first.count == 3 && rest.count == 1)
            #expect(try await studio.projects.list(tenant: studio.tenant, search: "THE A").map(\.name) == ["alpha"])
            #expect(try await studio.projects.list(tenant: studio.tenant, search: "%").isEmpty)
            #expect(try await studio.projects.list(tenant: studio.tenant, search: "_5").map(\.name) == ["gamma_50"])
        }
    }
}
