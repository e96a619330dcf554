import FoundationEssentials
import Glibc
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@Suite("What a doctor finds out about the workspace") struct WorkspaceExaminationTests {
    private func checks(_ found: [Diagnosis]) -> [String: Diagnosis] {
        Dictionary(found.map { ($0.check, $0) }, uniquingKeysWith: { $1 })
    }

    @Test("A good folder is left as it was")
    func good() throws {
        let folder = try TemporaryDirectory("ws")
        let found = checks(WorkspaceExamination(root: folder.path).folder())
        #expect(found["workspace"]?.verdict == .ok)
        #expect(found["workspace-renames"]?.verdict == .ok)
        #expect(found["workspace-room"] != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test("One that is not there, or belongs to somebody else")
    func bad() async throws {
        let missing = checks(WorkspaceExamination(root: "/nonexistent/ws").folder())
        #expect(missing["workspace"]?.verdict == .failed)
        #expect(missing["workspace"]?.seen.contains("not there") == true)
        let file = checks(WorkspaceExamination(root: "/etc/passwd").folder())
        #expect(file["workspace"]?.verdict == .failed)
        let readOnly = checks(WorkspaceExamination(root: "/proc/self").folder())
        #expect(readOnly["workspace"]?.verdict == .failed)
        #expect(readOnly["workspace"]?.remedy != nil)
    }

    @Test("Each bad function is named with what is wrong; the good ones are counted")
    func catalogue() throws {
        let folder = try TemporaryDirectory("ws")
        let examination = WorkspaceExamination(root: folder.path)
        #expect(examination.catalogue().map(\.verdict) == [.failed])
        let good =
            #"{"name": "a", "version": "1.0.0", "title": "A", "parameters": {"type": "object"}, "outputs": {"image": {"type": "image", "primary": true}}, "runner": {"kind": "builtin"}}"#
        try folder.write(Array(good.utf8), to: "Library/Pipeline_Templates/a/function.json")
        try folder.write(Array(#"{"name": 7}"#.utf8), to: "Library/Pipeline_Templates/broken/function.json")
        try folder.write(Array("{".utf8), to: "Library/Pipeline_Templates/torn/function.json")
        let found = checks(examination.catalogue())
        #expect(found["function broken"]?.verdict == .failed)
        #expect(found["function torn"]?.remedy?.contains("function check") == true)
        #expect(found["functions"]?.verdict == .ok)
    }

    @Test("git-lfs is a must in production")
    func lfs() throws {
        let empty = try TemporaryDirectory("bin").path
        #expect(
            WorkspaceExamination.lfsClient(searchPath: empty, environment: .development, place: .here).verdict
                == .warning)
        #expect(
            WorkspaceExamination.lfsClient(searchPath: empty, environment: .production, place: .here).verdict == .failed
        )
        let elsewhere = WorkspaceExamination.lfsClient(searchPath: empty, environment: .production, place: .elsewhere)
        #expect(elsewhere.verdict == .ok && elsewhere.seen.contains("not looked for"))
    }
}
