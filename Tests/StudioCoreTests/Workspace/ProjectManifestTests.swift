import FoundationEssentials
import QueueProtocol
import Testing

@testable import StudioCore

@Suite("project.json")
struct ProjectManifestTests {
    private let new = ProjectManifest(
        uuid: ProjectID(), title: "Film", summary: "", quality: .high, createdAt: Date(timeIntervalSince1970: 0))

    /// What a document that was changed reads as.
    private func read(_ change: (inout [String: JSONValue]) -> Void) throws -> ProjectManifest {
        var members = new.document.objectValue ?? [:]
        change(&members)
        return try ProjectManifest(reading: JSONText.document(JSONValue.object(members)))
    }

    private func refusal(_ change: (inout [String: JSONValue]) -> Void) -> StudioError? {
        #expect(throws: StudioError.self) { try read(change) }
    }

    @Test("A manifest keeps members it does not know, sorted, and a change is a small diff")
    func roundTrip() throws {
        var members = new.document.objectValue ?? [:]
        members["x-studio"] = ["seed": .unsigned(.max)]
        let file = try JSONText.document(JSONValue.object(members))
        let read = try ProjectManifest(reading: file)
        #expect(read.uuid == new.uuid)
        #expect(try read.fileContents() == file)
        let changed = String(decoding: try read.changing(title: "Other").fileContents(), as: UTF8.self)
        let before = String(decoding: file, as: UTF8.self)
        let lines = zip(before.split(separator: "\n"), changed.split(separator: "\n")).filter { $0 != $1 }
        #expect(lines.count == 1)
        #expect(changed.contains("18446744073709551615"))
        #expect(before.hasSuffix("}\n"))
    }

    @Test("The published schema is the one that reading asks")
    func published() throws {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        // Tests/StudioCoreTests/Workspace/ProjectManifestTests.swift
        parts.removeLast(4)
        let path = (parts + ["Workspace", "Library", "project.schema.json"]).joined(separator: "/")
        let file = try String(contentsOfFile: path, encoding: .utf8)
        let own = String(decoding: try JSONText.document(ProjectManifest.schemaDocument), as: UTF8.self)
        #expect(file == own, "write the schema of the code into \(path)")
    }

    @Test("What the studio writes is as the schema says, with every member it names")
    func writes() throws {
        let schema = try ProjectManifest.schema.get()
        for manifest in [new, new.changing(title: "Other", summary: "About it", quality: .low)] {
            #expect(schema.check(manifest.document, pointer: "") == [])
            let named = ProjectManifest.schemaDocument["properties"]?.objectValue?.keys.sorted()
            #expect(manifest.document.objectValue?.keys.sorted() == named)
        }
    }

    @Test("Members that reading can do without may be missing")
    func lacksLittle() throws {
        let read = try read { members in
            for name in ["description", "settings", "canvas", "createdAt"] { members[name] = nil }
        }
        #expect(read.title == "Film" && read.summary.isEmpty)
    }

    @Test("What breaks the schema is refused with its place")
    func refusals() throws {
        let faults: [(member: String, value: JSONValue?, pointer: String)] = [
            ("schemaVersion", nil, "/schemaVersion"), ("schemaVersion", "1", "/schemaVersion"),
            ("schemaVersion", 1.5, "/schemaVersion"), ("schemaVersion", .null, "/schemaVersion"),
            ("uuid", nil, "/uuid"), ("uuid", "x", "/uuid"), ("uuid", 7, "/uuid"),
            ("title", nil, "/title"), ("title", "", "/title"), ("title", ["x"], "/title"),
            ("quality", nil, "/quality"), ("quality", "best", "/quality"),
            ("description", .null, "/description"), ("description", 3, "/description"),
            ("settings", [], "/settings"), ("settings", ["frameRate": 24], "/settings/frameRate"),
            ("settings", ["frameRate": "fast"], "/settings/frameRate"),
            ("settings", ["resolution": ["width": 1920]], "/settings/resolution/height"),
            ("settings", ["resolution": ["width": 0, "height": 1]], "/settings/resolution/width"),
            ("settings", ["sampleRate": "48000"], "/settings/sampleRate"),
            ("canvas", "", "/canvas"), ("canvas", ["nodes": [1]], "/canvas/nodes/0"),
            ("canvas", ["edges": [:]], "/canvas/edges"),
            ("canvas", ["viewport": ["zoom": "1"]], "/canvas/viewport/zoom"),
            ("createdAt", "yesterday", "/createdAt"),
        ]
        for fault in faults {
            let error = refusal { $0[fault.member] = fault.value }
            #expect(error?.code == .invalid && error?.findings.map(\.pointer) == [fault.pointer], "\(fault)")
        }
        let all = refusal { $0 = ["schemaVersion": 1, "uuid": "x", "title": "", "quality": "no"] }
        #expect(all?.findings.map(\.pointer) == ["/quality", "/title", "/uuid"])
        for text in ["", "{", "[]", "null", "7"] {
            #expect(throws: StudioError.self) { try ProjectManifest(reading: Data(text.utf8)) }
        }
    }

    @Test(
        "Every version but the one there is is refused by name, whatever else the file says", arguments: [2, 99, 0, -1])
    func otherVersions(version: Int64) throws {
        let error = refusal { $0 = ["schemaVersion": .integer(version), "title": 1] }
        #expect(error?.code == .schemaVersionUnsupported && error?.findings.map(\.pointer) == ["/schemaVersion"])
        #expect(error?.detail.contains("schemaVersion \(version)") == true)
        #expect(error?.detail.contains(version > 1 ? "newer studio" : "never was one") == true)
    }
}
