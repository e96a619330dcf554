import Foundation
import Testing

@testable import StudioPostgres

/// A backup keeps writers out of projects by their own lock; only while both say the same is it one moment.
@Suite struct BackupLockTests {
    @Test func theScriptTakesTheWritersOwnLock() throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let script = try String(contentsOf: root.appending(path: "scripts/lib/snapshot.sh"), encoding: .utf8)
        let key = "hashtextextended('project-writer:' || $1::uuid::text, 0)"
        #expect(ProjectWriters.lock.contains("pg_advisory_xact_lock(\(key))"))
        #expect(script.contains("pg_advisory_lock(\(key.replacing("$1::uuid", with: "id")))"))
    }
}
