import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@Suite("Canvases by chance")
struct CanvasPropertyTests {
    /// Draws a canvas, runs it, and then again and again: changes it by chance, loses results by chance, lets a run stop
    /// halfway by chance. Every time the jobs to make have to be exactly those that a full comparison of all that is known
    /// of every result demands.
    @Test("What is made again is what a full comparison demands: never more, never fewer", arguments: 0..<40)
    func editedCanvases(seed: Int) throws {
        var random = CanvasRandom(seed: UInt64(seed) &* 7919 &+ 1)
        let names = NaiveCanvas.Names()
        var (keyOf, nameOf): ([String: String], [String: String]) = ([:], [:])
        var there: Set<String> = []
        var compared = 0
        for _ in 0..<12 { random.addNode() }
        for step in 0..<60 {
            if step > 0 { random.change() }
            guard let plan = try compiled(&random) else { continue }
            compared += 1
            let naive = try NaiveCanvas(random.document, random.manifests, files: random.files, names: names)
            // Equal keys where results are equal in full, other keys where they are not: now, and with all that was before.
            var places: [String: String] = [:]
            for job in plan.jobs { for place in job.places { places["\(place.node)/\(place.index ?? 0)"] = job.key } }
            for output in plan.outputs { places["\(output.place.node)/\(output.place.index ?? 0)"] = output.key }
            let described = naive.places()
            #expect(Set(places.keys) == Set(described.keys))
            for (place, key) in places {
                guard let name = described[place] else { continue }
                #expect(keyOf.updateValue(key, forKey: name) ?? key == key, "\(place) has another key than before")
                #expect(nameOf.updateValue(name, forKey: key) ?? name == name, "\(place) has the key of another result")
            }
            let work = plan.work(results: there, publications: there)
            let made = Set(work.jobs.map { plan.jobs[$0].key } + work.outputs.map { plan.outputs[$0].key })
            let demanded = naive.demanded(there: Set(there.compactMap { nameOf[$0] }))
            #expect(made == Set(demanded.compactMap { keyOf[$0] }), "seed \(seed), step \(step)")
            #expect(made.count == demanded.count)
            // A job is made only where all that it needs is there or was made before.
            var ready = there
            for number in work.jobs {
                for needed in plan.jobs[number].dependsOn where plan.jobs[needed].isKept {
                    #expect(ready.contains(plan.jobs[needed].key))
                }
                ready.insert(plan.jobs[number].key)
            }
            let stops = random.chance(20) ? random.below(work.jobs.count + 1) : work.jobs.count
            let kept = work.jobs.prefix(stops).filter { plan.jobs[$0].isKept }
            there.formUnion(kept.map { plan.jobs[$0].key })
            if stops == work.jobs.count { there.formUnion(work.outputs.map { plan.outputs[$0].key }) }
            if random.chance(25) { there = there.filter { _ in !random.chance(30) } }
        }
        #expect(compared > 50, "seed \(seed): too few canvases could be run to say anything")
    }

    private func compiler(_ random: CanvasRandom) throws -> CanvasCompiler {
        try CanvasSamples.compiler(try CanvasSamples.surroundings(random.manifests, files: random.files))
    }

    /// The plan of a canvas, mended where it cannot be run; nil where that comes to no end.
    private func compiled(_ random: inout CanvasRandom) throws -> CanvasPlan? {
        for _ in 0..<50 {
            do {
                return try compiler(random).compile(random.document)
            } catch let error as StudioError {
                random.mend(error.findings)
            }
        }
        return nil
    }

    @Test("A canvas that was run and is as it was needs nothing", arguments: 0..<10)
    func unchanged(seed: Int) throws {
        var random = CanvasRandom(seed: UInt64(seed) &+ 900)
        for _ in 0..<30 { random.addNode() }
        let plan = try #require(try compiled(&random))
        #expect(plan.jobs.count > 3)
        let again = try compiler(random).compile(try CanvasDocument(reading: random.document.text))
        #expect(again.jobs.map(\.key) == plan.jobs.map(\.key))
        #expect(again.jobs.map(\.parameters) == plan.jobs.map(\.parameters))
        let keys = Set(plan.jobs.map(\.key))
        let work = again.work(results: keys, publications: Set(plan.outputs.map(\.key)))
        #expect(work.jobs.allSatisfy { !plan.jobs[$0].isKept } && work.outputs.isEmpty)
    }

    @Test("Circles are named where there are circles, and are circles", arguments: 0..<60)
    func circles(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed) &+ 4000)
        let count = Int.random(in: 2...14, using: &generator)
        var sketch = CanvasSketch()
        for index in 0..<count { sketch.function("n\(index)", "cut") }
        var reaches = Array(repeating: Array(repeating: false, count: count), count: count)
        var isEdge = reaches
        for _ in 0..<Int.random(in: 0...(count * 3 / 2), using: &generator) {
            let (from, to) = (
                Int.random(in: 0..<count, using: &generator), Int.random(in: 0..<count, using: &generator)
            )
            sketch.edges("n\(from)>n\(to).clips")
            isEdge[from][to] = true
        }
        reaches = isEdge
        for middle in 0..<count {
            for from in 0..<count where reaches[from][middle] {
                for to in 0..<count where reaches[middle][to] { reaches[from][to] = true }
            }
        }
        // Two nodes are in one knot where each reaches the other.
        var knots: Set<[Int]> = []
        for node in 0..<count where reaches[node][node] {
            knots.insert((0..<count).filter { reaches[node][$0] && reaches[$0][node] })
        }
        let found = try CanvasSamples.compiler().validate(sketch.document).errors.filter { $0.code == "cycle" }
        var told: Set<[Int]> = []
        for finding in found {
            let names = finding.detail.split(separator: ": ").last?.split(separator: " → ").map { String($0) } ?? []
            let circle = names.compactMap { Int($0.dropFirst()) }
            #expect(circle.first == circle.last && circle.count >= 2 && finding.node == names.first)
            #expect(Set(circle.dropLast()).count == circle.count - 1, "a circle goes through a node once")
            for (from, to) in zip(circle, circle.dropFirst()) { #expect(isEdge[from][to], "\(finding.detail)") }
            if let knot = knots.first(where: { $0.contains(circle[0]) }) { told.insert(knot) }
        }
        #expect(told == knots)
        #expect(found.count == knots.count)
    }
}
