import CPostgres
import Glibc

extension PostgresConnection {
    /// Connects, waiting no longer than the deadline for each step but the look-up of a host's name.
    static func open(
        _ configuration: PostgresConfiguration, until deadline: ContinuousClock.Instant,
        lastInterruption: ContinuousClock.Instant? = nil
    ) throws(PostgresError) -> PostgresConnection {
        let settings = startParameters(of: configuration)
        // libpq reads the lists while the call lasts; strdup keeps each text at one place until then.
        var keywords: [UnsafePointer<CChar>?] = settings.map { UnsafePointer(strdup($0.0)) }
        var values: [UnsafePointer<CChar>?] = settings.map { UnsafePointer(strdup($0.1)) }
        defer { for text in keywords + values { free(UnsafeMutablePointer(mutating: text)) } }
        keywords.append(nil)
        values.append(nil)
        guard let handle = PQconnectStartParams(keywords, values, 1) else {
            throw PostgresError(.unavailable, operatorDetail: "no memory for a connection")
        }
        guard finishConnecting(handle, until: deadline) else {
            let reason = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
            PQfinish(handle)
            throw PostgresError(.unavailable, operatorDetail: reason.isEmpty ? "no answer in time" : oneLine(reason))
        }
        // Notices would go to the standard error stream.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        return PostgresConnection(
            owning: handle, configuration: configuration, lastInterruption: lastInterruption)
    }

    private static func startParameters(of configuration: PostgresConfiguration) -> [(String, String)] {
        let options = [
            "statement_timeout=\(configuration.statementTimeout.wholeMilliseconds)",
            "idle_in_transaction_session_timeout=\(configuration.idleInTransactionTimeout.wholeMilliseconds)",
            "plan_cache_mode=\(configuration.plansOnce ? "force_generic_plan" : "auto")",
            "enable_seqscan=\(configuration.plansOnce ? "off" : "on")",
            // Every statement here reads few rows. Where a plan that is made for any values looks dear, as it does in large
            // tables, the server would compile it anew for each of its runs: 15 ms for what takes half of one.
            "jit=off",
            // What the decoders of this room expect.
            "timezone=UTC", "datestyle=ISO", "intervalstyle=postgres",
        ]
        return [
            ("dbname", configuration.connectionString),
            ("application_name", configuration.applicationName),
            ("client_encoding", "UTF8"),
            ("options", options.map { "-c \($0)" }.joined(separator: " ")),
            ("keepalives", "1"), ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
            ("tcp_user_timeout", String(configuration.tcpUserTimeout.wholeMilliseconds)),
        ]
    }

    private static func finishConnecting(_ handle: OpaquePointer, until deadline: ContinuousClock.Instant) -> Bool {
        guard PQstatus(handle) != CONNECTION_BAD else { return false }
        // Before the first PQconnectPoll the socket is to be treated as if it had asked for writing.
        var wanted = PGRES_POLLING_WRITING
        while true {
            let left = deadline - .now
            guard left > .zero else { return false }
            let events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
            let ready = poll(&descriptor, 1, Int32(clamping: left.wholeMilliseconds + 1))
            if ready < 0, errno != EINTR { return false }
            guard ready > 0 else { continue }
            wanted = PQconnectPoll(handle)
            if wanted == PGRES_POLLING_OK { return true }
            if wanted == PGRES_POLLING_FAILED { return false }
        }
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
