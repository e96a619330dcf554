package import QueueProtocol

/// What a key stands for at the moment.
package struct ResultStanding: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        /// It is there to be read.
        case finished
        /// A job is at it that can be waited for.
        case underWay
        /// It was made, and is gone, or its job will not make it.
        case gone
    }
    package var job: JobID
    package var state: State
    /// Whether its job succeeded, whatever became of the file.
    package var hasSucceeded: Bool

    package init(job: JobID, state: State, hasSucceeded: Bool) {
        self.job = job
        self.state = state
        self.hasSucceeded = hasSucceeded
    }
}

/// Which nodes of a run have to be made: those whose result nobody has, as far as somebody asked for it or something that is
/// made reads it. A pure rule.
package struct RunAssignment: Sendable {
    /// One node's share.
    package struct Share: Sendable, Hashable {
        package var origin: RunNodeOrigin
        /// Nil where its file is gone, or others make it for themselves, and nothing needs it.
        package var job: JobID?
    }

    /// By the nodes' places.
    package let shares: [Share]

    /// Decides.
    ///
    /// - Parameters:
    ///   - nodes: The run's nodes, each after those that it reads.
    ///   - standings: What each key stands for; a key that was never made is missing.
    package init(_ nodes: [NewRunNode], standings: [String: ResultStanding]) {
        // Of nodes that are the same the first one stands for all.
        var firsts: [String: Int] = [:]
        for (place, node) in nodes.enumerated() where firsts[node.key] == nil { firsts[node.key] = place }
        var isForced: Set<String> = []
        var isNeeded = [Bool](repeating: false, count: nodes.count)
        for (place, node) in nodes.enumerated() {
            if node.isForced { isForced.insert(node.key) }
            if node.isWanted || node.isForced { isNeeded[firsts[node.key] ?? place] = true }
        }
        func standing(_ node: NewRunNode) -> ResultStanding? {
            guard let standing = standings[node.key] else { return nil }
            // What this very run began in a commit whose answer was lost.
            if standing.job == node.job.id { return standing }
            return isForced.contains(node.key) && standing.state == .finished ? nil : standing
        }
        var isMade = [Bool](repeating: false, count: nodes.count)
        // What somebody else is at, or what that is made of: it is this run's to wait for, and to go on with where the
        // other gives up.
        var isAwaited = isMade
        for place in nodes.indices.reversed() where isNeeded[place] || isAwaited[place] {
            let node = nodes[place]
            if let standing = standing(node), standing.state != .gone, standing.job != node.job.id {
                guard standing.state == .underWay else { continue }
                isAwaited[place] = true
                for position in node.sources.values.map(\.position) + node.after {
                    isAwaited[firsts[nodes[position].key] ?? position] = true
                }
                continue
            }
            guard isNeeded[place] else { continue }
            isMade[place] = true
            for position in node.sources.values.map(\.position) + node.after {
                isNeeded[firsts[nodes[position].key] ?? position] = true
            }
        }
        shares = nodes.enumerated().map { place, node in
            let first = firsts[node.key] ?? place
            if isMade[first] { return Share(origin: first == place ? .made : .shared, job: nodes[first].job.id) }
            guard let standing = standings[node.key] else { return Share(origin: .cached, job: nil) }
            switch standing.state {
            case .underWay where isNeeded[first] || isAwaited[first]:
                return Share(origin: .shared, job: standing.job)
            // Others make it for themselves; nothing here reads it.
            case .underWay: return Share(origin: .cached, job: nil)
            case .finished: return Share(origin: .cached, job: standing.job)
            case .gone: return Share(origin: .cached, job: standing.hasSucceeded ? standing.job : nil)
            }
        }
    }

    /// The jobs that have to be made, with all their inputs.
    ///
    /// - Parameters:
    ///   - nodes: The run's nodes.
    ///   - run: The run.
    /// - Returns: Each after those that it reads.
    package func jobs(of nodes: [NewRunNode], run: RunID) -> [NewJob] {
        zip(nodes, shares).compactMap { node, share in
            guard share.origin == .made else { return nil }
            var job = node.job
            for (input, source) in node.sources {
                guard let upstream = shares[source.position].job else { continue }
                job.inputs[input] = "job:\(upstream)" + (source.port.map { "#" + $0 } ?? "")
            }
            job.dependsOn += node.after.compactMap { shares[$0].job }
            job.place = RunPlace(run: run, node: node.node, index: node.index)
            job.contentKey = node.key
            return job
        }
    }
}
