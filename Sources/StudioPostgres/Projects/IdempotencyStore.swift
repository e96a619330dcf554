package import FoundationEssentials
import QueueProtocol
import StudioCore

/// The first answers to requests that create. All but `purge` run inside the caller's transaction, so that the key and
/// what it made are kept or forgotten together.
package struct IdempotencyStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Takes a key, or tells what it is worth. Of two requests at once the second waits for the first's transaction.
    ///
    /// - Parameters:
    ///   - request: The key and what came with it.
    ///   - resource: What the request makes, where that takes more than this transaction; default nothing.
    ///   - connection: The transaction.
    /// - Returns: Whether to go on.
    /// - Throws: `PostgresError`.
    package func claim(
        _ request: IdempotencyRequest, resource: UUID? = nil, on connection: PostgresConnection
    ) throws -> IdempotencyClaim {
        let parameters: [PostgresParameter] = [
            .id(request.user), .text(request.key), .text(request.fingerprint), .uuid(resource),
        ]
        guard try connection.query(SQL.claim, parameters).isEmpty else { return .fresh }
        guard let row = try connection.query(SQL.look, [.id(request.user), .text(request.key)]).first else {
            // Whoever had it gave it up between the two statements; the sender may try again.
            return .inProgress
        }
        return try Self.worth(of: row, to: request)
    }

    /// What keys are worth now, without taking them; a key that is free is not in the answer.
    ///
    /// - Parameters:
    ///   - requests: The keys and what came with them.
    ///   - connection: Where to look.
    /// - Returns: By request, as `claim` would tell.
    /// - Throws: `PostgresError`.
    package func firstAnswers(
        to requests: [IdempotencyRequest], on connection: PostgresConnection
    ) throws -> [IdempotencyRequest: IdempotencyClaim] {
        let parameters: [PostgresParameter] = [.ids(requests.map(\.user)), .texts(requests.map(\.key))]
        var claims: [IdempotencyRequest: IdempotencyClaim] = [:]
        for row in try connection.query(SQL.lookAtMany, parameters) {
            let (user, key): (UserID, String) = (try row.decode("user_id"), try row.decode("key"))
            for request in requests where request.user == user && request.key == key {
                claims[request] = try Self.worth(of: row, to: request)
            }
        }
        return claims
    }

    private static func worth(
        of row: PostgresRow, to request: IdempotencyRequest
    ) throws(PostgresError) -> IdempotencyClaim {
        guard try row.decode("fingerprint") == request.fingerprint else { return .mismatch }
        guard let status: Int = try row.decode("status") else { return .inProgress }
        return .replay(
            IdempotentAnswer(
                status: status, headers: try row.document("headers") ?? [:], body: try row.decode("body")))
    }

    /// Keeps the first answer.
    ///
    /// - Parameters:
    ///   - request: The key.
    ///   - answer: The answer.
    ///   - connection: The transaction.
    /// - Throws: `PostgresError`.
    package func complete(
        _ request: IdempotencyRequest, answer: IdempotentAnswer, on connection: PostgresConnection
    ) throws {
        try connection.execute(
            SQL.complete,
            [
                .id(request.user), .text(request.key), .int(answer.status), try .json(answer.headers),
                .text(answer.body),
            ])
    }

    /// Keeps the first answer to whatever request makes this resource and has none yet; nothing where there is none.
    func complete(resource: UUID, answer: IdempotentAnswer, on connection: PostgresConnection) throws {
        try connection.execute(
            SQL.completeResource,
            [.uuid(resource), .int(answer.status), try .json(answer.headers), .text(answer.body)])
    }

    /// Gives up the key of a request that made nothing in the end.
    func release(resource: UUID, on connection: PostgresConnection) throws {
        try connection.execute(SQL.release, [.uuid(resource)])
    }

    /// Forgets keys older than 24 hours; returns how many.
    package func purge() async throws -> Int {
        try await database.withConnection { try $0.execute(SQL.purge) }
    }

    static let mismatch = StudioError(.idempotencyMismatch, "this idempotency key came before with another request")
    static let inProgress = StudioError(
        .conflict, "the first request with this idempotency key is not answered yet", retryAfterSeconds: 1)

    private enum SQL {
        // A key older than 24 hours is as good as new.
        static let claim = """
            INSERT INTO idempotency_keys AS k (user_id, key, fingerprint, resource_id) VALUES ($1, $2, $3, $4)
            ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,
                resource_id = excluded.resource_id, status = NULL, headers = NULL, body = NULL, created_at = now()
            WHERE k.created_at < now() - interval '24 hours'
            RETURNING 1 AS claimed
            """
        static let look = """
            SELECT fingerprint, status, headers, body FROM idempotency_keys WHERE user_id = $1 AND key = $2
            """
        static let lookAtMany = """
            SELECT user_id, key, fingerprint, status, headers, body
            FROM idempotency_keys JOIN unnest($1::uuid[], $2::text[]) AS a (user_id, key) USING (user_id, key)
            WHERE created_at >= now() - interval '24 hours'
            """
        static let complete = """
            UPDATE idempotency_keys SET status = $3, headers = $4, body = $5 WHERE user_id = $1 AND key = $2
            """
        static let completeResource = """
            UPDATE idempotency_keys SET status = $2, headers = $3, body = $4 WHERE resource_id = $1 AND status IS NULL
            """
        static let release = "DELETE FROM idempotency_keys WHERE resource_id = $1 AND status IS NULL"
        static let purge = "DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'"
    }
}
