import QueueProtocol
import StudioRedis
import StudioTestKit
import Testing

/// Against a real server with TLS and access lists.
@Suite("TLS and access lists", .timeLimit(.minutes(10)))
struct TLSTests {
    private func url(_ port: Int, _ query: String, host: String = "localhost", user: String = "") -> String {
        "rediss://\(user)\(host):\(port)/3?\(query)"
    }

    private func echo(_ url: String) async throws -> String? {
        let connection = try await RedisConnection.connect(try RedisConfiguration(url: url), on: eventLoops)
        let text = try await connection.send(RedisCommand("CLIENT", "LIST")).text
        await connection.close()
        return text
    }

    @Test("A server is believed by its certificate, and by nothing else unless we are told")
    func verification() async throws {
        let certificates = try await Certificates()
        let port = try ProgramUnderTest.freePort()
        try await RedisServer.run(certificates.options(port: port)) { _ async throws -> Void in
            let trusted = "ssl_ca_certs=\(certificates.authority)"
            #expect(try await echo(url(port, trusted))?.contains("db=3") == true)
            // Not made out to the address; the system's authorities do not know ours.
            for (query, host) in [(trusted, "127.0.0.1"), ("ssl_cert_reqs=required", "localhost")] {
                let error = await #expect(throws: RedisError.self) { try await echo(url(port, query, host: host)) }
                #expect(error?.code == .unavailable)
                #expect(error?.message.contains("TLS") == true, "\(error?.message ?? "")")
            }
            #expect(try await echo(url(port, trusted + "&ssl_check_hostname=false", host: "127.0.0.1")) != nil)
            #expect(try await echo(url(port, "ssl_cert_reqs=none", host: "127.0.0.1")) != nil)
        }
    }

    @Test("A server that asks for a certificate is shown one; one that does not speak TLS is told from others")
    func clientCertificate() async throws {
        let certificates = try await Certificates()
        let port = try ProgramUnderTest.freePort()
        let plain = try ProgramUnderTest.freePort()
        let options = certificates.options(port: port, clients: "yes") + ["--port", String(plain)]
        try await RedisServer.run(options) { _ async throws -> Void in
            let trusted = "ssl_ca_certs=\(certificates.authority)"
            let shown = "&ssl_certfile=\(certificates.client.certificate)&ssl_keyfile=\(certificates.client.key)"
            #expect(try await echo(url(port, trusted + shown)) != nil)
            await #expect(throws: RedisError.self) { try await echo(url(port, trusted)) }
            var impatient = try RedisConfiguration(url: url(plain, trusted))
            impatient.commandTimeout = .seconds(1)
            let error = await #expect(throws: RedisError.self) {
                try await RedisConnection.connect(impatient, on: eventLoops)
            }
            #expect(error?.message.contains("TLS") == true, "\(error?.message ?? "")")
        }
    }

    @Test(
        "Over TLS, as a user who may touch nothing without the prefix, a queue, its waiting and pub/sub work, and come back"
    )
    func everything() async throws {
        let certificates = try await Certificates()
        let port = try ProgramUnderTest.freePort()
        let options =
            certificates.options(port: port) + [
                "--user", "studio", "on", ">se:c/r@t", "~pfx:*", "&pfx:*", "+@all", "--user", "default",
                "off",
            ]
        try await RedisServer.run(options) { server in
            var configuration = try RedisConfiguration(
                url: url(port, "ssl_ca_certs=\(certificates.authority)", user: "studio:se%3Ac%2Fr%40t@"))
            configuration.reconnectDelay = .milliseconds(5)
            configuration.maximumReconnectDelay = .milliseconds(50)
            let keys = StudioKeys(keyPrefix: "pfx:", database: configuration.database)
            let client = RedisClient(configuration: configuration, group: eventLoops, logger: silent)
            let subscriber = RedisSubscriber(configuration: configuration, group: eventLoops, logger: silent)
            let consumer = TaskConsumer(
                worker: WorkerID(), queues: ["studio"], client: client, keys: keys, group: eventLoops, logger: silent)
            let queue = TaskQueue(client: client, keys: keys)
            let bus = EventBus(client: client, subscriber: subscriber, keys: keys)
            try await running({ await client.run() }) {
                try await running({ await subscriber.run() }) {
                    try await running({ await consumer.run() }) {
                        try await client.waitUntilConnected()
                        try await exchange(queue, consumer, bus)
                        try await server.kill()
                        try await untilAway(client)
                        try await server.start(options)
                        try await client.waitUntilConnected()
                        try await exchange(queue, consumer, bus)
                    }
                }
            }
        }
    }

    /// A message is waited for, taken and acknowledged; an announcement is heard.
    private func exchange(_ queue: TaskQueue, _ consumer: TaskConsumer, _ bus: EventBus) async throws {
        var heard = try await bus.eventWakeups().makeAsyncIterator()
        let job = JobID()
        async let waited: Void = consumer.waitForWork()
        try await queue.push([.render(job: job, priority: TaskPriority(urgency: 9))])
        try await waited
        let taken = try await consumer.reserve(upTo: 5)
        let jobs = try taken.map { try $0.message.renderJob() }
        #expect(jobs == [job])
        try await consumer.acknowledge(taken)
        // What is announced before the subscription is whole again is lost, as pub/sub is.
        let saying = Task {
            while !Task.isCancelled {
                try await bus.announceEvents()
                await Task.yield()
            }
        }
        #expect(await heard.next() != nil)
        saying.cancel()
    }
}
