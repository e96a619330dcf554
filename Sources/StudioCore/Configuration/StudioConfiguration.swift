public import FoundationEssentials

/// Which of the four environments a program runs in; each has rules of its own (design: four environments, one program).
public enum StudioEnvironment: String, Sendable, Hashable, CaseIterable {
    /// One machine, private services, readable logs.
    case development
    /// Single services, on merge.
    case testing
    /// As production, smaller.
    case staging
    /// For real.
    case production
}

/// Where people's own `git` works in the studio's projects (`GIT_CLIENT`): it needs `git-lfs` there.
public enum GitClientPlace: String, Sendable, Hashable, CaseIterable {
    /// In the file system that the program runs in, where it can look.
    case here
    /// On other machines, or outside of the program's container: nothing is looked for, and nothing claimed.
    case elsewhere
}

/// The settings of one program, read once at start from the environment, checked as a whole.
public struct StudioConfiguration: Sendable {
    /// How a log line is written.
    public enum LogFormat: String, Sendable, Hashable, CaseIterable {
        /// For people.
        case text
        /// For machines: one JSON object a line.
        case json
    }

    /// What both programs need.
    public struct Common: Sendable {
        /// Which environment's rules hold (`STUDIO_ENV`, default `development`).
        public var environment: StudioEnvironment
        /// Where PostgreSQL is, as a libpq URI (`DATABASE_URL` or `DATABASE_URL_FILE`; secret).
        public var databaseURL: String
        /// Where Redis is, as Celery writes it (`REDIS_URL` or `REDIS_URL_FILE`; secret).
        public var redisURL: String
        /// The queue of Celery tasks whose sender names none, as `task_default_queue` of the studio's Python programs
        /// (`CELERY_DEFAULT_QUEUE`, default `celery`).
        public var celeryQueue: String
        /// What stands before every key and channel in Redis (`REDIS_KEY_PREFIX`, default nothing), as the
        /// `global_keyprefix` of Celery's `broker_transport_options`.
        public var redisKeyPrefix: String
        /// What stands before the keys of results (`REDIS_RESULT_KEY_PREFIX`, default nothing), as the `global_keyprefix`
        /// of Celery's `result_backend_transport_options`.
        public var redisResultKeyPrefix: String
        /// The workspace's root folder (`WORKSPACE_ROOT`, default `Workspace`).
        public var workspaceRoot: String
        /// The least severe level logged (`LOG_LEVEL`, default `info`).
        public var logLevel: String
        /// How log lines are written (`LOG_FORMAT`, default `text` in development, `json` elsewhere).
        public var logFormat: LogFormat
        /// How long a worker's lease on a job lasts without a heartbeat (`LEASE_SECONDS`, default 10, 3 to 300).
        public var lease: Duration
        /// Connections to PostgreSQL for ordinary work (`DATABASE_CONNECTIONS`, default 8, 1 to 200).
        public var databaseConnections: Int
        /// Where people's own `git` works (`GIT_CLIENT`, default `here`).
        public var gitClient: GitClientPlace
        /// Where the bytes of large files are kept for good (`STORAGE`, default `file`; `s3://bucket/prefix` with the
        /// variables that ``S3Settings`` names).
        public var storage: StorageSettings
    }

    /// What the gateway needs.
    public struct Gateway: Sendable {
        /// The address it listens on (`HOST`, default 127.0.0.1).
        public var host: String
        /// The port it listens on (`PORT`, default 8000; 0 takes a free one).
        public var port: Int
        /// The HS256 key for tokens (`JWT_SECRET` or `JWT_SECRET_FILE`, at least 32 bytes; secret).
        public var tokenSecret: String
        /// How long a token is good for (`TOKEN_TTL_SECONDS`, default 12 hours, 60 to 604800).
        public var tokenLifetime: Duration
        /// Requests a second a user may send on average (`RATE_LIMIT_PER_SECOND`, default 200; 0 is no limit).
        public var requestsPerSecond: Int
        /// Jobs that are not finished that a user may have (`MAX_ACTIVE_JOBS_PER_USER`, default 10,000; 0 is no limit).
        public var maxActiveJobsPerUser: Int
        /// The largest upload (`UPLOAD_MAX_BYTES`, default 64 GiB).
        public var uploadMaxBytes: Int
        /// How long a file of an asset folder must have been left alone before it is taken in (`INGEST_SETTLE_MS`, default
        /// 2000, 0 to 600000; 0 takes nothing in).
        public var ingestSettle: Duration
        /// What the nodes of canvases may keep in each project's `05_Cache/canvas/`, in bytes; what was not asked for the
        /// longest goes first (`CANVAS_CACHE_MAX_BYTES`, default 100 GiB; 0 is no bound).
        public var canvasCacheMaxBytes: Int
        /// Origins that browsers may call from (`CORS_ORIGINS`, comma-separated, default none).
        public var corsOrigins: [String]
        /// The proxies whose `X-Forwarded-For` is believed (`TRUSTED_PROXIES`, addresses and CIDR networks, comma-separated,
        /// default none).
        public var trustedProxies: TrustedProxies
        /// The folder of the page that people work in, served at `/` (`WEB_ROOT`, default `Web/dist`). One that is not there
        /// leaves the API alone.
        public var webRoot: String
        /// Credits of the first user (`STARTING_CREDITS`, default 1,000,000).
        public var startingCredits: Int
        /// The first login's address (`STUDIO_ADMIN_EMAIL`, default `admin@studio.local`).
        public var adminEmail: String
        /// The first login's password (`STUDIO_ADMIN_PASSWORD` or `…_FILE`; nil makes one; secret).
        public var adminPassword: String?
        /// The password of the administrator that `tenant create` makes (`TENANT_ADMIN_PASSWORD` or `…_FILE`; nil makes
        /// one; secret).
        public var tenantAdminPassword: String?
    }

