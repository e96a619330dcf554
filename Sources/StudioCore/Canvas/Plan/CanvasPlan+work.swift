extension CanvasPlan {
    /// What of a plan is left to do.
    public struct Work: Sendable, Hashable {
        /// The jobs to make, by number, each behind all that it depends on.
        public let jobs: [Int]
        /// The results that are used as they are, by the number of their jobs.
        public let cached: [Int]
        /// What is to be published, by number in ``CanvasPlan/outputs``.
        public let outputs: [Int]
        /// What has been published already, by number in ``CanvasPlan/outputs``.
        public let published: [Int]
        /// What the jobs cost together.
        public let credits: Int
    }

    /// What is left to do where some results are there.
    ///
    /// A result that nobody needs is not made again: where all that is made of a node is there, the node's own result may
    /// be gone.
    ///
    /// - Parameters:
    ///   - results: The keys whose results are there, or are being made by somebody.
    ///   - publications: The keys of outputs whose takes or exports are there.
    /// - Returns: The jobs to make, and the results that are used.
    public func work(results: Set<String>, publications: Set<String> = []) -> Work {
        var isWanted = jobs.map(\.isGoal)
        var (publish, published): ([Int], [Int]) = ([], [])
        for (number, output) in outputs.enumerated() {
            if !output.isForced, publications.contains(output.key) {
                published.append(number)
                continue
            }
            publish.append(number)
            if case .result(let job, _) = output.source { isWanted[job] = true }
        }
        var (make, cached): ([Int], [Int]) = ([], [])
        for number in jobs.indices.reversed() where isWanted[number] {
            let job = jobs[number]
            if !job.isForced, job.isKept, results.contains(job.key) {
                cached.append(number)
                continue
            }
            make.append(number)
            for needed in job.dependsOn { isWanted[needed] = true }
        }
        return Work(
            jobs: make.reversed(), cached: cached.reversed(), outputs: publish, published: published,
            credits: Self.sum(make.lazy.map { jobs[$0].credits }))
    }
}
