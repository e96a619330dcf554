import CPostgres
import Glibc

/// One connection. It belongs to the thread that `Database` runs closures on, and every call blocks that thread.
public final class PostgresConnection {
    let handle: OpaquePointer
    /// How long an answer may take before the server counts as cut off; nil waits for ever.
    var answerTimeout: Duration?
    private var statements: StatementCache
    /// Whether the connection must not be used again.
    var isBroken = false
    var transaction = Transaction.none

    /// BEGIN travels with the first statement, so that a transaction costs no round trip to open.
    enum Transaction {
        case none
        /// The next statement takes BEGIN along.
        case beginning
        case open
        /// A statement took COMMIT along and it was done.
        case committed
    }
    /// When the thread this connection belongs to last found the server away, or a connection to it lost; nil where never.
    let lastInterruption: ContinuousClock.Instant?

    /// Takes ownership of a libpq connection that is ready for queries.
    init(
        owning handle: OpaquePointer, configuration: PostgresConfiguration,
        lastInterruption: ContinuousClock.Instant? = nil
    ) {
        self.handle = handle
        self.lastInterruption = lastInterruption
        // The server ends a statement by itself at statementTimeout; the rest is for its word to reach us.
        answerTimeout =
            configuration.statementTimeout == .zero
            ? nil : configuration.statementTimeout + configuration.tcpUserTimeout
        statements = StatementCache(limit: configuration.preparedStatementLimit)
    }

    deinit { PQfinish(handle) }

    /// Runs a statement and returns its rows.
    ///
    /// - Parameters:
    ///   - sql: One statement with `$1`, `$2`, … for values; it is prepared once per connection.
    ///   - parameters: The values.
    /// - Returns: The rows.
    /// - Throws: `PostgresError`.
    public func query(_ sql: String, _ parameters: [PostgresParameter] = []) throws(PostgresError) -> PostgresRows {
        try query(sql, parameters, commits: false)
    }

    /// Runs the last statement of a transaction together with its COMMIT: one round trip for both.
    ///
    /// - Parameters:
    ///   - sql: One statement with `$1`, `$2`, … for values; it is prepared once per connection.
    ///   - parameters: The values.
    /// - Returns: The rows; what the statement did is committed.
    /// - Throws: `PostgresError`, with code `commitUnknown` where the answer to COMMIT was lost.
    package func queryAndCommit(
        _ sql: String, _ parameters: [PostgresParameter]
    ) throws(PostgresError) -> PostgresRows {
        try query(sql, parameters, commits: true)
    }

    private func query(
        _ sql: String, _ parameters: [PostgresParameter], commits: Bool
    ) throws(PostgresError) -> PostgresRows {
        let name = try prepared(sql)
        // One buffer of NUL-terminated texts; offsets first, since the buffer moves while it grows.
        var bytes: [CChar] = []
        var offsets: [Int?] = []
        for parameter in parameters {
            guard var text = parameter.text else {
                offsets.append(nil)
                continue
            }
            offsets.append(bytes.count)
            let isClean = text.withUTF8 { text in
                text.withMemoryRebound(to: CChar.self) { bytes.append(contentsOf: $0) }
                return !text.contains(0)
            }
            guard isClean else { throw PostgresError(.invalidValue, operatorDetail: "a text has a NUL character") }
            bytes.append(0)
        }
        let begins = transaction == .beginning
        let isPipeline = begins || commits
        if isPipeline { guard PQenterPipelineMode(handle) == 1 else { throw lost() } }
        if begins { guard send("BEGIN") else { throw lost() } }
        let wasSent = bytes.withUnsafeBufferPointer { buffer in
            let values = offsets.map { offset in offset.flatMap { buffer.baseAddress?.advanced(by: $0) } }
            return PQsendQueryPrepared(handle, name, Int32(values.count), values, nil, nil, 0)
        }
        guard wasSent == 1 else { throw lost() }
        guard isPipeline else { return PostgresRows(owning: try answer()) }
        if commits { guard send("COMMIT") else { throw lost() } }
        return PostgresRows(owning: try pipelineAnswer(begins: begins, commits: commits))
    }

    private func send(_ command: String) -> Bool { PQsendQueryParams(handle, command, 0, nil, nil, nil, nil, 0) == 1 }

    /// Opens a transaction with the next statement.
    func begin() { transaction = .beginning }

    /// Runs a statement for what it does.
    ///
    /// - Parameters:
    ///   - sql: One statement with `$1`, `$2`, … for values; it is prepared once per connection.
    ///   - parameters: The values.
    /// - Returns: How many rows it wrote.
    /// - Throws: `PostgresError`.
    @discardableResult
    public func execute(_ sql: String, _ parameters: [PostgresParameter] = []) throws(PostgresError) -> Int {
        try query(sql, parameters).affected
    }

