import NIOPosix
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem
import Synchronization

/// Where the projects lie, and the threads on which their files are touched.
struct ProjectFolders: Sendable {
    /// The workspace's root, absolute.
    let root: String
    /// Threads that may block, for a short time.
    let threads: NIOThreadPool
    /// Threads for large files.
    var large: BoundedThreads = .largeFiles
    /// The projects' large files, those that the workspace lacks too.
    let objects: ProjectObjects

    /// - Parameters:
    ///   - root: The workspace's root, absolute.
    ///   - threads: Threads that may block, for a short time.
    ///   - storage: Where large files are kept for good; default the workspace itself.
    init(root: String, threads: NIOThreadPool, storage: (any ObjectStorage)? = nil) {
        self.root = root
        self.threads = threads
        objects = ProjectObjects(storage: storage ?? FileObjectStorage(root: root))
    }

    /// A project's folder.
    func path(of project: ProjectRecord) -> String { path(tenant: project.tenantName, name: project.name) }

    /// The folder of a tenant's project.
    func path(tenant: String, name: String) -> String { "\(parent(tenant: tenant))/\(name)" }

    /// The folder that a tenant's projects lie in.
    func parent(tenant: String) -> String { "\(root)/\(WorkspaceLayout.projectsFolder(tenant: tenant))" }

    /// Opens a project's folder, below which paths are then safe. Blocks.
    ///
    /// - Throws: `StudioError` with code `not-found` where the folder is gone.
    func open(_ project: ProjectRecord) throws(StudioError) -> SafeDirectory {
        do {
            return try SafeDirectory(path(of: project))
        } catch {
            throw error.code == .notFound
                ? StudioError(.notFound, "the project's folder is not there") : error.asStudioError
        }
    }

    /// Does work on files and tells its faults in the studio's words.
    func translating<Result>(_ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch let error as FileError {
            throw error.asStudioError
        } catch let error as PathError {
            throw StudioError.invalid([Finding(pointer: "", code: "path-invalid", detail: error.reason)])
        }
    }

    /// Does work that blocks on the threads for it.
    func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await threads.runIfActive(work)
    }
}

extension ProjectFolders {
    /// From how many bytes on a file is a large one: reading less than that is short work.
    static let largeBytes: Int64 = 16 << 20

    /// The same for work that may take long: it is given a check to call now and then, which throws when the task is
    /// cancelled.
    ///
    /// - Parameters:
    ///   - bytes: How much there is to read or copy; much of it is done on the threads for large files. Default none.
    ///   - work: What to do.
    /// - Returns: What it returned.
    /// - Throws: What it threw; `StudioError` with code `unavailable` where too many large files wait.
    func interruptible<Result: Sendable>(
        bytes: Int64 = 0, _ work: @escaping @Sendable (_ check: @Sendable () throws -> Void) throws -> Result
    ) async throws -> Result {
        let stop = StopFlag()
        let interruptible: @Sendable () throws -> Result = {
            try work { if stop.isSet.load(ordering: .relaxed) { throw CancellationError() } }
        }
        return try await withTaskCancellationHandler {
            try await bytes < Self.largeBytes ? blocking(interruptible) : large.run(interruptible)
        } onCancel: {
            stop.isSet.store(true, ordering: .relaxed)
        }
    }

    private final class StopFlag: Sendable {
        let isSet = Atomic<Bool>(false)
    }
}

extension FileError {
    /// What the person who asked is told; never a path of the machine.
    var asStudioError: StudioError {
        switch code {
        case .notFound: StudioError(.notFound, "there is no such file")
        case .alreadyExists: StudioError(.conflict, "there is something of that name already")
        case .changed: StudioError(.conflict, message)
        case .storageFull: StudioError(.storageFull, "no space is left where the studio keeps its files")
        case .permissionDenied, .ioFailed: StudioError(.internalFault, message)
        }
    }
}

extension RelativePath {
    /// A path that somebody sent.
    ///
    /// - Throws: `StudioError` with code `invalid` and a finding `path-invalid`.
    init(sent text: String, pointer: String) throws(StudioError) {
        do {
            try self.init(text)
        } catch {
            throw .invalid([Finding(pointer: pointer, code: "path-invalid", detail: error.reason)])
        }
    }
}
