import StudioCore
import StudioPostgres
import StudioRedis

extension GatewayParts {
    /// The routes of projects, functions, jobs, takes, files and operations.
    ///
    /// - Parameter uploadLimit: The largest upload, in bytes.
    /// - Returns: One group for each room.
    func routes(uploadLimit: Int64) -> [any RouteGroup] {
        let projects = ProjectStore(database)
        let jobs = JobStore(database, activeJobsPerUser: maxActiveJobsPerUser)
        let takes = TakeStore(database)
        let directory = submission.projects
        let control = JobControl(
            jobs: jobs, bus: bus, board: board, dispatcher: dispatcher, announcer: announcer, monitors: monitors)
        let digests = FileDigests()
        let cutSources = CutSources(takes: takes, folders: folders)
        let cutFiles = CutFiles(folders: folders, writers: writers)
        let canvasDigests = CanvasDigests()
        let canvasFiles = CanvasFiles(folders: folders, digests: canvasDigests)
        let canvasHistory = CanvasHistory(folders: folders, digests: canvasDigests)
        let canvasSaving = CanvasSaving(files: canvasFiles, history: canvasHistory, writers: writers)
        let autosaves = CanvasAutosaves(folders: folders)
        let canvasNews = CanvasNews(projects: projects, autosaves: autosaves, announcer: announcer)
        return [
            ProjectRoutes(
                directory: directory, projects: projects, creation: projectCreation,
                manifests: manifests, dispatcher: dispatcher, announcer: announcer),
            FunctionRoutes(library: library),
            JobRoutes(
                submission: submission, control: control, projects: directory, jobs: jobs,
                files: JobFileStore(database), board: board, progress: progress, bus: bus),
            JobFileRoutes(
                directory: directory, jobs: jobs, takes: takes, files: JobFileStore(database),
                media: TakeFiles(folders: folders)),
            ScheduleRoutes(
                database: database, directory: directory, schedules: ScheduleStore(database), check: scheduleCheck,
                onChange: { [schedules] in schedules.lookAgain() }),
            JobLogRoutes(jobs: jobs, bus: bus),
            TakeRoutes(
                directory: directory, takes: takes, files: JobFileStore(database), announcer: announcer,
                rerun: TakeRerun(
                    submission: submission, directory: directory, jobs: jobs, takes: takes, folders: folders,
                    digests: digests)),
            TakeMediaRoutes(directory: directory, takes: takes, files: TakeFiles(folders: folders)),
            FileRoutes(
                directory: directory,
                upload: FileUpload(folders: folders, writers: writers, digests: digests, limit: uploadLimit),
                folders: folders, digests: digests),
            FolderRoutes(directory: directory, folders: folders),
            CutRoutes(directory: directory, sources: cutSources, files: cutFiles),
            ExportRoutes(
                submission: submission, sources: cutSources, files: cutFiles, lanes: submission.transcodes.lanes),
            CanvasRoutes(
                directory: directory, files: canvasFiles, history: canvasHistory, saving: canvasSaving,
                news: canvasNews),
            CanvasTransferRoutes(
                directory: directory, files: canvasFiles, saving: canvasSaving,
                lookup: CanvasLookup(library: library, takes: takes, folders: folders, digests: digests),
                news: canvasNews),
            CanvasAutosaveRoutes(directory: directory, autosaves: autosaves),
            AssetRoutes(
                directory: directory, assets: AssetStore(database), planner: derivatives, folders: folders),
            RunRoutes(
                directory: directory,
                submission: RunSubmission(
                    submission: submission,
                    lookup: CanvasLookup(library: library, takes: takes, folders: folders, digests: digests),
                    canvases: canvasFiles, history: canvasHistory, runs: RunStore(database),
                    results: CanvasResultStore(database), folders: folders),
                runs: RunStore(database), takes: takes, progress: progress, bus: bus, announcer: announcer,
                monitors: monitors),
            WorkerRoutes(workers: WorkerStore(database), bus: bus, silence: workerSilence),
            QueueRoutes(
                jobs: jobs, pauses: QueuePauses(database), queue: queue, library: library, dispatcher: dispatcher,
                history: QueueHistory(database)),
            ActionRoutes(actions: ActionLog(database), projects: directory),
            ConsistencyRoutes(check: ConsistencyCheck(StoreAudit(database))),
            TenantJobRoutes(jobs: jobs, board: board, progress: progress),
            ShareRoutes(shares: ShareStore(database), directory: directory, dispatcher: dispatcher),
            DeadJobRoutes(jobs: jobs), WorkerBlockRoutes(blocks: WorkerBlockStore(database)),
            DeadMessageRoutes(queue: queue, queues: { [library] in library.queues }),
        ]
    }
}
