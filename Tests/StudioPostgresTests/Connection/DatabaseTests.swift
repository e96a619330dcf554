import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioTestKit
import Synchronization
import Testing

@testable import StudioPostgres

/// Counts from many threads.
final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    @discardableResult
    func add() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}

@Suite struct DatabaseTests {
    private func database(
        connections: Int = 2, _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) async throws -> Database {
        var configuration = PostgresConfiguration.patient(
            try await PrivatePostgres.shared().database(), connections: connections)
        change(&configuration)
        return try Database(configuration)
    }

    @Test func everyKindOfValueGoesThereAndBack() async throws {
        let database = try await database()
        let uuid = UUID()
        let date = Date(timeIntervalSince1970: 1_800_000_000.125)
        let awkward = #"a "quoted" \ back'slash, {brace}, naïve 🎬"#
        try await database.withConnection { connection in
            let row = try connection.query(
                """
                SELECT $1::text AS a, $2::integer AS b, $3::bigint AS c, $4::double precision AS d, $5::boolean AS e,
                       $6::uuid AS f, $7::jsonb AS g, $8::timestamptz AS h, $9::text[] AS i, $10::uuid[] AS j,
                       $11::integer[] AS k, $12::text AS l, $13::text[] AS m, ARRAY['x', NULL] AS n
                """,
                [
                    .text(awkward), .int(-7), .int64(.max), .double(0.1), .bool(true), .uuid(uuid),
                    try .json(["seed": JSONValue.unsigned(.max)]), .date(date), .texts([awkward, "", "NULL", ","]),
                    .uuids([uuid]), .ints([1, -2]), .null, .texts([]),
                ])[0]
            #expect(try row.decode("a") == awkward)
            #expect(try row.decode("b") == -7)
            #expect(try row.decode("c") == Int64.max)
            #expect(try row.decode("d") == 0.1)
            #expect(try row.decode("e") == true)
            #expect(try row.decode("f") == uuid)
            #expect(try row.decode("g") == JSONValue.object(["seed": .unsigned(.max)]))
            #expect(try row.decode("h", as: Date.self).timeIntervalSince1970 == date.timeIntervalSince1970)
            #expect(try row.decode("i") == [awkward, "", "NULL", ","])
            #expect(try row.decode("j") == [uuid])
            #expect(try row.decode("k") == [1, -2])
            #expect(try row.decode("l", as: String?.self) == nil)
            #expect(try row.decode("m") == [String]())
            #expect(try row.decode("n") == ["x", nil] as [String?])
        }
        await database.close()
    }

    @Test func aColumnThatCannotBeReadIsAnErrorThatNamesIt() async throws {
        let database = try await database()
        try await database.withConnection { connection in
            let row = try connection.query("SELECT 'seven' AS word, NULL::integer AS nothing")[0]
            for read in [
                { _ = try row.decode("word", as: Int.self) }, { _ = try row.decode("nothing", as: Int.self) },
                { _ = try row.decode("absent", as: Int.self) }, { _ = try row.word("word", as: JobState.self) },
            ] as [() throws -> Void] {
                let error = #expect(throws: PostgresError.self) { try read() }
                #expect(error?.code == .decoding)
                #expect(error?.operatorDetail?.contains("seven") == false)
            }
        }
        await database.close()
    }

    @Test func textWithANULIsRefusedAndTheConnectionLivesOn() async throws {
        let database = try await database(connections: 1)
        await expectFault(.invalidValue) {
            try await database.withConnection { _ = try $0.query("SELECT $1::text", [.text("a\0b")]) }
        }
        await expectFault(.invalidValue) {
            try await database.withConnection { _ = try $0.query("SELECT $1::jsonb", [try .json("a\0b")]) }
        }
        #expect(try await database.withConnection { try $0.query("SELECT 1 AS one")[0].decode("one") } == 1)
        await database.close()
    }