    /// What a worker needs.
    public struct Worker: Sendable {
        /// Its name in logs, unique by custom (`WORKER_NAME`, default the host's name and the process id).
        public var name: String?
        /// Jobs at a time (`WORKER_SLOTS`, default the number of cores, 1 to 1024).
        public var slots: Int?
        /// The queues it serves, most important first (`WORKER_QUEUES`, comma-separated, default `studio`).
        public var queues: [String]
        /// How long running jobs may go on after SIGTERM (`WORKER_GRACE_SECONDS`, default 120, 0 to 3600).
        public var grace: Duration
        /// From asking a runner to end to SIGTERM (`RUNNER_ASK_MS`, default 250, 0 to 60000).
        public var askPause: Duration
        /// From SIGTERM to SIGKILL (`RUNNER_TERM_MS`, default 500, 0 to 60000).
        public var termPause: Duration
        /// How often leases are renewed (`HEARTBEAT_SECONDS`, default 3; at most a third of the lease).
        public var heartbeat: Duration
        /// The memory a media process may map, in MiB (`MEDIA_MEMORY_MB`, default 8192, 512 to 1048576).
        public var mediaMemoryMegabytes: Int
        /// The folder of the studio's model files, which functions read (`MODELS_ROOT`, default `Library/Models` below
        /// `WORKSPACE_ROOT`).
        public var modelsRoot: String
        /// Where the container engine is (`DOCKER_HOST`, default `unix:///var/run/docker.sock`, or `tcp://host:port`; with
        /// TLS where `DOCKER_TLS_VERIFY` is set and `DOCKER_CERT_PATH` names the folder of `ca.pem`, `cert.pem` and
        /// `key.pem`). A worker that reaches none does all but what needs one.
        public var engine: EngineAddress
        /// The folder of the `config.json` with the logins of private registries (`DOCKER_CONFIG`, default none).
        public var registryLogins: String?
        /// The workspace's root as the engine's machine has it (`WORKSPACE_HOST_ROOT`), for a worker that runs in a
        /// container itself; by default the worker asks the engine what its container mounts.
        public var workspaceHostRoot: String?
        /// The memory that containers whose models stay loaded may have together, in MiB (`CONTAINER_MEMORY_MB`, default 0,
        /// the machine's).
        public var containerMemoryMegabytes: Int
        /// How many GPUs there are for them (`WORKER_GPUS`, default 0).
        public var gpus: Int
        /// Where Amazon ECS put its container agent (`ECS_AGENT_URI`, which ECS sets; default none): there the worker asks
        /// not to be taken away by a scale-in while it works.
        public var ecsAgent: URL?
        /// The ComfyUI servers that it may use (`COMFYUI_URLS` or `COMFYUI_URLS_FILE`, `http://` or `https://` addresses,
        /// comma-separated, default none; secret where an address has a user and a password).
        public var comfyServers: [URL]
        /// Whether it tells Celery's monitors what becomes of tasks from the start, as Celery's `-E` does
        /// (`WORKER_TASK_EVENTS`, default `false`); they can ask for it later.
        public var taskEvents: Bool
        /// The file that it leaves a sign of life in with every heartbeat, for `RenderWorker health`
        /// (`WORKER_HEALTH_FILE`, an absolute path, default none).
        public var healthFile: String?
    }

    /// What both programs need.
    public var common: Common
    /// What the gateway needs.
    public var gateway: Gateway
    /// What a worker needs.
    public var worker: Worker
    /// What the gate before a container engine needs.
    public var engineGate: EngineGate
    /// Every setting as it took effect, in order of name, secrets redacted: what `config show` prints.
    public var effective: [(name: String, value: String)]
}
