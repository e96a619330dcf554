import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// What comes over Redis, broken by a fixed seed: each message is read or refused by a typed error, and none ends the process.
/// `make fuzz TARGETS=celery,events` looks further.
@Suite("Broken messages", .timeLimit(.minutes(10))) struct BrokenMessagesTests {
    /// A reader: whether it took the message.
    private static let readers: [(name: String, read: @Sendable ([UInt8]) -> Bool)] = [
        ("task", { bytes in told { _ = String(describing: try TaskMessage(decoding: bytes)) } }),
        ("envelope", { bytes in told { _ = String(describing: try KombuEnvelope(decoding: bytes)) } }),
        ("command", { bytes in told { _ = String(describing: try PidboxCommand(decoding: bytes)) } }),
        ("stored task", { bytes in told { _ = try CeleryTask(stored: String(decoding: bytes, as: UTF8.self)) } }),
        ("document", { bytes in told { _ = String(describing: try WireJSON(decoding: bytes)) } }),
        ("reply", { NodeReply(decoding: $0).map { String(describing: $0) } != nil }),
        ("state", { PythonTaskState(decoding: $0).map { String(describing: $0) } != nil }),
        (
            "event",
            { bytes in
                (try? JSONText.decode(StudioEvent.self, from: Data(bytes))) != nil
                    || (try? JSONText.decode(DurableEvent<JSONValue>.self, from: Data(bytes))) != nil
                    || (try? JSONText.decode(ControlMessage.self, from: Data(bytes))) != nil
            }
        ),
    ]

    /// Whether a reader took it; anything but its own error is a fault.
    private static func told(_ read: () throws -> Void) -> Bool {
        do {
            try read()
            return true
        } catch is TaskMessageError {
            return false
        } catch {
            Issue.record("\(error)")
            return false
        }
    }

    private static func fixtures() throws -> [(name: String, text: String)] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
            .sorted()
            .map { ($0, try String(contentsOf: folder.appending(path: $0), encoding: .utf8)) }
    }

    @Test func brokenMessagesAreReadOrRefused() throws {
        let fixtures = try Self.fixtures()
        #expect(fixtures.count > 40)
        let rounds = MediaSpecimens.rounds(usually: 40)
        var counts: [String: (read: Int, refused: Int)] = [:]
        for (number, fixture) in fixtures.enumerated() {
            for round in 0..<rounds {
                var broken = BrokenText(seed: UInt64(round &* 1009 &+ number))
                let bytes = broken.next(of: fixture.text)
                for (name, read) in Self.readers {
                    let isRead = read(bytes)
                    counts[name, default: (0, 0)].read += isRead ? 1 : 0
                    counts[name, default: (0, 0)].refused += isRead ? 0 : 1
                }
            }
        }
        #expect(counts.allSatisfy { $0.value.refused > fixtures.count }, "\(counts)")
        #expect((counts["document"]?.read ?? 0) > fixtures.count, "\(counts)")
    }

    @Test(arguments: ["[", "{\"a\":"]) func deepNestingIsRefused(opening: String) {
        let bytes = Array(String(repeating: opening, count: 200_000).utf8)
        for (name, read) in Self.readers { #expect(!read(bytes), "\(name)") }
    }
}