    @Test func errorsSayTheCodeAndTheConstraintButNoSQLAndNoValue() async throws {
        let database = try await database()
        _ = try await database.withConnection {
            try $0.script("CREATE TABLE secrets (word text CONSTRAINT one_word UNIQUE CHECK (word <> 'no'))")
            try $0.execute("INSERT INTO secrets VALUES ($1)", [.text("hunter2")])
        }
        let cases: [(PostgresError.Code, String, String)] = [
            (.uniqueViolation, "INSERT INTO secrets VALUES ($1)", "hunter2"),
            (.checkViolation, "INSERT INTO secrets VALUES ($1)", "no"),
            (.server, "SELECT $1::text::uuid", "hunter2"),
            (.server, "SELECT hunter2 FROM secrets WHERE word = $1", "x"),
        ]
        for (code, sql, value) in cases {
            let error = await expectFault(code) {
                try await database.withConnection { _ = try $0.query(sql, [.text(value)]) }
            }
            let told =
                "\(error.map { "\($0)" } ?? "") \(error?.operatorDetail ?? "") \(error?.asStudioError.detail ?? "")"
            #expect(!told.contains("hunter2") && !told.contains("SELECT") && !told.contains("INSERT"))
            #expect(error?.sqlState?.count == 5)
        }
        let unique = await expectFault(.uniqueViolation) {
            try await database.withConnection { _ = try $0.query("INSERT INTO secrets VALUES ('hunter2')") }
        }
        #expect(unique?.constraint == "one_word")
        await database.close()
    }

    @Test func aTransactionThatThrowsLeavesNothing() async throws {
        let database = try await database(connections: 1)
        _ = try await database.withConnection { try $0.script("CREATE TABLE t (n integer)") }
        await expectRefusal(.conflict) {
            try await database.transaction { connection in
                try connection.execute("INSERT INTO t VALUES (1)")
                throw StudioError(.conflict, "no")
            }
        }
        // An error that the closure swallowed must not look like a commit.
        await expectFault(.server) {
            try await database.transaction { connection in
                try connection.execute("INSERT INTO t VALUES (2)")
                _ = try? connection.query("SELECT 1 / 0")
            }
        }
        // A transaction that a closure left open does not leak into the next call.
        try await database.withConnection { connection in
            try connection.script("BEGIN")
            try connection.execute("INSERT INTO t VALUES (3)")
        }
        #expect(try await database.withConnection { try $0.query("SELECT count(*) AS n FROM t")[0].decode("n") } == 0)
        await database.close()
    }

