import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@Suite struct RunwayOrderTests {
    /// A backlog and what runs, made of a few tenants, projects, users and functions.
    private struct Case {
        var groups: [BacklogGroup] = []
        var running: [BacklogGroup] = []

        init(_ random: inout SeededGenerator) {
            var place: Int64 = 0
            let functions = (0..<3).map { number in
                RunwayShare(
                    "f\(number)", limit: Bool.random(using: &random) ? nil : Int.random(in: 0...6, using: &random))
            }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let limit = Int.random(in: 0...2, using: &random) == 0 ? Int.random(in: 0...8, using: &random) : nil
                let tenant = RunwayShare(TenantID(), weight: Int.random(in: 1...4, using: &random), limit: limit)
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let project = RunwayShare(ProjectID(), weight: Int.random(in: 1...4, using: &random))
                    for _ in 0..<Int.random(in: 1...2, using: &random) {
                        let user = RunwayShare(UserID(), weight: Int.random(in: 1...4, using: &random))
                        for function in functions where Bool.random(using: &random) {
                            for priority in [2, 5, 9] where Bool.random(using: &random) {
                                let jobs = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                                    place += Int64.random(in: 1...9, using: &random)
                                    return BacklogGroup.Entry(job: JobID(), place: place)
                                }
                                let group = BacklogGroup(
                                    priority: priority, tenant: tenant, project: project, user: user,
                                    function: function, jobs: jobs, hasMore: false)
                                groups.append(group)
                                if Bool.random(using: &random) { running.append(group) }
                            }
                        }
                    }
                }
            }
            groups.shuffle(using: &random)
        }
    }

    /// The rules said again, in the plainest way: who may be next, given what is left and what everybody has.
    private struct Rules {
        var left: [BacklogGroup]
        var tenants: [TenantID: Int] = [:]
        var projects: [ProjectID: Int] = [:]
        var users: [String: Int] = [:]
        var functions: [String: Int] = [:]

        mutating func add(_ group: BacklogGroup) {
            tenants[group.tenant.owner, default: 0] += 1
            projects[group.project.owner, default: 0] += 1
            users["\(group.project.owner) \(group.user.owner)", default: 0] += 1
            functions[group.function.owner, default: 0] += 1
        }

        var next: BacklogGroup.Entry? {
            let may = left.filter { group in
                !group.jobs.isEmpty
                    && group.tenant.limit.map { tenants[group.tenant.owner, default: 0] < $0 } ?? true
                    && group.function.limit.map { functions[group.function.owner, default: 0] < $0 } ?? true
            }
            guard let top = may.map(\.priority).max() else { return nil }
            let urgent = may.filter { $0.priority == top }
            let tenant = least(urgent, { $0.tenant.owner }) { (tenants[$0.tenant.owner, default: 0], $0.tenant.weight) }
            let project = least(tenant, { $0.project.owner }) {
                (projects[$0.project.owner, default: 0], $0.project.weight)
            }
            let user = least(project, { $0.user.owner }) {
                (users["\($0.project.owner) \($0.user.owner)", default: 0], $0.user.weight)
            }
            return user.flatMap(\.jobs).min { $0.place < $1.place }
        }

        /// The groups of the owner that has the least for its weight; of equals the one with the oldest job.
        private func least<Owner: Hashable>(
            _ groups: [BacklogGroup], _ owner: (BacklogGroup) -> Owner, _ has: (BacklogGroup) -> (Int, Int)
        ) -> [BacklogGroup] {
            let parts = Dictionary(grouping: groups, by: owner).values
            return parts.min { one, other in
                let (first, second) = (has(one[0]), has(other[0]))
                let (left, right) = (first.0 * second.1, second.0 * first.1)
                let age: ([BacklogGroup]) -> Int64 = { $0.flatMap(\.jobs).map(\.place).min() ?? 0 }
                return left != right ? left < right : age(one) < age(other)
            } ?? []
        }
    }

    @Test(arguments: 0..<200) func `Any backlog is taken as the rules say, each job once`(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let backlog = Case(&random)
        var rules = Rules(left: backlog.groups)
        var load = RunwayLoad()
        for group in backlog.running {
            rules.add(group)
            load.add(
                tenant: group.tenant.owner, project: group.project.owner, user: group.user.owner,
                function: group.function.owner)
        }
        var order = RunwayOrder(backlog.groups, load: load)
        while let expected = rules.next {
            #expect(order.next() == expected.job, "seed \(seed)")
            guard let index = rules.left.firstIndex(where: { $0.jobs.contains(expected) }) else { return }
            rules.left[index].jobs.removeAll { $0 == expected }
            rules.add(rules.left[index])
        }
        #expect(order.next() == nil, "seed \(seed)")
    }

    @Test func `A group of which not all is listed is not overtaken`() {
        let (first, second) = (RunwayShare(TenantID()), RunwayShare(TenantID()))
        func group(_ tenant: RunwayShare<TenantID>, _ places: [Int64], hasMore: Bool) -> BacklogGroup {
            BacklogGroup(
                priority: 5, tenant: tenant, project: RunwayShare(ProjectID()), user: RunwayShare(UserID()),
                function: RunwayShare("f"), jobs: places.map { BacklogGroup.Entry(job: JobID(), place: $0) },
                hasMore: hasMore)
        }
        let (listed, other) = (group(first, [1], hasMore: true), group(second, [2, 3, 4], hasMore: false))
        var order = RunwayOrder([listed, other])
        #expect([order.next(), order.next()] == [listed.jobs[0].job, other.jobs[0].job])
        // It is the first tenant's turn again, and what it has is not known here.
        #expect(order.next() == nil)
    }

    @Test func `What runs in other queues counts for limits and not for shares`() {
        let (busy, idle) = (RunwayShare(TenantID(), limit: 3), RunwayShare(TenantID()))
        func group(_ tenant: RunwayShare<TenantID>, _ place: Int64) -> BacklogGroup {
            BacklogGroup(
                priority: 5, tenant: tenant, project: RunwayShare(ProjectID()), user: RunwayShare(UserID()),
                function: RunwayShare("f"),
                jobs: (0..<3).map { BacklogGroup.Entry(job: JobID(), place: place + $0) }, hasMore: false)
        }
        let (mine, other) = (group(busy, 1), group(idle, 10))
        var load = RunwayLoad()
        load.add(
            2, tenant: busy.owner, project: mine.project.owner, user: mine.user.owner, function: "f",
            isOfThisQueue: false)
        var order = RunwayOrder([mine, other], load: load)
        // Its turn as the older one with nothing in this queue; after one it has three in all.
        #expect([order.next(), order.next(), order.next()] == [mine.jobs[0].job] + other.jobs.prefix(2).map(\.job))
    }
}
