import FoundationEssentials
import StudioGit
import StudioSystem
import StudioTestKit
import Testing

@Suite struct LFSObjectStoreTests {
    @Test(arguments: [true, false]) func anObjectIsKeptReadOnlyUnderItsName(hardLinks: Bool) throws {
        let checkout = try Checkout()
        let store = try checkout.open().lfs
        let bytes = [UInt8].media()
        let file = try checkout.folder.write(bytes, to: "film/a.mp4")
        let hash = try FileHash(file: file)
        #expect(!store.contains(hash))
        let placement = try store.add(file: file, content: hash, hardLinks: hardLinks)
        #expect(placement != nil && (hardLinks || placement != .hardLink))
        let hex = hash.digest.hex
        let object = try FileStatus(
            path: "\(checkout.path)/.git/lfs/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
        #expect(object.permissions == 0o444 && object.size == bytes.count)
        #expect(store.contains(hash))
        #expect(try store.verify(hash))
        #expect(try store.add(file: file, content: hash) == nil, "it is there already")
    }

    @Test func aBrokenObjectIsFoundAndMadeAnew() throws {
        let checkout = try Checkout()
        let store = try checkout.open().lfs
        let file = try checkout.folder.write([UInt8].media(), to: "film/a.mp4")
        let hash = try FileHash(file: file)
        #expect(try !store.verify(hash), "it is not there")
        let object = store.path(of: hash.digest)
        let relative = String(object.dropFirst(checkout.folder.path.count + 1))
        try checkout.folder.write([UInt8].media(), to: relative)
        #expect(store.contains(hash))
        #expect(try !store.verify(hash), "right length, wrong bytes")
        try checkout.folder.write([1, 2, 3], to: relative)
        #expect(!store.contains(hash))
        #expect(try store.add(file: file, content: hash) != nil)
        #expect(try store.verify(hash))
        let folder = FileBytes.folder(of: object)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [hash.digest.hex])
    }

    @Test func aFileThatChangedIsRefused() throws {
        let checkout = try Checkout()
        let store = try checkout.open().lfs
        let file = try checkout.folder.write([UInt8].media(100), to: "film/a.mp4")
        let hash = FileHash(digest: try FileHash(file: file).digest, size: 99)
        let error = #expect(throws: GitError.self) { try store.add(file: file, content: hash) }
        #expect(error?.code == .corrupt)
        #expect(!store.contains(hash))
    }

    @Test func theSetUpIsWhatGitLFSInstallDoes() async throws {
        let checkout = try Checkout()
        let reference = checkout.folder.path("reference")
        try await checkout.git("init", "--quiet", "-b", "main", reference, in: checkout.folder.path)
        try await checkout.git("lfs", "install", "--local", in: reference)
        for hook in ["pre-push", "post-checkout", "post-commit", "post-merge"] {
            let (ours, theirs) = ("\(checkout.path)/.git/hooks/\(hook)", "\(reference)/.git/hooks/\(hook)")
            #expect(try FileHash(file: ours) == FileHash(file: theirs), "\(hook)")
            #expect(try FileStatus(path: ours).permissions & 0o111 == 0o111)
        }
        // The reference gets its format version with the first `git lfs` command.
        try await checkout.git("lfs", "ls-files", in: reference)
        let list = ["config", "--local", "--get-regexp", "^(lfs|filter|core)\\."]
        let ours = try await checkout.run(list).output.split(separator: "\n").sorted()
        let theirs = try await checkout.run(list, in: reference).output.split(separator: "\n").sorted()
        #expect(ours == theirs)
        #expect(try await checkout.git("symbolic-ref", "HEAD") == "refs/heads/main")
    }

    @Test func aPersonsOwnHookStays() throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        #expect(try repository.installLFS().isEmpty)
        try checkout.folder.write("#!/bin/sh\nexit 0\n".utf8, to: "film/.git/hooks/pre-push")
        #expect(try repository.installLFS() == ["pre-push"])
        #expect(try checkout.text(".git/hooks/pre-push") == "#!/bin/sh\nexit 0\n")
    }

    /// What a person adds with git-lfs and what we add is the same.
    @Test func aPersonsPushAndOursMeet() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let remote = checkout.folder.path("remote.git")
        try await checkout.git("clone", "--quiet", "--bare", checkout.path, remote)
        try repository.commit(["ours.mp4": checkout.take("ours.mp4", .media(), in: repository)])
        let theirs = [UInt8].media()
        try checkout.folder.write(theirs, to: "film/theirs.mp4")
        try await checkout.git("add", "theirs.mp4")
        try await checkout.git("commit", "--quiet", "-m", "Theirs")
        #expect(try repository.lfs.verify(FileHash(file: "\(checkout.path)/theirs.mp4")))
        try await checkout.expectClean()
        try await checkout.git("push", "--quiet", "file://\(remote)", "main")
        let clone = checkout.folder.path("clone")
        try await checkout.git("clone", "--quiet", remote, clone)
        for name in ["ours.mp4", "theirs.mp4"] {
            #expect(try FileHash(file: "\(clone)/\(name)") == FileHash(file: "\(checkout.path)/\(name)"))
        }
    }
}
