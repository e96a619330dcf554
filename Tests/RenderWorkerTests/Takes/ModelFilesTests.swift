import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// Where the model files that functions read are found.
@Suite struct ModelFilesTests {
    private static func digest(_ text: String) -> String { SHA256.hex(of: Array(text.utf8)) }

    @Test func theProjectsOwnGoBeforeTheStudiosAndADigestIsAsOfNow() async throws {
        let place = try TemporaryDirectory("models")
        try place.write("project's".utf8, to: "film/01_Assets/Models/a/x.pt")
        try place.write("studio's".utf8, to: "models/a/x.pt")
        try place.write("studio's".utf8, to: "models/y.pt")
        let models = ModelFiles(root: place.path("models"))
        let folder = try ProjectFolder(place.path("film"))
        let wanted = [FunctionManifest.Model(path: "a/x.pt"), FunctionManifest.Model(path: "y.pt")]
        let found = try await models.find(wanted, in: folder)
        #expect(found.map(\.path) == [place.path("film/01_Assets/Models/a/x.pt"), place.path("models/y.pt")])
        #expect(found.map(\.sha256) == [Self.digest("project's"), Self.digest("studio's")])
        #expect(
            try await models.find(wanted, in: nil).map(\.sha256) == [Self.digest("studio's"), Self.digest("studio's")])
        try place.write("another".utf8, to: "models/y.pt")
        #expect(try await models.find([wanted[1]], in: folder).map(\.sha256) == [Self.digest("another")])
    }

    @Test func whatIsMissingLeadsOutOrIsAnotherFileFailsBeforeAnythingStarts() async throws {
        let place = try TemporaryDirectory("models")
        try place.write("secret".utf8, to: "secret")
        try place.write("x".utf8, to: "models/x.pt")
        try FileManager.default.createSymbolicLink(
            atPath: place.path("models/out.pt"), withDestinationPath: place.path("secret"))
        let models = ModelFiles(root: place.path("models"))
        for path in ["none.pt", "out.pt"] {
            let failure = await #expect(throws: JobFailure.self) {
                try await models.find([FunctionManifest.Model(path: path)], in: nil)
            }
            #expect(failure?.code == .inputMissing && failure?.message.contains(path) == true)
        }
        let other = FunctionManifest.Model(path: "x.pt", sha256: Self.digest("y"))
        let failure = await #expect(throws: JobFailure.self) { try await models.find([other], in: nil) }
        #expect(failure?.code == .inputMissing && failure?.retryable == false)
        let same = FunctionManifest.Model(path: "x.pt", sha256: Self.digest("x"))
        #expect(try await models.find([same], in: nil).count == 1)
    }
}
