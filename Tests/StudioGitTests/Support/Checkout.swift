import FoundationEssentials
import StudioGit
import StudioSystem
import StudioTestKit
import Testing

/// A production's repository as the program makes it, and a person who works in it with the real `git` and `git lfs`.
struct Checkout {
    let folder: TemporaryDirectory
    let path: String

    static let attributes = "*.mp4 filter=lfs diff=lfs merge=lfs -text\n*.json text eol=lf\n"
    static let author = CommitRequest.Author(name: "Ann Author", email: "ann@example.com")

    /// A repository with a first commit.
    init() throws {
        folder = try TemporaryDirectory("git")
        path = folder.path("film")
        try folder.write(
            "[user]\n\tname = Pat Person\n\temail = pat@example.com\n[advice]\n\tdetachedHead = false\n".utf8,
            to: "home/.gitconfig")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let repository = try GitRepository.initialise(at: path)
        try repository.commit([
            "project.json": .bytes(Array("{}\n".utf8)), ".gitattributes": .bytes(Array(Self.attributes.utf8)),
        ])
    }

    func open(_ patience: LockPatience = LockPatience()) throws -> GitRepository {
        try GitRepository(at: path, patience: patience)
    }

    /// Writes a file like a person would.
    func write(_ text: String, to name: String) throws {
        try folder.write(text.utf8, to: "film/\(name)")
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(path)/\(name)")), as: UTF8.self)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    /// Puts a finished take into its place and its bytes into the object store.
    func take(_ name: String, _ bytes: [UInt8], in repository: GitRepository) throws -> CommitRequest.Content {
        try folder.write(bytes, to: "film/\(name)")
        let hash = try FileHash(file: "\(path)/\(name)")
        try repository.lfs.add(file: "\(path)/\(name)", content: hash)
        return .largeFile(hash)
    }

    /// Runs the person's `git`; what it answers, whatever its status.
    func run(_ arguments: [String], in directory: String? = nil) async throws -> ChildProcess.Completed {
        try await ChildProcess.run(
            "git", arguments, environment: ["HOME": folder.path("home"), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"],
            directory: directory ?? path)
    }

    /// Runs the person's `git`, which must succeed.
    @discardableResult
    func git(
        _ arguments: String..., in directory: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let done = try await run(arguments, in: directory)
        try #require(
            done.exit == .code(0), "git \(arguments.joined(separator: " ")): \(done.output)\n\(done.errors)",
            sourceLocation: sourceLocation)
        return done.output
    }

    /// What every commit of ours must leave behind.
    func expectClean(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(try await git("status", "--porcelain") == "", sourceLocation: sourceLocation)
        #expect(try await git("diff", "HEAD") == "", sourceLocation: sourceLocation)
        try await git("fsck", "--strict", sourceLocation: sourceLocation)
        try await git("lfs", "fsck", sourceLocation: sourceLocation)
        #expect(try open().status().isEmpty, sourceLocation: sourceLocation)
        #expect(
            !exists(".git/index.lock") && !exists(".git/studio-index.new") && !exists(".git/studio-index.old"),
            sourceLocation: sourceLocation)
    }
}

extension GitRepository {
    /// A commit by the tests' author at a fixed time.
    @discardableResult
    func commit(
        _ entries: [String: CommitRequest.Content], removing: [String] = [], message: String = "Render a take"
    ) throws -> CommitID {
        try commit(
            CommitRequest(
                entries: Dictionary(uniqueKeysWithValues: try entries.map { (try RelativePath($0.key), $0.value) }),
                removals: Set(try removing.map { try RelativePath($0) }), author: Checkout.author,
                time: Date(timeIntervalSince1970: 1_700_000_000), message: message))
    }
}

extension [UInt8] {
    /// Bytes that differ from test to test and compress badly.
    static func media(_ count: Int = 50_000) -> [UInt8] { SecureRandom.bytes(count) }
}
