import FoundationEssentials
import NIOCore
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// The parts of the comfyui runner that need no server.
@Suite("Parts of the comfyui runner") struct ComfyPartsTests {
    private static func text(_ text: String) -> WebSocket.Message { .text(ByteBuffer(string: text)) }

    private func workflow() throws -> FunctionManifest.ComfyWorkflow {
        guard case .comfyui(let told) = try FunctionManifest(ComfyUIStudio.dream()).runner else {
            throw Unexpected(what: "another runner")
        }
        return told
    }

    @Test("Addresses are taken apart, and what gives access is not shown")
    func addresses() throws {
        let plain = try ComfyBench.address("http://gpu-1:8188")
        #expect(plain.base == "http://gpu-1:8188" && plain.label == "gpu-1:8188" && plain.authorization == nil)
        let events = plain.events(of: "abc")
        #expect(events.host == "gpu-1" && events.port == 8188 && !events.isSecure)
        #expect(events.target == "/ws?clientId=abc")
        let full = try ComfyBench.address("https://ada:p%40ss@example.com/comfy/")
        #expect(full.base == "https://example.com:443/comfy" && full.label == "example.com:443")
        #expect(full.authorization == "Basic " + Data("ada:p@ss".utf8).base64EncodedString())
        #expect(full.events(of: "x").target == "/comfy/ws?clientId=x" && full.events(of: "x").isSecure)
        let six = try ComfyBench.address("http://[::1]:8188")
        #expect(six.base == "http://[::1]:8188" && six.events(of: "x").host == "::1")
        #expect(six.events(of: "x").authority == "[::1]:8188")
        let other = try #require(URL(string: "ftp://gpu-1"))
        #expect(ComfyAddress(other) == nil)
    }

    @Test("Numbers that JSON has not become null, and texts stay")
    func lenient() {
        let text = #"{"a": NaN, "b": [-Infinity, Infinity, -1], "c": "NaN \" Infinity", "d": 18446744073709551615}"#
        let wanted: JSONValue = [
            "a": .null, "b": [.null, .null, -1], "c": #"NaN " Infinity"#, "d": .unsigned(.max),
        ]
        #expect(LenientJSON.value(Data(text.utf8)) == wanted)
        #expect(LenientJSON.value(Data("NaN of this".utf8)) == nil)
        #expect(LenientJSON.value(Data()) == nil)
    }

