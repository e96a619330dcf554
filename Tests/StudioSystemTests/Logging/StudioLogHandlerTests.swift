import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioSystem
import StudioTestKit
import Testing

/// What lands in a log file, byte for byte.
@Suite struct StudioLogHandlerTests {
    /// A log file and loggers that write to it.
    private final class LogFile: Sendable {
        private let folder: TemporaryDirectory
        private let descriptor: Int32

        init() throws {
            folder = try TemporaryDirectory("log")
            descriptor = open(folder.path("log"), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0)
        }

        deinit { close(descriptor) }

        func logger(
            _ format: StudioLogHandler.Format, level: Logger.Level = .trace, label: String = "test"
        ) -> Logger {
            Logger(label: label) { [descriptor] label in
                StudioLogHandler(
                    label: label, format: format, level: level, descriptor: descriptor,
                    now: { Date(timeIntervalSince1970: 1.5) })
            }
        }

        /// The lines written so far; the last one must be ended too.
        func lines() throws -> [String] {
            let text = String(decoding: try Data(contentsOf: URL(filePath: folder.path("log"))), as: UTF8.self)
            #expect(text.isEmpty || text.hasSuffix("\n"))
            return text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
                .map { String(Substring($0)) }
        }

        /// The one line written, as JSON.
        func object() throws -> JSONValue {
            let lines = try lines()
            try #require(lines.count == 1)
            return try JSONText.decode(JSONValue.self, from: lines[0])
        }
    }

    /// Every control character, every Unicode end of a line, quotes and backslashes, and what a forger would write next.
    private static let hostile =
        String(String.UnicodeScalarView((0...0xA0).compactMap { Unicode.Scalar($0 as UInt32) }))
        + "\u{2028}\u{2029}\r\n{\"level\":\"info\",\"message\":\"forged\"}\n08:00:00.000 info forged \\"

    @Test func aJSONLineIsOneObjectWithItsMetadata() throws {
        let file = try LogFile()
        var logger = file.logger(.json, label: "dispatch")
        logger[metadataKey: LogKey.requestID] = "r1"
        logger.notice("job queued", metadata: [LogKey.job: "j1", "count": .stringConvertible(3)])
        let expected: JSONValue = [
            "at": "1970-01-01T00:00:01.500Z", "level": "notice", "logger": "dispatch", "message": "job queued",
            "request_id": "r1", "job": "j1", "count": "3",
        ]
        #expect(try file.object() == expected)
    }

    @Test func aTextLineSaysTheSameForPeople() throws {
        let file = try LogFile()
        file.logger(.text, label: "dispatch").info("job queued", metadata: [LogKey.job: "j1", "why": "a \"b\" c"])
        #expect(try file.lines() == [#"00:00:01.500 info     dispatch: job queued job=j1 why="a \"b\" c""#])
    }

