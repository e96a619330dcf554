import FoundationEssentials
import Testing

/// Messages that a real Celery 5.7 put into Redis, byte for byte.
struct Fixture: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    var bytes: [UInt8] {
        get throws { Array(try Data(contentsOf: Self.folder.appending(component: name + ".json"))) }
    }

    static let tasks = [
        "apply_async", "args", "chain_first", "chain_second", "chord_member", "compressed_zlib", "errback_call", "eta",
        "expires", "group_member", "ignore_result", "kwargs", "link_and_errback", "priority_9", "requeued_redelivered",
        "restored_by_visibility_timeout", "retry_resend", "unknown_name",
    ].map { Fixture(name: "task_" + $0) }

    static var folder: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(component: "Fixtures")
    }
}
