import QueueProtocol

/// The choice among candidates, as a tree: urgency, tenant, project, user, function.
extension RunwayOrder {
    /// What a look at a part of the tree came to.
    enum Choice {
        case job(JobID)
        /// Its turn has come, and its jobs are not among the candidates.
        case unlisted
        case nothing
    }

    /// Everything of one urgency.
    struct Level: Sendable {
        let priority: Int
        private var tenants: [Tenant] = []

        init(priority: Int) { self.priority = priority }

        mutating func add(_ group: BacklogGroup) {
            let index = tenants.index(where: { $0.share.owner == group.tenant.owner }, or: Tenant(share: group.tenant))
            tenants[index].add(group)
        }

        mutating func next(_ load: inout RunwayLoad) -> Choice {
            var best: (index: Int, rank: Rank)?
            for (index, tenant) in tenants.enumerated() where load.hasRoom(tenant.share) {
                guard let age = tenant.age(load) else { continue }
                let rank = Rank(load.tenants[tenant.share.owner, default: 0], weight: tenant.share.weight, age: age)
                if best.map({ rank < $0.rank }) ?? true { best = (index, rank) }
            }
            guard let best else { return .nothing }
            return tenants[best.index].next(&load)
        }
    }

    struct Tenant: Sendable {
        let share: RunwayShare<TenantID>
        private var projects: [Project] = []

        init(share: RunwayShare<TenantID>) { self.share = share }

        mutating func add(_ group: BacklogGroup) {
            let index = projects.index(
                where: { $0.share.owner == group.project.owner }, or: Project(share: group.project))
            projects[index].add(group)
        }

        func age(_ load: RunwayLoad) -> Int64? { projects.compactMap { $0.age(load) }.min() }

        mutating func next(_ load: inout RunwayLoad) -> Choice {
            var best: (index: Int, rank: Rank)?
            for (index, project) in projects.enumerated() {
                guard let age = project.age(load) else { continue }
                let rank = Rank(load.projects[project.share.owner, default: 0], weight: project.share.weight, age: age)
                if best.map({ rank < $0.rank }) ?? true { best = (index, rank) }
            }
            guard let best else { return .nothing }
            return projects[best.index].next(&load, tenant: share.owner)
        }
    }

    struct Project: Sendable {
        let share: RunwayShare<ProjectID>
        private var users: [User] = []

        init(share: RunwayShare<ProjectID>) { self.share = share }

        mutating func add(_ group: BacklogGroup) {
            let index = users.index(where: { $0.share.owner == group.user.owner }, or: User(share: group.user))
            users[index].functions.append(Function(group))
        }

        func age(_ load: RunwayLoad) -> Int64? { users.compactMap { $0.age(load) }.min() }

        mutating func next(_ load: inout RunwayLoad, tenant: TenantID) -> Choice {
            var best: (index: Int, rank: Rank)?
            for (index, user) in users.enumerated() {
                guard let age = user.age(load) else { continue }
                let seat = RunwayLoad.Seat(project: share.owner, user: user.share.owner)
                let rank = Rank(load.users[seat, default: 0], weight: user.share.weight, age: age)
                if best.map({ rank < $0.rank }) ?? true { best = (index, rank) }
            }
            guard let best else { return .nothing }
            let owner = users[best.index].share.owner
            let (choice, function) = users[best.index].next(load)
            if case .job = choice {
                load.add(tenant: tenant, project: share.owner, user: owner, function: function)
            }
            return choice
        }
    }

    struct User: Sendable {
        let share: RunwayShare<UserID>
        var functions: [Function] = []

        init(share: RunwayShare<UserID>) { self.share = share }

        func age(_ load: RunwayLoad) -> Int64? {
            functions.lazy.filter { load.hasRoom($0.share) }.compactMap(\.age).min()
        }

        mutating func next(_ load: RunwayLoad) -> (Choice, function: String) {
            var best: (index: Int, age: Int64)?
            for (index, function) in functions.enumerated() where load.hasRoom(function.share) {
                guard let age = function.age else { continue }
                if best.map({ age < $0.age }) ?? true { best = (index, age) }
            }
            guard let best else { return (.nothing, "") }
            return (functions[best.index].next(), functions[best.index].share.owner)
        }
    }

    struct Function: Sendable {
        let share: RunwayShare<String>
        private let jobs: [BacklogGroup.Entry]
        private let hasMore: Bool
        private var taken = 0

        init(_ group: BacklogGroup) {
            share = group.function
            jobs = group.jobs
            hasMore = group.hasMore
        }

        /// The place of its first job; of one that is not listed it is known only that it comes after the last that is.
        var age: Int64? {
            if taken < jobs.count { return jobs[taken].place }
            return hasMore ? jobs.last.map { $0.place + 1 } : nil
        }

        mutating func next() -> Choice {
            guard taken < jobs.count else { return hasMore ? .unlisted : .nothing }
            defer { taken += 1 }
            return .job(jobs[taken].job)
        }
    }

    /// Who comes first: the one with the least for its weight, then the oldest.
    private struct Rank: Comparable {
        let has: Int
        let weight: Int
        let age: Int64

        init(_ has: Int, weight: Int, age: Int64) {
            self.has = has
            self.weight = max(1, weight)
            self.age = age
        }

        static func < (left: Self, right: Self) -> Bool {
            // Fractions are compared across, so that nothing is rounded.
            let (first, second) = (left.has * right.weight, right.has * left.weight)
            return first != second ? first < second : left.age < right.age
        }
    }
}

extension Array {
    /// The place of an element, which is appended where there is none.
    fileprivate mutating func index(where isIt: (Element) -> Bool, or new: @autoclosure () -> Element) -> Int {
        if let index = lastIndex(where: isIt) { return index }
        append(new())
        return count - 1
    }
}