    /// Runs a script of statements without parameters in one round trip; the first that fails ends it.
    ///
    /// - Parameter sql: Statements, divided by semicolons; no values from outside.
    /// - Returns: The last statement's command tag, such as `COMMIT`.
    /// - Throws: `PostgresError`.
    @discardableResult
    package func script(_ sql: String) throws(PostgresError) -> String {
        let sql = transaction == .beginning ? "BEGIN; " + sql : sql
        if transaction == .beginning { transaction = .open }
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        let result = try answer()
        defer { PQclear(result) }
        return PQcmdStatus(result).map { String(cString: $0) } ?? ""
    }

    /// Commits; where the answer is lost it is not known whether it happened.
    func commit() throws(PostgresError) {
        defer { transaction = .none }
        switch transaction {
        // No statement was run, or the last one brought it along.
        case .none, .beginning, .committed: return
        case .open: break
        }
        let tag: String
        do {
            tag = try script("COMMIT")
        } catch {
            guard error.code == .unavailable else { throw error }
            throw PostgresError(.commitUnknown, sqlState: error.sqlState)
        }
        // The server answers COMMIT of a failed transaction with ROLLBACK: somebody swallowed an error.
        guard tag == "COMMIT" else {
            throw PostgresError(.server, sqlState: "25P02", operatorDetail: "the transaction had failed before COMMIT")
        }
    }

    /// Ends a transaction that failed; a connection that cannot even do that is broken.
    func rollBack() {
        defer { transaction = .none }
        guard !isBroken, transaction == .open else { return }
        do { try script("ROLLBACK") } catch { isBroken = true }
    }

    /// Whether no transaction is open, as must be when a closure has returned.
    var isIdle: Bool { PQtransactionStatus(handle) == PQTRANS_IDLE }

    /// Whether the server still holds the other end, as far as can be told without asking it.
    func isStillConnected() -> Bool {
        // What arrives between statements is a notice or the server's farewell; reading it shows which.
        for _ in 0..<8 {
            guard !isBroken, PQstatus(handle) == CONNECTION_OK else { return false }
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 0) > 0 else { return true }
            guard PQconsumeInput(handle) == 1 else { return false }
        }
        return false
    }

    private func prepared(_ sql: String) throws(PostgresError) -> String {
        if let name = statements.name(of: sql) { return name }
        if let old = statements.makeRoom() { try script("DEALLOCATE \(old)") }
        let name = statements.nextName()
        guard PQsendPrepare(handle, name, sql, 0, nil) == 1 else { throw lost() }
        PQclear(try answer())
        statements.remember(sql, as: name)
        return name
    }

    /// Waits for all of the answer and returns its last result, which the caller owns, or throws the first error.
    private func answer() throws(PostgresError) -> OpaquePointer {
        let deadline = answerTimeout.map { ContinuousClock.now + $0 }
        var last: OpaquePointer?
        var failure: PostgresError?
        while true {
            while PQisBusy(handle) == 1 {
                guard waitForInput(until: deadline), PQconsumeInput(handle) == 1 else {
                    PQclear(last)
                    throw lost()
                }
            }
            guard let result = PQgetResult(handle) else { break }
            PQclear(last)
            last = result
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: break
            default: failure = failure ?? self.failure(of: result)
            }
            if PQstatus(handle) == CONNECTION_BAD { break }
        }
        guard failure == nil, let last, PQstatus(handle) == CONNECTION_OK else {
            PQclear(last)
            throw failure ?? lost()
        }
        return last
    }

    func waitForInput(until deadline: ContinuousClock.Instant?) -> Bool {
        while true {
            var milliseconds: Int32 = -1
            if let deadline {
                let left = deadline - .now
                guard left > .zero else { return false }
                milliseconds = Int32(clamping: left.wholeMilliseconds + 1)
            }
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            let ready = poll(&descriptor, 1, milliseconds)
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { return false }
        }
    }

    func failure(of result: OpaquePointer) -> PostgresError {
        func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        guard PQstatus(handle) == CONNECTION_OK, let state = field(studio_pg_diag_sqlstate) else {
            var error = lost()
            error.sqlState = field(studio_pg_diag_sqlstate)
            return error
        }
        let code = PostgresError.code(forSQLState: state)
        // 25P03 ends the connection; 0A000 and 26000 mean that a prepared statement no longer fits the schema.
        if code == .unavailable || state == "25P03" || state == "0A000" || state == "26000" { isBroken = true }
        return PostgresError(code, sqlState: state, constraint: field(studio_pg_diag_constraint_name))
    }

    func lost() -> PostgresError {
        isBroken = true
        return PostgresError(.unavailable, operatorDetail: "the connection was lost")
    }
}