    @Test("Texts are read as they were captured")
    func texts() {
        let state =
            #"{"type":"progress_state","data":{"prompt_id":"a","nodes":{"1":{"value":3,"max":4.0,"state":"running"}}}}"#
        let cases: [(String, ComfyEvent?)] = [
            (
                #"{"type":"status","data":{"status":{"exec_info":{"queue_remaining":3}},"sid":"x"}}"#,
                .status(remaining: 3)
            ),
            (#"{"type":"executing","data":{"node":null,"prompt_id":"a"}}"#, .ended(prompt: "a")),
            (#"{"type":"executing","data":{"node":"2"}}"#, .executing(prompt: nil, node: "2")),
            (#"{"type":"executing","data":{"node":null}}"#, nil),
            (state, .progress(prompt: "a", nodes: [.init(node: "1", value: 3, most: 4, isFinished: false)])),
            (#"{"type":"execution_success","data":{"prompt_id":"a","timestamp":1}}"#, nil),
            ("", nil), ("[]", nil), ("null", nil), (#"{"type":"status"}"#, nil), (#"{"type":3,"data":{}}"#, nil),
        ]
        for (text, event) in cases { #expect(ComfyEvent.read(Self.text(text)) == event, "\(text)") }
    }

    @Test("Pictures and words are read as they were captured, and what is broken is nothing")
    func binaries() {
        let about = Array(#"{"prompt_id":"a"}"#.utf8)
        let cases: [([UInt8], ComfyEvent?)] = [
            (
                [0, 0, 0, 1, 0, 0, 0, 1, 0xFF, 0xD8, 0xFF, 0xE0],
                .preview(prompt: nil, picture: Data([0xFF, 0xD8, 0xFF, 0xE0]))
            ),
            ([0, 0, 0, 3, 0, 0, 0, 1, 0x37] + Array("halfway".utf8), .text("halfway")),
            (
                [0, 0, 0, 4, 0, 0, 0, UInt8(about.count)] + about + [1, 2],
                .preview(prompt: "a", picture: Data([1, 2]))
            ),
            ([], nil), ([0, 0, 0], nil), ([0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF, 1], nil), ([0, 0, 0, 9, 1], nil),
            ([0, 0, 0, 1], nil),
        ]
        for (bytes, event) in cases {
            #expect(ComfyEvent.read(.binary(ByteBuffer(bytes: bytes))) == event, "\(bytes)")
        }
    }

    @Test("Who puts into the mailbox never waits: the oldest goes, and of pictures only the newest stays")
    func mailbox() {
        let mailbox = ComfyMailbox()
        let piece = String(repeating: "x", count: 1 << 20)
        for number in 0..<40 { mailbox.put(Self.text("\(number) \(piece)")) }
        func picture(_ size: Int) -> WebSocket.Message {
            .binary(ByteBuffer(bytes: [0, 0, 0, 4] + [UInt8](repeating: 7, count: size)))
        }
        mailbox.put(picture(10))
        mailbox.put(picture(20))
        mailbox.put(picture(ProgressPicture.limit * 2))
        let waiting = mailbox.take()
        #expect(waiting.reduce(0) { $0 + $1.bytes.readableBytes } <= ComfyMailbox.bound + 24)
        #expect(waiting.last?.bytes.readableBytes == 24)
        let texts = waiting.dropLast().map { String(buffer: $0.bytes).prefix(3) }
        #expect(texts.last == "39 " && texts.first != "0 x")
        #expect(mailbox.take().isEmpty)
    }

    @Test("Progress counts what had to run, and hears only of its own prompt")
    func progress() throws {
        var progress = PromptProgress(prompt: "a", workflow: try workflow())
        #expect(progress.takeReport().stage == "waiting for ComfyUI" && progress.fraction == nil)
        let jpeg = Data([0xFF, 0xD8, 0xFF])
        for event: ComfyEvent in [
            .started(prompt: "b"), .executing(prompt: nil, node: "2"), .preview(prompt: nil, picture: jpeg),
        ] {
            let isOurs = progress.hear(event)
            #expect(!isOurs, "\(event)")
        }
        let nodes: [ComfyEvent.NodeState] = [
            .init(node: "1", value: 1, most: 1, isFinished: true),
            .init(node: "2", value: 5, most: 20, isFinished: false),
            .init(node: "2.0.0.3", value: 1, most: 1, isFinished: true),
        ]
        for event: ComfyEvent in [
            .started(prompt: "a"), .cached(prompt: "a", nodes: ["1"]), .executing(prompt: "a", node: "2"),
            .progress(prompt: "a", nodes: nodes), .preview(prompt: "a", picture: jpeg),
        ] {
            let isOurs = progress.hear(event)
            #expect(isOurs, "\(event)")
        }
        #expect(progress.fraction == 0.125, "of two nodes, since one is cached")
        let report = progress.takeReport()
        #expect(report.stage == "Dreaming" && report.message == "5 of 20" && report.preview?.bytes.count == 3)
        #expect(progress.takeReport().preview == nil, "a picture is shown once")
        #expect(!progress.isEnded)
        let isOurs = progress.hear(.ended(prompt: "a"))
        #expect(isOurs && progress.isEnded)
    }

    @Test("A server's folders are not shown")
    func redacted() {
        #expect(ComfyFailure.redacted(#"no '/srv/comfyui/input/bad.png' there"#) == "no '…/bad.png' there")
        #expect(!ComfyFailure.redacted(#"at C:\ComfyUI\models\a.pt, line 3"#).contains("models"))
        #expect(ComfyFailure.redacted("1/2 of a/b and/or") == "1/2 of a/b and/or")
        #expect(ComfyFailure.shown("a\nb\n\n") == "a b")
        #expect(ComfyFailure.shown(String(repeating: "é", count: 5000)).count == 1001)
    }

    @Test("Names that need it are escaped when a file is asked for")
    func query() throws {
        let file = try #require(ComfyFile(["filename": "a b&ü.PNG", "subfolder": "studio/1", "type": "temp"]))
        #expect(file.query == "filename=a%20b%26%C3%BC.PNG&subfolder=studio%2F1&type=temp")
        #expect(file.fileExtension == "png")
        #expect(ComfyFile(["subfolder": "x"]) == nil && ComfyFile(true) == nil)
    }
}
