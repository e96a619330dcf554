import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Makes projects: the row first, unseen, so that the name is taken; then the folder; then the row is seen.
///
/// Killed between any two of these, what is left is a row nobody sees, with or without its folder; the recovery at the
/// next start, or the same call again, takes it from there.
struct ProjectCreation: Sendable {
    let projects: ProjectStore
    let writers: ProjectWriters
    let scaffold: ProjectScaffold
    let logger: Logger

    /// Makes a project.
    ///
    /// - Parameters:
    ///   - project: The project as it is asked for.
    ///   - tenantName: Its tenant's name.
    ///   - author: Who makes it, for the first commit.
    ///   - idempotency: The key the request came with.
    /// - Returns: The answer to the request, or the first answer again.
    /// - Throws: `StudioError` with code `conflict` where the name is taken; nothing is left behind then.
    func create(
        _ project: NewProject, tenantName: String, author: ProjectAuthor, idempotency: IdempotencyRequest?
    ) async throws -> Created {
        switch try await projects.begin(project, idempotency: idempotency) {
        case .replayed(let answer): return .replayed(answer)
        case .begun(let record): return .made(try await finish(record, author: author))
        }
    }

    /// What a request for a project led to.
    enum Created: Sendable {
        case made(ProjectRecord)
        case replayed(IdempotentAnswer)
    }

    /// Makes the folder of a project whose row is there, and lets it be seen; doing it again changes nothing.
    ///
    /// - Parameters:
    ///   - record: The row.
    ///   - author: Who makes it.
    /// - Returns: The project.
    /// - Throws: What stood in the way. Where that is for good, the row is gone; where it may pass, it stays for the
    ///   recovery.
    func finish(_ record: ProjectRecord, author: ProjectAuthor) async throws -> ProjectRecord {
        let manifest = ProjectManifest(
            uuid: record.id, title: record.title, summary: record.description, quality: record.quality,
            createdAt: record.createdAt)
        do {
            let name = try ProjectName(record.name)
            // The writer's lock keeps two gateways, or a request and a recovery, from making the same folder at once.
            _ = try await writers.run(record.id) { [scaffold] _ in
                try scaffold.make(manifest, tenant: record.tenantName, name: name, author: author)
            }
            return try await projects.finishScaffold(record.id) {
                try IdempotentAnswer(ProjectDocument.created($0))
            }
        } catch let error as StudioError where error.code != .unavailable {
            await giveUp(record, because: error)
            throw error
        }
    }

    /// In a task of its own: the name must become free although the request may be cancelled.
    private func giveUp(_ record: ProjectRecord, because error: StudioError) async {
        await Task {
            do {
                try await projects.abandon(record.id)
            } catch {
                logger.warning(
                    "an unfinished project stays until the next start", error: error,
                    metadata: [LogKey.project: "\(record.name)"])
            }
        }.value
        logger.notice("project not made", metadata: [LogKey.project: "\(record.name)", "reason": "\(error)"])
    }
}

/// Who a commit is by.
struct ProjectAuthor: Sendable, Hashable {
    var name: String
    var email: String

    /// The studio itself, where no person asked.
    static let studio = ProjectAuthor(name: "Generative Media Studio", email: "studio@localhost")

    /// An author.
    init(name: String, email: String) {
        self.name = name
        self.email = email
    }

    /// A caller as an author.
    init(_ caller: Caller) {
        self.init(name: caller.displayName.isEmpty ? caller.email : caller.displayName, email: caller.email)
    }

    /// A user as an author.
    init(_ user: UserRecord) {
        self.init(name: user.displayName.isEmpty ? user.email : user.displayName, email: user.email)
    }
}
