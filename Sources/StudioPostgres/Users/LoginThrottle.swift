package import FoundationEssentials

/// How many logins may fail before the next must wait, per account and per address.
package struct LoginThrottle: Sendable {
    /// The rules.
    package struct Limits: Sendable, Hashable {
        /// Failures of one account before it must wait; default 5.
        package var perAccount = 5
        /// Failures from one address before it must wait; default 30.
        package var perAddress = 30
        /// How long without a failure until all are forgotten; default 15 minutes.
        package var window: Duration = .seconds(900)
        /// The wait at the limit; it doubles with every failure beyond it. Default 1 minute.
        package var firstWait: Duration = .seconds(60)
        /// The longest wait; default 1 hour.
        package var longestWait: Duration = .seconds(3600)

        /// The defaults named on each field.
        package init() {}

        /// How long after the last failure the next attempt may be made.
        package func wait(afterFailures failures: Int, limit: Int) -> Duration {
            guard failures >= limit else { return .zero }
            return min(firstWait * (1 << min(failures - limit, 30)), longestWait)
        }
    }

    /// Whether a password may be tried now.
    package enum Verdict: Sendable, Hashable {
        case allowed
        case wait(seconds: Int)
    }

    let database: Database
    /// The rules.
    package let limits: Limits

    package init(_ database: Database, limits: Limits = Limits()) {
        self.database = database
        self.limits = limits
    }

    /// Asks whether a password may be tried; call it before the password is looked at.
    ///
    /// An allowed attempt counts as failed until `recordSuccess`, so that guesses made at the same time are all
    /// counted; there is nothing to call for a failure. A refused one does not count.
    ///
    /// - Parameters:
    ///   - account: The email address that was given, whether there is such a user or not.
    ///   - address: Where it came from.
    ///   - now: The time.
    /// - Returns: Whether it may, or how long to wait.
    /// - Throws: `PostgresError`.
    package func admit(account: String, address: String, now: Date = Date()) async throws -> Verdict {
        let subjects = [(Self.accountKey(account), limits.perAccount), (Self.addressKey(address), limits.perAddress)]
        return try await database.transaction { connection in
            var wait = 0.0
            // Account keys sort before address keys: every transaction takes its locks in the same order.
            for (subject, limit) in subjects {
                try connection.execute(SQL.lock, [.text(subject)])
                guard let row = try connection.query(SQL.look, [.text(subject)]).first else { continue }
                let failures: Int = try row.decode("failures")
                let last: Date = try row.decode("last_failed_at")
                let pause = limits.wait(afterFailures: failures, limit: limit).inSeconds
                wait = max(wait, last.timeIntervalSince1970 + pause - now.timeIntervalSince1970)
            }
            guard wait <= 0 else { return .wait(seconds: Int(wait.rounded(.up))) }
            for (subject, limit) in subjects {
                let parameters: [PostgresParameter] = [
                    .text(subject), .date(now), .milliseconds(limits.window), .int(limit),
                    .milliseconds(limits.longestWait),
                ]
                try connection.execute(SQL.count, parameters)
            }
            return .allowed
        }
    }

    /// Takes the count of the attempt back: the account begins anew, the address has one failure less.
    ///
    /// - Parameters:
    ///   - account: The email address that was given.
    ///   - address: Where it came from.
    /// - Throws: `PostgresError`.
    package func recordSuccess(account: String, address: String) async throws {
        try await database.transaction { connection in
            try connection.execute(SQL.forget, [.text(Self.accountKey(account))])
            let address = PostgresParameter.text(Self.addressKey(address))
            if try connection.execute(SQL.forgetLast, [address]) == 0 {
                try connection.execute(SQL.takeBack, [address])
            }
        }
    }

    /// Forgets failures that no longer matter; returns of how many accounts and addresses.
    package func purge(now: Date = Date()) async throws -> Int {
        try await database.withConnection { connection in
            try connection.execute(
                SQL.purge, [.date(now), .milliseconds(max(limits.window, limits.longestWait))])
        }
    }

    private static func accountKey(_ account: String) -> String { "account:\(account.lowercased().prefix(254))" }
    private static func addressKey(_ address: String) -> String { "address:\(address.prefix(64))" }

    private enum SQL {
        // A row that is not there cannot be locked, so the name is.
        static let lock = "SELECT pg_advisory_xact_lock(hashtextextended('login:' || $1, 0))"
        static let look = "SELECT failures, last_failed_at FROM login_failures WHERE subject = $1"
        // Forgotten after a quiet window; who had to wait is forgotten only after the longest wait.
        static let count = """
            INSERT INTO login_failures AS f (subject, failures, last_failed_at) VALUES ($1, 1, $2)
            ON CONFLICT (subject) DO UPDATE SET last_failed_at = excluded.last_failed_at,
                failures = 1 + CASE WHEN f.last_failed_at + (CASE WHEN f.failures >= $4 THEN greatest($3::bigint, $5)
                                                             ELSE $3 END) * interval '1 millisecond'
                                         < excluded.last_failed_at
                                    THEN 0 ELSE f.failures END
            """
        static let forget = "DELETE FROM login_failures WHERE subject = $1"
        static let forgetLast = "DELETE FROM login_failures WHERE subject = $1 AND failures = 1"
        static let takeBack = "UPDATE login_failures SET failures = failures - 1 WHERE subject = $1"
        static let purge =
            "DELETE FROM login_failures WHERE last_failed_at < $1::timestamptz - $2 * interval '1 millisecond'"
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