    @Test func aDeadlockIsTriedAgainUntilBothAreThrough() async throws {
        let database = try await database(connections: 2)
        _ = try await database.withConnection {
            try $0.script("CREATE TABLE t (id integer PRIMARY KEY, n integer); INSERT INTO t VALUES (1, 0), (2, 0)")
        }
        let inside = Counter()
        let both = ThreadLatch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for order in [[1, 2], [2, 1]] {
                group.addTask {
                    try await database.transaction { connection in
                        let add = "UPDATE t SET n = n + 1 WHERE id = $1"
                        try connection.execute(add, [.int(order[0])])
                        // Both hold their first row before either asks for its second.
                        if inside.add() == 2 { both.open() }
                        both.hold()
                        try connection.execute(add, [.int(order[1])])
                    }
                }
            }
            try await group.waitForAll()
        }
        // The one that gave way may run into the winner once more before that has its lock.
        #expect(inside.value >= 3)
        let sums = try await database.withConnection {
            try $0.query("SELECT n FROM t ORDER BY id").map { try $0.decode("n", as: Int.self) }
        }
        #expect(sums == [2, 2])
        await database.close()
    }

    @Test func aSerializationFailureIsTriedAgainUntilBothAreThrough() async throws {
        let database = try await database(connections: 2)
        _ = try await database.withConnection { try $0.script("CREATE TABLE t (n integer)") }
        let inside = Counter()
        let both = ThreadLatch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try await database.transaction { connection in
                        try connection.script("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
                        let count: Int = try connection.query("SELECT count(*) AS n FROM t")[0].decode("n")
                        // Both have counted before either writes what it counted: one of them must not stand.
                        if inside.add() == 2 { both.open() }
                        both.hold()
                        try connection.execute("INSERT INTO t VALUES ($1)", [.int(count)])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.value >= 3)
        let counts = try await database.withConnection {
            try $0.query("SELECT n FROM t ORDER BY n").map { try $0.decode("n", as: Int.self) }
        }
        #expect(counts == [0, 1])
        await database.close()
    }

    @Test func theQueueIsBoundedAndACallThatWaitsCanBeTakenBack() async throws {
        let database = try await database(connections: 1) { $0.queueLimit = 1 }
        let latch = ThreadLatch()
        let holder = Task { try await database.withConnection { _ in latch.hold() } }
        try await latch.waitForHolders(1)
        let ran = Mutex(false)
        let waiting = Task {
            try await untilAdmitted { try await database.withConnection { _ in ran.withLock { $0 = true } } }
        }
        // The queue is full once the waiting call is in it.
        try await eventually("the queue is full") {
            do {
                try await within(.milliseconds(20), "room in the queue") { try await database.withConnection { _ in } }
                return false
            } catch let error as PostgresError {
                return error.code == .overloaded
            } catch {
                return false
            }
        }
        waiting.cancel()
        await expectFault(.cancelled) { try await waiting.value }
        latch.open()
        try await holder.value
        try await database.withConnection { _ in }
        #expect(!ran.withLock { $0 })
        await database.close()
    }

    @Test func aStatementThatTakesTooLongIsEnded() async throws {
        let database = try await database(connections: 1) { $0.statementTimeout = .seconds(1) }
        await expectFault(.timeout) { try await database.withConnection { _ = try $0.query("SELECT pg_sleep(30)") } }
        #expect(try await database.withConnection { try $0.query("SELECT 1 AS one")[0].decode("one") } == 1)
        await database.close()
    }

    @Test func preparedStatementsStayBounded() async throws {
        let database = try await database(connections: 1) { $0.preparedStatementLimit = 4 }
        try await database.withConnection { connection in
            for round in 0..<3 {
                for number in 0..<10 {
                    let row = try connection.query("SELECT $1::integer + \(number) AS n", [.int(round)])[0]
                    #expect(try row.decode("n") == round + number)
                }
            }
            let kept = try connection.query("SELECT count(*) AS n FROM pg_prepared_statements")[0]
            #expect(try kept.decode("n") <= 4)
        }
        await database.close()
    }

    @Test func aStatementThatNoLongerFitsTheSchemaIsPreparedAnew() async throws {
        let database = try await database(connections: 1)
        _ = try await database.withConnection { connection in
            try connection.script("CREATE TABLE t (n integer); INSERT INTO t VALUES (1)")
            _ = try connection.query("SELECT * FROM t")
            try connection.script("ALTER TABLE t ADD COLUMN m integer")
        }
        await expectFault(.server) { try await database.withConnection { _ = try $0.query("SELECT * FROM t") } }
        #expect(try await database.withConnection { try $0.query("SELECT * FROM t").count } == 1)
        await database.close()
    }

    @Test func closingRefusesWhatWaitsFinishesWhatRunsAndLeavesNoThread() async throws {
        let database = try await database(connections: 3)
        let uri = database.configuration.connectionString
        let latch = ThreadLatch()
        let holders = (0..<3).map { _ in
            Task {
                try await database.withConnection { connection in
                    latch.hold()
                    return try connection.query("SELECT 1 AS one")[0].decode("one", as: Int.self)
                }
            }
        }
        try await latch.waitForHolders(3)
        let waiting = Task { try await database.withConnection { _ in } }
        let closing = Task { await database.close() }
        await expectFault(.unavailable) { try await waiting.value }
        latch.open()
        for holder in holders { #expect(try await holder.value == 1) }
        await closing.value
        await database.close()
        await expectFault(.unavailable) { try await database.withConnection { _ in } }
        let left =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'studio' AND datname = current_database()"
        let postgres = try await PrivatePostgres.shared()
        try await eventually("the server sees no connection") { try await postgres.sql(left, in: uri) == ["0"] }
    }
}
