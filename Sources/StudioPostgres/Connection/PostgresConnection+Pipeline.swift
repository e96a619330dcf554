import CPostgres

/// BEGIN and COMMIT travel in one pipeline with a transaction's first and last statement (libpq's pipeline mode).
extension PostgresConnection {
    /// The answer to the statement that went between BEGIN and COMMIT, or with one of them.
    func pipelineAnswer(begins: Bool, commits: Bool) throws(PostgresError) -> OpaquePointer {
        guard PQpipelineSync(handle) == 1 else { throw lost() }
        var results: [OpaquePointer] = []
        var failure: PostgresError?
        do {
            results = try pipelineResults()
        } catch {
            failure = error
        }
        // Whether COMMIT was carried out is known only once its own answer is there.
        let expected = (begins ? 1 : 0) + 1 + (commits ? 1 : 0)
        defer { for (index, result) in results.enumerated() where index != (begins ? 1 : 0) { PQclear(result) } }
        if failure == nil, results.count == expected, PQexitPipelineMode(handle) == 1 {
            transaction = commits ? .committed : .open
            return results[begins ? 1 : 0]
        }
        if results.count > (begins ? 1 : 0) { PQclear(results[begins ? 1 : 0]) }
        if let failure, !isBroken {
            // The statement was refused: COMMIT was skipped with it, and the transaction is there to be rolled back.
            if PQexitPipelineMode(handle) != 1 { isBroken = true }
            transaction = .open
            throw failure
        }
        isBroken = true
        throw commits ? PostgresError(.commitUnknown, sqlState: failure?.sqlState) : failure ?? lost()
    }

    /// The results up to the end of the pipeline; throws the first refusal once all has been read.
    private func pipelineResults() throws(PostgresError) -> [OpaquePointer] {
        let deadline = answerTimeout.map { ContinuousClock.now + $0 }
        var results: [OpaquePointer] = []
        var failure: PostgresError?
        while true {
            while PQisBusy(handle) == 1 {
                guard waitForInput(until: deadline), PQconsumeInput(handle) == 1 else {
                    for result in results { PQclear(result) }
                    throw lost()
                }
            }
            // Nil stands between the answers to two statements.
            guard let result = PQgetResult(handle) else {
                guard PQstatus(handle) == CONNECTION_OK else {
                    for result in results { PQclear(result) }
                    throw lost()
                }
                continue
            }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                guard let failure else { return results }
                for result in results { PQclear(result) }
                throw failure
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK: results.append(result)
            case PGRES_PIPELINE_ABORTED: PQclear(result)
            default:
                failure = failure ?? self.failure(of: result)
                PQclear(result)
            }
        }
    }
}
