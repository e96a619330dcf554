import QueueProtocol
import Testing

@Suite struct PidboxCommandTests {
    private func command(_ body: String) throws -> PidboxCommand {
        try PidboxCommand(
            decoding: KombuEnvelope(body: try WireJSON(decoding: Array(body.utf8)), exchange: "celery.pidbox")
                .encoded())
    }

    @Test func whatCelerySentIsRead() throws {
        let ping = try PidboxCommand(decoding: try Fixture(name: "pidbox_ping").bytes)
        #expect(ping.method == "ping" && ping.arguments == [:] && ping.clock == 1)
        #expect(ping.replyTo?.routingKey == "097f6583-c125-3281-93dd-1a8131ca43de")
        #expect(ping.replyTo?.ticket == .string("8b46955a-1479-4ea0-9a3f-3525c4805492"))
        let revoke = try PidboxCommand(decoding: try Fixture(name: "pidbox_revoke_noreply").bytes)
        #expect(revoke.replyTo == nil)
        #expect(revoke.arguments["signal"] == .string("SIGTERM"))
        let named = try PidboxCommand(decoding: try Fixture(name: "pidbox_dest").bytes)
        #expect(named.isMeant(for: "w1@vm") && !named.isMeant(for: "w2@vm"))
        let pattern = try PidboxCommand(decoding: try Fixture(name: "pidbox_pattern").bytes)
        #expect(pattern.isMeant(for: "w9@x") && !pattern.isMeant(for: "python@x"))
    }

    @Test func whatWeSayIsReadAsCelerysIs() throws {
        let address = PidboxCommand.ReplyAddress(routingKey: "k", ticket: .string("t"))
        let hello = PidboxCommand("hello", arguments: ["from_node": .string("w@h")], clock: 4, replyTo: address)
        #expect(try PidboxCommand(decoding: hello.encoded()) == hello)
        let theirs = try KombuEnvelope(decoding: try Fixture(name: "pidbox_hello").bytes)
        let ours = try KombuEnvelope(decoding: hello.encoded())
        #expect(ours.body.objectValue?.members.map(\.name) == theirs.body.objectValue?.members.map(\.name))
        let reply = try KombuEnvelope(
            decoding: PidboxCommand.reply(["ok": "pong"].wire, to: address, from: "w@h", clock: 5))
        let pong = try KombuEnvelope(decoding: try Fixture(name: "pidbox_reply_ping").bytes)
        #expect(reply.headers.members.map(\.name) == pong.headers.members.map(\.name))
        #expect(reply.exchange == pong.exchange && reply.routingKey == "k")
        #expect(reply.body == .object(["w@h": .object(["ok": .string("pong")])]))
    }

    @Test(arguments: [
        (#"{"method": "ping"}"#, true), (#"{"method": "ping", "destination": []}"#, true),
        (#"{"method": "ping", "destination": ["other@h", "render@h"]}"#, true),
        (#"{"method": "ping", "destination": ["other@h"], "pattern": "*", "matcher": "glob"}"#, false),
        (#"{"method": "ping", "destination": "render@h"}"#, true),
        (#"{"method": "ping", "pattern": "re*@?", "matcher": "glob"}"#, true),
        (#"{"method": "ping", "pattern": "[!r]*", "matcher": "glob"}"#, false),
        (#"{"method": "ping", "pattern": "ren[ds]er", "matcher": "pcre"}"#, true),
        (#"{"method": "ping", "pattern": "ender", "matcher": "pcre"}"#, false),
        (#"{"method": "ping", "pattern": "(", "matcher": "pcre"}"#, false),
        (#"{"method": "ping", "pattern": "*", "matcher": "magic"}"#, false),
    ])
    func nodesAreMeantByNameOrPattern(body: String, isMeant: Bool) throws {
        #expect(try command(body).isMeant(for: "render@h") == isMeant)
    }

    @Test(arguments: ["[]", "{}", #"{"method": 3}"#, #"{"method": "ping", "arguments": []}"#])
    func whatIsNoCommandIsRefused(_ body: String) {
        #expect(throws: TaskMessageError.self) { try command(body) }
    }
}

extension [String: String] {
    fileprivate var wire: WireJSON { WireJSON(.object(mapValues { .string($0) })) }
}
