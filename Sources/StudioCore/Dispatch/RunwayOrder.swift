public import QueueProtocol

/// The order in which the jobs of one queue's backlog go to the runway.
///
/// The most urgent first. Among equally urgent ones the tenant that has the least for its weight, within it the project,
/// within that the user; what somebody has is what runs and what stands on the runway, and everything taken here counts at
/// once. What is level is decided by age, and so is everything of one user. Whoever has reached a limit is passed over.
///
/// A pure value: the caller takes as many as there is room for, and says to the database what was taken.
public struct RunwayOrder: Sendable {
    private var levels: [Level] = []
    private var load: RunwayLoad
    /// Whether the rightful next one is not among the candidates: its group was told to have more than were listed.
    public private(set) var isStarved = false

    /// An order over candidates.
    ///
    /// - Parameters:
    ///   - groups: The candidates by what they have in common; each group at most once.
    ///   - load: What runs and stands on the runway already.
    public init(_ groups: [BacklogGroup], load: RunwayLoad = RunwayLoad()) {
        self.load = load
        for group in groups.sorted(by: { $0.priority > $1.priority }) where !group.jobs.isEmpty {
            if levels.last?.priority != group.priority { levels.append(Level(priority: group.priority)) }
            levels[levels.count - 1].add(group)
        }
    }

    /// Takes the next job.
    ///
    /// - Returns: The job; nil where nothing may be taken, or where ``isStarved``: ask with fresh candidates.
    public mutating func next() -> JobID? {
        for index in levels.indices {
            switch levels[index].next(&load) {
            case .job(let job): return job
            case .unlisted:
                isStarved = true
                return nil
            case .nothing: continue
            }
        }
        return nil
    }
}

/// Jobs of the backlog that have queue, priority, user and function in common.
public struct BacklogGroup: Sendable, Hashable {
    /// A job and its place in the order of age.
    public struct Entry: Sendable, Hashable {
        /// The job.
        public var job: JobID
        /// Its place; the least was there first.
        public var place: Int64

        /// An entry.
        ///
        /// - Parameters:
        ///   - job: The job.
        ///   - place: Its place; the least was there first.
        public init(job: JobID, place: Int64) {
            self.job = job
            self.place = place
        }
    }

    /// 0…9, 9 is the most urgent.
    public var priority: Int
    /// The tenant, with its weight and how many of its jobs may run at a time (nil is no limit).
    public var tenant: RunwayShare<TenantID>
    /// The project, with its weight.
    public var project: RunwayShare<ProjectID>
    /// The user, with their weight.
    public var user: RunwayShare<UserID>
    /// The function, with how many of its jobs may run at a time.
    public var function: RunwayShare<String>
    /// The first of them, by place.
    public var jobs: [Entry]
    /// Whether there are more than those in `jobs`.
    public var hasMore: Bool

    /// A group.
    ///
    /// - Parameters:
    ///   - priority: 0…9, 9 is the most urgent.
    ///   - tenant: The tenant.
    ///   - project: The project.
    ///   - user: The user.
    ///   - function: The function.
    ///   - jobs: The first of its jobs, by place.
    ///   - hasMore: Whether there are more than those.
    public init(
        priority: Int, tenant: RunwayShare<TenantID>, project: RunwayShare<ProjectID>, user: RunwayShare<UserID>,
        function: RunwayShare<String>, jobs: [Entry], hasMore: Bool
    ) {
        self.priority = priority
        self.tenant = tenant
        self.project = project
        self.user = user
        self.function = function
        self.jobs = jobs
        self.hasMore = hasMore
    }
}

/// Somebody's part of the runway.
public struct RunwayShare<Owner: Sendable & Hashable>: Sendable, Hashable {
    /// Whose.
    public var owner: Owner
    /// How much, beside others: 2 gets twice what 1 gets.
    public var weight: Int
    /// How many of its jobs run at a time, in all queues; nil is no limit.
    public var limit: Int?

    /// A part.
    ///
    /// - Parameters:
    ///   - owner: Whose.
    ///   - weight: How much, beside others; default 1.
    ///   - limit: How many of its jobs run at a time; default no limit.
    public init(_ owner: Owner, weight: Int = 1, limit: Int? = nil) {
        self.owner = owner
        self.weight = weight
        self.limit = limit
    }
}

/// What runs and what stands on the runway.
public struct RunwayLoad: Sendable, Hashable {
    /// A user within a project.
    struct Seat: Sendable, Hashable {
        var project: ProjectID
        var user: UserID
    }

    /// By tenant, in the queue that is filled.
    private(set) var tenants: [TenantID: Int] = [:]
    private(set) var projects: [ProjectID: Int] = [:]
    private(set) var users: [Seat: Int] = [:]
    /// In all queues, for limits.
    private(set) var tenantTotals: [TenantID: Int] = [:]
    private(set) var functionTotals: [String: Int] = [:]

    /// Nothing.
    public init() {}

    /// Adds jobs.
    ///
    /// - Parameters:
    ///   - count: How many; default one.
    ///   - tenant: Their tenant.
    ///   - project: Their project.
    ///   - user: Their user.
    ///   - function: Their function.
    ///   - isOfThisQueue: Whether they are of the queue that is filled; others count for limits only. Default yes.
    public mutating func add(
        _ count: Int = 1, tenant: TenantID, project: ProjectID, user: UserID, function: String,
        isOfThisQueue: Bool = true
    ) {
        tenantTotals[tenant, default: 0] += count
        functionTotals[function, default: 0] += count
        guard isOfThisQueue else { return }
        tenants[tenant, default: 0] += count
        projects[project, default: 0] += count
        users[Seat(project: project, user: user), default: 0] += count
    }

    func hasRoom(_ share: RunwayShare<TenantID>) -> Bool {
        share.limit.map { tenantTotals[share.owner, default: 0] < $0 } ?? true
    }

    func hasRoom(_ share: RunwayShare<String>) -> Bool {
        share.limit.map { functionTotals[share.owner, default: 0] < $0 } ?? true
    }
}
