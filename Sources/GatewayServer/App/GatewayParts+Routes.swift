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
            CutRoutes(directory: directory, sources: cutSources, files: cutFiles),
            ExportRoutes(submission: submission, sources: cutSources, files: cutFiles),
            AssetRoutes(
                directory: directory, assets: AssetStore(database), planner: derivatives, folders: folders),
            WorkerRoutes(workers: WorkerStore(database), bus: bus, silence: workerSilence),
            QueueRoutes(
                jobs: jobs, pauses: QueuePauses(database), queue: queue, library: library, dispatcher: dispatcher),
            ShareRoutes(shares: ShareStore(database), directory: directory, dispatcher: dispatcher),
            DeadJobRoutes(jobs: jobs), WorkerBlockRoutes(blocks: WorkerBlockStore(database)),
            DeadMessageRoutes(queue: queue, queues: { [library] in library.queues }),
        ]
    }
}
