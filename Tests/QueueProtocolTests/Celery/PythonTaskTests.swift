import FoundationEssentials
import Testing

@testable import QueueProtocol

@Suite("Tasks for Python workers")
struct PythonTaskTests {
    @Test("A message has everything that a worker of Celery cannot do without")
    func message() throws {
        let expires = try #require(Timestamp.parse("2026-11-21T08:03:34.950Z"))
        let task = PythonTask(
            name: "studio_py.upscale", id: "job.2", queue: "python",
            keywords: ["seed": .unsigned(UInt64.max), "name": "Zoë"], priority: TaskPriority(wire: 3), expires: expires,
            timeLimit: 60)
        let message = try TaskMessage(decoding: task.message().encoded())
        #expect(message.task == "studio_py.upscale")
        #expect(message.id == "job.2")
        #expect(message.routingKey == "python")
        #expect(message.priority.wireStep == 3)
        #expect(message.ignoresResult == false)
        #expect(message.expires == "2026-11-21T08:03:34.950Z")
        #expect(message.headers["timelimit"] == .array([.integer(60), .null]))
        let call = try message.call()
        #expect(call.arguments == [])
        #expect(call.keywords == ["seed": .unsigned(UInt64.max), "name": "Zoë"])
        // Each copy of a message has a tag of its own, or two would overwrite each other in kombu's hash.
        #expect(task.message().deliveryTag != task.message().deliveryTag)
    }

    @Test("Results are read as Python wrote them")
    func states() throws {
        let failure = try #require(PythonTaskState(decoding: Self.text("result_failure")))
        #expect(failure.name == "FAILURE")
        #expect(failure.isFinal)
        #expect(failure.raised == .init(type: "KeyError", module: "builtins", message: "missing"))
        #expect(failure.traceback?.contains("KeyError") == true)
        let progress = try #require(PythonTaskState(decoding: Self.text("result_progress")))
        #expect(progress.name == "PROGRESS")
        #expect(!progress.isFinal)
        #expect(progress.result == ["step": 1, "of": 2])
        let revoked = try #require(PythonTaskState(decoding: Self.text("result_revoked_expired")))
        #expect(revoked.isFinal)
        #expect(revoked.raised.message == "expired")
        #expect(PythonTaskState(decoding: Array("{\"result\": 1}".utf8)) == nil)
        #expect(PythonTaskState(decoding: Array("nonsense".utf8)) == nil)
        let odd = try #require(
            PythonTaskState(decoding: Array(#"{"status": "FAILURE", "result": {"exc_message": ["a", 3, null]}}"#.utf8)))
        #expect(odd.raised == .init(type: "Exception", module: nil, message: "a, 3"))
    }

    @Test("A command is in the form of Celery's own; a node's answer tells what it has")
    func nodes() throws {
        let question = PidboxCommand.query(tasks: ["a", "b"], caller: "here")
        let envelope = try JSONText.decode(JSONValue.self, from: Data(question.encoded()))
        let captured = try JSONText.decode(JSONValue.self, from: Data(Self.text("pidbox_query_task")))
        #expect(Self.names(envelope) == Self.names(captured))
        let body = try Self.body(of: envelope)
        let capturedBody = try Self.body(of: captured)
        #expect(Self.names(body) == Self.names(capturedBody))
        #expect(body["method"] == "query_task")
        #expect(body["arguments"] == ["ids": ["a", "b"]])
        #expect(body["reply_to"] == ["exchange": "reply.celery.pidbox", "routing_key": "here"])
        let revoke = try Self.body(
            of: try JSONText.decode(JSONValue.self, from: Data(PidboxCommand.terminate(tasks: ["a"]).encoded())))
        #expect(revoke["arguments"] == ["task_id": ["a"], "terminate": true, "signal": "SIGTERM"])
        #expect(revoke["reply_to"] == nil)

        let active = try Self.text("pidbox_reply_active")
        #expect(NodeReply(decoding: active)?.node == "w1@vm")
        let told = #"{"w@h": {"a": ["active", {}], "b": ["reserved", {}], "c": ["ready", {}], "d": ["scheduled", {}]}}"#
        let reply = try #require(
            NodeReply(
                decoding: KombuEnvelope(
                    body: try WireJSON(decoding: Array(told.utf8)), exchange: PidboxCommand.replyExchange
                ).encoded()))
        #expect(reply.holds == ["a": .active, "b": .reserved, "d": .reserved])
    }

    private static func names(_ object: JSONValue) -> Set<String> { Set((object.objectValue ?? [:]).keys) }

    private static func body(of envelope: JSONValue) throws -> JSONValue {
        let data = try #require(envelope["body"]?.stringValue.flatMap { Data(base64Encoded: $0) })
        return try JSONText.decode(JSONValue.self, from: data)
    }

    private static func text(_ name: String) throws -> [UInt8] { Array(try #require(texts[name]).utf8) }
}
