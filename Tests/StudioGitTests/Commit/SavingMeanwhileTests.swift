import FoundationEssentials
import StudioSystem
import StudioTestKit
import Testing

@testable import StudioGit

/// A person saves a small file while one of our commits is between two of its steps.
@Suite struct SavingMeanwhileTests {
    private static let ours = Array("{\"yours\": 1}\n".utf8)

    private static func change(_ name: String = "project.json", in repository: GitRepository) throws -> PreparedChange {
        try repository.prepare(
            CommitRequest(
                entries: [try RelativePath(name): .bytes(ours)], author: Checkout.author, time: Date(),
                message: "Change"))
    }

    private static func base(_ repository: GitRepository) throws -> BaseTree {
        try BaseTree(of: repository.headCommit()?.object, in: repository.handle)
    }

    @Test func aSaveBetweenTheCheckAndTheWritingStays() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let change = try Self.change(in: repository)
        let base = try Self.base(repository)
        try repository.refuseConflicts(change, base, IndexRewrite(gitDirectory: repository.gitDirectory))
        try checkout.write("{\"mine\": true}\n", to: "project.json")
        var undo = WorkingFileUndo()
        do {
            try repository.writeWorkingFiles(change, base, undo: &undo)
            Issue.record("it was written")
        } catch let error as GitError { #expect(error.code == .conflict) }
        undo.revert(in: repository.workingDirectory)
        #expect(try checkout.text("project.json") == "{\"mine\": true}\n")
        #expect(try await checkout.git("status", "--porcelain") == " M project.json")
    }

    @Test func aSaveBetweenTheWritingAndTheIndexIsNotTakenForOurs() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let change = try Self.change(in: repository)
        let base = try Self.base(repository)
        var undo = WorkingFileUndo()
        try repository.writeWorkingFiles(change, base, undo: &undo)
        try checkout.write("{\"mine\": true}\n", to: "project.json")
        var index = try IndexRewrite(gitDirectory: repository.gitDirectory)
        do {
            try repository.stage(change, in: &index)
            Issue.record("it was staged")
        } catch let error as GitError { #expect(error.code == .conflict) }
        // The commit that is given up takes back what it wrote, and leaves what was saved over it.
        undo.revert(in: repository.workingDirectory)
        #expect(try checkout.text("project.json") == "{\"mine\": true}\n")
        #expect(try await checkout.git("status", "--porcelain") == " M project.json")
    }

    @Test(arguments: [true, false]) func aCommitThatIsGivenUpTakesBackItsOwn(isNew: Bool) async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let name = isNew ? "new.json" : "project.json"
        let change = try Self.change(name, in: repository)
        let base = try Self.base(repository)
        for save in [false, true] {
            var undo = WorkingFileUndo()
            try repository.writeWorkingFiles(change, base, undo: &undo)
            #expect(try checkout.text(name) == String(decoding: Self.ours, as: UTF8.self))
            if save { try checkout.write("a person's\n", to: name) }
            undo.revert(in: repository.workingDirectory)
            let status = try await checkout.git("status", "--porcelain")
            #expect(status == (save ? (isNew ? "?? new.json" : " M project.json") : ""))
        }
        #expect(try checkout.text(name) == "a person's\n")
    }
}