    @Test func linesOfJobsStandInColumnsForPeople() throws {
        let file = try LogFile()
        var logger = file.logger(.text, label: "worker")
        logger[metadataKey: LogKey.worker] = "worker-3"
        logger.notice("worker ready", metadata: ["slots": "2"])
        logger[metadataKey: LogKey.job] = "01890a5d-ac96-774b-bcce-b302099a8057"
        logger[metadataKey: LogKey.attempt] = "1"
        logger[metadataKey: LogKey.project] = "film"
        logger[metadataKey: LogKey.shot] = "SH-010"
        logger[metadataKey: LogKey.function] = "mock-video"
        logger[metadataKey: LogKey.traceID] = "4bf92f3577b34da6a3ce929d0e0e4736"
        logger.info("job started", metadata: ["waited": "12ms"])
        logger.info("job succeeded", metadata: ["took": "3.2s"])
        logger[metadataKey: LogKey.attempt] = "2"
        logger[metadataKey: LogKey.shot] = nil
        logger.warning("job failed")
        #expect(
            try file.lines() == [
                "00:00:01.500 notice   worker-3: worker ready slots=2",
                "00:00:01.500 info     worker-3: job started   film/SH-010 mock-video job=099a8057 waited=12ms",
                "00:00:01.500 info     worker-3: job succeeded film/SH-010 mock-video job=099a8057 took=3.2s",
                "00:00:01.500 warning  worker-3: job failed    film mock-video attempt=2 job=099a8057",
            ])
    }

    @Test func nothingLoggedForgesASecondJSONLine() throws {
        let file = try LogFile()
        file.logger(.json, label: "a" + Self.hostile).error(
            "\(Self.hostile)", metadata: ["k" + Self.hostile: "\(Self.hostile)"])
        let object = try file.object()
        // It is all there, as it was said.
        #expect(object["message"]?.stringValue == Self.hostile)
        #expect(object["k" + Self.hostile]?.stringValue == Self.hostile)
        #expect(object["level"] == "error")
    }

    @Test func nothingLoggedForgesASecondTextLine() throws {
        let file = try LogFile()
        file.logger(.text, label: "a" + Self.hostile).error(
            "\(Self.hostile)", metadata: ["k" + Self.hostile: "\(Self.hostile)"])
        let lines = try file.lines()
        #expect(lines.count == 1)
        let ends = lines[0].unicodeScalars.filter {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || [0x2028, 0x2029].contains($0.value)
        }
        #expect(ends.isEmpty)
    }

    @Test func metadataCannotTakeTheNameOfTheLinesOwnMembers() throws {
        let file = try LogFile()
        file.logger(.json).warning(
            "true", metadata: ["level": "info", "message": "forged", "at": "never", "logger": "x"])
        let object = try file.object()
        #expect(object["level"] == "warning")
        #expect(object["message"] == "true")
        #expect(object["field_message"] == "forged")
        #expect(try file.lines()[0].components("\"message\":").count == 2)
    }

    @Test(arguments: [StudioLogHandler.Format.text, .json]) func secretsAreRedacted(_ format: StudioLogHandler.Format)
        throws
    {
        let file = try LogFile()
        let secret = "hunter2"
        var logger = file.logger(format)
        for key in [
            "password", "JWT_SECRET", "accessToken", "Authorization", "set-cookie", "Credentials", "private_key",
        ] {
            logger[metadataKey: key] = "\(secret)"
        }
        logger.info(
            "x", metadata: ["user": ["name": "ann", "password": "\(secret)"], "list": [["token": "\(secret)"]]])
        let line = try file.lines().joined()
        #expect(!line.contains(secret))
        #expect(line.components("(redacted)").count == 10)
        #expect(line.contains("ann"))
    }

    @Test func anOverlongJSONLineIsCutAndStaysValid() throws {
        // Escaping makes one character six: each cut value must fit as it is written.
        for filling in ["a", "é", "🎬", "\u{1}", "\""] {
            let file = try LogFile()
            let long = String(repeating: filling, count: 40_000)
            file.logger(.json).info("\(long)", metadata: ["job": "j1", "reason": "\(long)"])
            #expect(try file.lines()[0].utf8.count < 16 * 1024)
            let object = try file.object()
            #expect(object["cut"] == true)
            #expect(object["job"] == "j1")
            for name in ["message", "reason"] {
                let text = try #require(object[name]?.stringValue)
                #expect(text.hasSuffix("…") && text.dropLast().allSatisfy { String($0) == filling } && text.count > 100)
            }
        }
    }

    @Test func aLineOfEndlessFieldsKeepsItsMessage() throws {
        let file = try LogFile()
        var metadata: Logger.Metadata = [:]
        for number in 0..<5000 { metadata["field-\(number)"] = "x" }
        file.logger(.json).critical("too much", metadata: metadata)
        let object = try file.object()
        #expect(object["message"] == "too much")
        #expect(object["level"] == "critical")
        #expect(object["cut"] == true)
    }

    @Test func aLineThatFitsIsNotCut() throws {
        let file = try LogFile()
        file.logger(.json).info("\(String(repeating: "a", count: 16_000))")
        let object = try file.object()
        #expect(object["message"]?.stringValue?.count == 16_000)
        #expect(object["cut"] == nil)
    }

    @Test func anOverlongTextLineIsCutBetweenCharacters() throws {
        for filling in ["a", "é", "🎬"] {
            let file = try LogFile()
            file.logger(.text).info("\(String(repeating: filling, count: 20_000))")
            let lines = try file.lines()
            #expect(lines.count == 1)
            #expect(lines[0].utf8.count < 16 * 1024)
            #expect(lines[0].hasSuffix("\(filling)…"))
            #expect(!lines[0].contains("\u{FFFD}"))
        }
    }

    @Test func lessSevereEventsAreNotWritten() throws {
        let file = try LogFile()
        let logger = file.logger(.json, level: .notice)
        for level in Logger.Level.allCases { logger.log(level: level, "\(level.rawValue)") }
        let levels = try file.lines().map { try JSONText.decode(JSONValue.self, from: $0)["level"]?.stringValue }
        #expect(levels == ["notice", "warning", "error", "critical"])
    }

    @Test func aLibrarysLoggerIsQuietedButNeverMadeLouder() throws {
        let file = try LogFile()
        for level in [Logger.Level.trace, .error] {
            let logger = file.logger(.json, level: level).atLeast(.info)
            logger.debug("detail")
            logger.info("info after \(level.rawValue)")
            logger.error("error after \(level.rawValue)")
        }
        let messages = try file.lines().map { try JSONText.decode(JSONValue.self, from: $0)["message"]?.stringValue }
        #expect(messages == ["info after trace", "error after trace", "error after error"])
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
