import FoundationEssentials
import QueueProtocol
import Testing

@Suite("Task messages")
struct TaskMessageTests {
    @Test func everyFixtureIsTested() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Fixture.folder.path())
        #expect(Set(files.filter { $0.hasPrefix("task_") }) == Set(Fixture.tasks.map { $0.name + ".json" }))
    }

    @Test("what Celery wrote is read and written back byte for byte", arguments: Fixture.tasks)
    func roundTrip(fixture: Fixture) throws {
        let bytes = try fixture.bytes
        let message = try TaskMessage(decoding: bytes)
        #expect(message.encoded() == bytes)
        #expect(message.routingKey == "celery")
        #expect(JobID(message.id) != nil)
        _ = try message.call()
    }

    @Test func argumentsAreRead() throws {
        let call = try message("task_kwargs").call()
        #expect(call.arguments == [])
        #expect(call.keywords == ["x": 2, "y": 40])
        #expect(call.embed["chain"] == .null)
        #expect(call.argument("x", at: 0) == 2)
        let positional = try message("task_args").call()
        #expect(positional.arguments == [2, 3])
        #expect(positional.argument("y", at: 1) == 3)
        #expect(positional.argument("z", at: 2) == nil)
        #expect(try message("task_chain_first").call().embed["chain"]?.arrayValue?.isEmpty == false)
    }

    @Test func headersAreRead() throws {
        #expect(try message("task_priority_9").priority.wire == 9)
        #expect(try message("task_retry_resend").retries == 1)
        #expect(try message("task_eta").eta == "2026-11-21T08:03:40.318394+00:00")
        #expect(try message("task_expires").expires != nil)
        #expect(try message("task_chain_second").parentID != nil)
        #expect(try message("task_ignore_result").ignoresResult == true)
        #expect(try message("task_kwargs").ignoresResult == nil)
        #expect(try message("task_kwargs").isRedelivered == false)
        #expect(try message("task_requeued_redelivered").isRedelivered)
    }

    @Test func redeliveredLooksAsKombuMakesIt() throws {
        let returned = try message("task_restored_by_visibility_timeout")
        var text = String(decoding: returned.encoded(), as: UTF8.self)
        text.replace(#", "redelivered": true"#, with: "")
        let before = try TaskMessage(decoding: Array(text.utf8))
        #expect(before.isRedelivered == false)
        #expect(before.redelivered().encoded() == returned.encoded())
        #expect(returned.redelivered() == returned)
        #expect(before.redelivered().deliveryTag == before.deliveryTag)
    }

    @Test func unknownPartsSurvive() throws {
        let text = String(decoding: try message("task_args").encoded(), as: UTF8.self)
            .replacing(
                #""stamps": {}"#,
                with: #""stamps": {}, "x-studio": [1.0, 1e5, 123456789012345678901234567890, "\ud83c\udfac"]"#
            )
            .replacing(#"{"body""#, with: #"{"extra": NaN, "body""#)
        let message = try TaskMessage(decoding: Array(text.utf8))
        #expect(String(decoding: message.encoded(), as: UTF8.self) == text)
        #expect(message.headers["x-studio"]?.value.arrayValue?[3] == "🎬")
    }

    @Test("a body in a compression that is not read is named, not guessed at")
    func compression() throws {
        var envelope = try message("task_compressed_zlib").envelope
        var headers = try #require(envelope["headers"]?.objectValue)
        headers["compression"] = .string("application/x-lzma")
        envelope["headers"] = .object(headers)
        let message = try TaskMessage(decoding: WireJSON.object(envelope).encoded())
        #expect(throws: TaskMessageError.self) { try message.call() }
        do throws(TaskMessageError) { _ = try message.call() } catch {
            #expect(error.code == .unsupportedCompression("application/x-lzma"))
        }
    }

    @Test func plainBodiesAreRead() throws {
        var envelope = try message("task_kwargs").envelope
        envelope["body"] = .string(#"[[1], {}, null]"#)
        var properties = try #require(envelope["properties"]?.objectValue)
        for encoding in [WireJSON.string("utf-8"), .null, nil] {
            properties["body_encoding"] = encoding
            envelope["properties"] = .object(properties)
            let call = try TaskMessage(decoding: WireJSON.object(envelope).encoded()).call()
            #expect(call.arguments == [1])
            #expect(call.embed.isEmpty)
        }
    }

    private func message(_ name: String) throws -> TaskMessage { try TaskMessage(decoding: Fixture(name: name).bytes) }
}
