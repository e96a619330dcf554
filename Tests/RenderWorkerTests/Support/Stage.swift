import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// A studio with one project, real in all its parts: PostgreSQL, Git with LFS, a workspace on disk, media children.
final class Stage: Sendable {
    let uri: String
    let database: Database
    let workspace: TemporaryDirectory
    let tenant: TenantID
    let user: UserID
    let project: ProjectID
    let worker = WorkerID()
    let child: MediaChild
    static let memory = 8 << 30

    var jobs: JobStore { JobStore(database) }
    var takes: TakeStore { TakeStore(database) }
    var files: JobFileStore { JobFileStore(database) }
    var projectPath: String { workspace.path("Projects/film") }
    var folder: ProjectFolder { get throws { try ProjectFolder(projectPath) } }

    init(on server: PrivatePostgres? = nil) async throws {
        let postgres = if let server { server } else { try await PrivatePostgres.shared() }
        uri = try await postgres.database(preparedAs: "worker") { uri in
            let database = try Database(.patient(uri, connections: 1))
            try await database.migrate(Self.logger)
            await database.close()
        }
        var configuration = PostgresConfiguration.patient(uri, connections: 4)
        configuration.unavailableAfter = .seconds(20)
        database = try Database(configuration)
        workspace = try TemporaryDirectory("stage")
        child = MediaChild(program: try ProgramUnderTest.worker.path(), environment: ["MALLOC_ARENA_MAX": "2"])
        let users = UserStore(database)
        tenant = try await users.createTenant(name: "studio")
        user = try await users.create(
            NewUser(email: "ada@example.com", displayName: "Ada", passwordHash: "x", roles: [.artist], credits: 10_000),
            tenant: tenant
        ).id
        project = ProjectID()
        let projects = ProjectStore(database)
        _ = try await projects.begin(
            NewProject(id: project, tenant: tenant, name: try ProjectName("film"), title: "Film", createdBy: user))
        _ = try await projects.finishScaffold(project)
        try makeProject()
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func makeProject() throws {
        for folder in WorkspaceLayout.folders {
            try FileManager.default.createDirectory(
                atPath: "\(projectPath)/\(folder)", withIntermediateDirectories: true)
        }
        let repository = try GitRepository.initialise(at: projectPath)
        _ = try repository.commit(
            CommitRequest(
                entries: [
                    try RelativePath(".gitattributes"): .bytes(Array(WorkspaceLayout.gitattributes.utf8)),
                    try RelativePath(".gitignore"): .bytes(Array(WorkspaceLayout.gitignore.utf8)),
                ],
                author: CommitRequest.Author(name: "Ada", email: "ada@example.com"), time: Date(), message: "Begin"))
    }

    /// Runs a test on a stage; the audit of the rows must find nothing at its end.
    static func with(on server: PrivatePostgres? = nil, _ body: (Stage) async throws -> Void) async throws {
        let stage = try await Stage(on: server)
        do {
            try await body(stage)
            #expect(try await StoreAudit(stage.database).run() == [])
        } catch {
            await stage.database.close()
            throw error
        }
        await stage.database.close()
    }

    /// Admits a job of a shipped function.
    @discardableResult
    func submit(
        _ function: String = "mock-image", parameters: JSONValue = ["prompt": "dawn", "width": 64, "height": 48],
        inputs: [String: String] = [:], maxAttempts: Int = 3, timeoutSeconds: Int = 60, dependsOn: [JobID] = [],
        manifest: JSONValue? = nil, destination: JobDestination = .take
    ) async throws -> JobID {
        let manifest = try manifest ?? Self.manifest(function)
        var job = NewJob(
            id: JobID(), tenant: tenant, project: project, user: user,
            shot: destination == .take ? try ShotName("SHOT-010") : nil, version: 1,
            function: function, functionVersion: "1.0.0",
            functionDigest: SHA256.hex(of: Array(try JSONText.compact(manifest, sortedKeys: true))), manifest: manifest,
            parameters: parameters, inputs: inputs, quality: .low, queue: "studio", maxAttempts: maxAttempts,
            timeoutSeconds: timeoutSeconds, dependsOn: dependsOn, credits: 1)
        job.destination = destination
        guard case .decided(let verdicts) = try await JobAdmission(database).admit(AdmissionUnit([job])),
            case .admitted = verdicts[0]
        else { throw Unexpected(what: "not admitted") }
        return job.id
    }

    static func manifest(_ function: String) throws -> JSONValue {
        let path = "\(packageRoot)/Workspace/Library/Pipeline_Templates/\(function)/function.json"
        let data = try #require(FileManager.default.contents(atPath: path), "\(function) ships with the studio")
        return try JSONText.decode(JSONValue.self, from: data)
    }

    /// The folder of the package that these tests belong to.
    static var packageRoot: String {
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    }

    func claim(_ job: JobID) async throws -> ClaimedJob {
        try #require(try await jobs.claim([job], worker: worker, name: "w", lease: .seconds(60)).first)
    }

    func surroundings(
        runners: [String: any Runner]? = nil, storage: (any ObjectStorage)? = nil,
        after: @escaping @Sendable (PublishingStep) throws -> Void = { _ in },
        progress: @escaping @Sendable (ProgressReport) async -> Void = { _ in }
    ) -> JobRun.Surroundings {
        let encoder = EncoderRunner(child: child, memory: Self.memory, cores: 2)
        return JobRun.Surroundings(
            jobs: jobs, ends: EndsTogether(write: jobs.end, announce: {}, logger: Self.logger),
            revisions: FunctionRevisions(),
            runners: RunnerCatalogue(runners ?? ["encoder": encoder, "builtin": BuiltinRunner()]),
            workspace: WorkspaceFolders(root: workspace.path, storage: storage),
            models: ModelFiles(root: workspace.path + "/" + WorkspaceLayout.studioModels),
            publisher: TakePublisher(
                takes: takes, child: child, memory: Self.memory, software: "RenderWorker test", after: after),
            filePublisher: FilePublisher(files: files, logger: Self.logger, after: after),
            results: CanvasResultStore(database),
            retry: RetryPolicy(base: .milliseconds(1), ceiling: .milliseconds(1)), lease: .seconds(60),
            announceEvents: {}, announceLog: { _ in }, publishProgress: progress, logger: Self.logger)
    }

    /// Claims and carries out one attempt.
    @discardableResult
    func attempt(_ job: JobID, in surroundings: JobRun.Surroundings? = nil, stop: RunStop = RunStop()) async throws
        -> JobRecord
    {
        await JobRun(try await claim(job), stop: stop, in: surroundings ?? self.surroundings()).carryOut()
        return try #require(try await jobs.get(job))
    }

    func writeInput(_ bytes: some Sequence<UInt8>, _ path: String) throws {
        try workspace.write(bytes, to: "Projects/film/\(path)")
    }

    func sql(_ statement: String) async throws -> [String] {
        try await PrivatePostgres.shared().sql(statement, in: uri)
    }

    /// Runs the user's own `git` in the project.
    @discardableResult
    func git(_ arguments: String...) async throws -> String {
        let done = try await ChildProcess.run(
            "git", ["-C", projectPath, "-c", "safe.directory=*"] + arguments,
            environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"])
        #expect(done.exit == .code(0), "git \(arguments): \(done.errors)")
        return done.output
    }

    /// What the stock tools must say of the project whatever happened, with so many takes in it.
    func checkRepository(takes count: Int) async throws {
        #expect(try await git("status", "--porcelain") == "")
        try await git("fsck", "--strict")
        try await git("lfs", "fsck")
        let files = try await git("lfs", "ls-files", "--name-only").split(separator: "\n")
        #expect(files.count == count, "\(files)")
        let media = WorkspaceFolders.names(in: "\(projectPath)/03_Renders/SHOT-010").filter { !$0.hasSuffix(".json") }
        #expect(media.count == count, "\(media)")
        try await checkScratch()
    }

    /// No scratch folder is left, of whatever attempt.
    func checkScratch() async throws {
        // Removed after the job's end is told.
        try await eventually("no scratch folder is left") { try folder.scratches == [] }
    }
}

struct Unexpected: Error { var what: String }

/// A runner that does what a test says.
struct ScriptedRunner: Runner {
    var script: @Sendable (RunContext) async throws -> [String: String]

    func prepare(_ context: RunContext) async throws {}
    func run(_ context: RunContext) async throws -> RunResult { RunResult(files: try await script(context)) }

    /// Counts its runs and makes a real picture, another one each time.
    static func counting(_ runs: Watched<Int>, _ stage: Stage) -> ScriptedRunner {
        ScriptedRunner { context in
            let number = runs.update { count in
                count += 1
                return count
            }
            let path = "\(context.scratch)/image.png"
            _ = try await stage.child.perform(
                MediaJobRequest(
                    operation: .mockImage, inputs: [:], output: path,
                    parameters: ["prompt": .string("run \(number)"), "width": 64, "height": 48], quality: .low,
                    seed: UInt64(number), limits: MediaJobLimits(memory: Stage.memory, processorSeconds: 60)),
                timeout: .seconds(60), progress: { _ in }, log: { _ in })
            return ["image": path]
        }
    }
}
