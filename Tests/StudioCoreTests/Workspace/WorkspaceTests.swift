import FoundationEssentials
import QueueProtocol
import StudioCore
import Testing

@Suite("The workspace's fixed files")
struct WorkspaceTests {
    @Test("Media goes through LFS in any letter case, documents do not")
    func largeFiles() {
        for name in ["a.mp4", "a.MP4", "dir/b.Exr", "x.safetensors"] { #expect(WorkspaceLayout.isLargeFile(name)) }
        for name in ["a.json", "mp4", "a.mp4/b", "a."] { #expect(!WorkspaceLayout.isLargeFile(name)) }
        #expect(WorkspaceLayout.gitattributes.contains("*.[mM][pP]4 filter=lfs diff=lfs merge=lfs -text\n"))
        #expect(WorkspaceLayout.gitattributes.contains("*.json text eol=lf\n"))
    }

    @Test("Another tenant's projects lie apart")
    func tenants() {
        #expect(WorkspaceLayout.projectsFolder(tenant: "studio") == "Projects")
        #expect(WorkspaceLayout.projectsFolder(tenant: "acme") == "Tenants/acme/Projects")
    }

    @Test("A sidecar says what made the take, the seed to the last bit")
    func sidecar() throws {
        let sidecar = TakeSidecar(
            take: TakeID(), name: TakeName(shot: try ShotName("A"), version: 1, number: 2, fileExtension: "mp4"),
            job: JobID(), function: "mock-video", functionVersion: "1.0.0",
            functionDigest: "22", origin: ["kind": "encoder"], parameters: ["seed": .unsigned(.max), "prompt": "x"],
            quality: .low,
            inputs: [.init(port: "source", reference: "take:1", sha256: "00")], probe: ["streams": []], sha256: "11",
            sizeBytes: 5, software: "1.0", createdAt: Date(timeIntervalSince1970: 0))
        let text = String(decoding: try sidecar.fileContents(), as: UTF8.self)
        #expect(text.contains(#""seed": 18446744073709551615"#))
        #expect(text.contains(#""file": "A_v01_take02.mp4""#))
        #expect(text.contains(#""createdAt": "1970-01-01T00:00:00.000Z""#))
    }
}
