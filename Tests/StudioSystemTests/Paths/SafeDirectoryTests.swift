import FoundationEssentials
import Glibc
import StudioSystem
import StudioTestKit
import Testing

@Suite struct SafeDirectoryTests {
    /// Both ways of resolving keep everybody inside.
    static let resolutions: [SafeDirectory.Resolution] = [.kernel, .components]

    private func folder(_ resolution: SafeDirectory.Resolution) throws -> (TemporaryDirectory, SafeDirectory) {
        let temporary = try TemporaryDirectory("safe")
        try temporary.write("secret".utf8, to: "outside/secret.txt")
        try temporary.write("inside".utf8, to: "project/media/a.txt")
        return (temporary, try SafeDirectory(temporary.path("project"), resolution: resolution))
    }

    private func link(_ target: String, _ path: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    @Test(arguments: resolutions) func opensWhatIsInside(_ resolution: SafeDirectory.Resolution) throws {
        let (temporary, root) = try folder(resolution)
        defer { withExtendedLifetime(temporary) {} }
        let path = try RelativePath("media/a.txt")
        let file = try root.open(path)
        #expect(try FileBytes.contents(of: file.raw, path: "a.txt", atMost: 100) == Array("inside".utf8))
        #expect(try root.verifiedPath(of: path) == root.path + "/media/a.txt")
        #expect(try root.status(of: path)?.size == 6)
        #expect(try root.status(of: RelativePath("media"))?.kind == .directory)
        #expect(try root.status(of: RelativePath("no/such")) == nil)
        #expect(try root.directory(RelativePath("media")).status(of: RelativePath("a.txt"))?.kind == .file)
        for missing in ["media/b.txt", "media", "media/a.txt/x"] {
            let error = #expect(throws: FileError.self) { _ = try root.open(RelativePath(missing)) }
            #expect(error?.code == .notFound, "\(missing)")
        }
    }

    @Test func namesAreReadAsFarAsTheyMatter() throws {
        let (temporary, root) = try folder(.kernel)
        for number in 0..<40 { try temporary.write("x".utf8, to: "project/media/f\(number).png") }
        let media = try root.directory(RelativePath("media"))
        #expect(try media.names().count == 41)
        var looked = 0
        #expect(
            try media.hasNames(atLeast: 10) { _ in
                looked += 1
                return true
            })
        #expect(looked == 10)
        #expect(try media.hasNames(atLeast: 40) { $0.hasSuffix(".png") })
        #expect(try !media.hasNames(atLeast: 41) { $0.hasSuffix(".png") })
    }

    @Test(
        arguments: resolutions, ["../outside", "../outside/secret.txt", "/etc", "/etc/passwd", "media/../../outside"])
    func aLinkOutIsRefused(_ resolution: SafeDirectory.Resolution, _ target: String) throws {
        let (temporary, root) = try folder(resolution)
        try link(target, temporary.path("project/out"))
        let paths = try ["out", "out/secret.txt", "out/passwd"].map { try RelativePath($0) }
        for path in paths {
            #expect(throws: (any Error).self) { _ = try root.open(path) }
            #expect(throws: (any Error).self) { _ = try root.verifiedPath(of: path) }
        }
        #expect(throws: PathError.self) { _ = try root.directory(paths[0]) }
        #expect(throws: PathError.self) { try root.makeDirectories(paths[0].appending("new")) }
        #expect(throws: PathError.self) { _ = try FileDestination(in: root, at: paths[0].appending("new.txt")) }
        #expect(throws: PathError.self) { try root.remove(paths[1]) }
        #expect(FileManager.default.fileExists(atPath: temporary.path("outside/secret.txt")))
        #expect(!FileManager.default.fileExists(atPath: temporary.path("outside/new.txt")))
        // The link itself may be looked at and removed.
        #expect(try root.status(of: paths[0])?.kind == .symbolicLink)
        #expect(try root.remove(paths[0]))
        #expect(try !root.remove(paths[0]))
    }

    @Test func aLinkInsideIsFollowedWhereTheKernelChecks() throws {
        let (temporary, root) = try folder(.kernel)
        try link("media", temporary.path("project/alias"))
        _ = try root.open(RelativePath("alias/a.txt"))
        let (other, strict) = try folder(.components)
        try link("media", other.path("project/alias"))
        let error = #expect(throws: PathError.self) { _ = try strict.open(RelativePath("alias/a.txt")) }
        #expect(error?.code == .escapes)
    }

    @Test(arguments: resolutions) func foldersAreMadeOnce(_ resolution: SafeDirectory.Resolution) throws {
        let (temporary, root) = try folder(resolution)
        defer { withExtendedLifetime(temporary) {} }
        let deep = try RelativePath("a/b/c")
        try root.makeDirectories(deep)
        try root.makeDirectories(deep)
        #expect(try root.status(of: deep)?.kind == .directory)
        let error = #expect(throws: FileError.self) { try root.makeDirectories(RelativePath("media/a.txt/x")) }
        #expect(error?.code == .notFound)
        #expect(throws: FileError.self) { try root.makeDirectories(RelativePath("media/a.txt")) }
    }

    @Test func aPipeInThePlaceOfAFileDoesNotHang() throws {
        let (temporary, root) = try folder(.kernel)
        #expect(mkfifo(temporary.path("project/pipe"), 0o600) == 0)
        let error = #expect(throws: FileError.self) { _ = try root.open(RelativePath("pipe")) }
        #expect(error?.code == .notFound)
    }

    @Test func aMissingFolderIsNamedWithoutItsPlace() throws {
        let error = try #require(throws: FileError.self) { _ = try SafeDirectory("/no/such/place") }
        #expect(error.code == .notFound)
        #expect(!error.description.contains("/no/such") && error.detail.contains("/no/such/place"))
    }
}
