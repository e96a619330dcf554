import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@Suite("Chunks of films")
struct ChunkPlanTests {
    private func film(_ frames: Int, group: Int = 48, isEven: Bool = true) -> ChunkPlan.Film {
        ChunkPlan.Film(frameCount: frames, rate: .film, coding: ChunkedCoding(group: group, isEven: isEven))
    }

    @Test("Chunks cover a film exactly, begin at groups, are as equal as groups allow, and never more than asked for")
    func properties() {
        var random = SeededGenerator(state: 10)
        for _ in 0..<2000 {
            let group = [1, 12, 48, 50, 60, 600].randomElement(using: &random) ?? 1
            let frames = Int.random(in: 0...20_000, using: &random)
            let hosts = Int.random(in: 0...70, using: &random)
            let asked = Int.random(in: 2...100, using: &random)
            let mode: ChunkPlan.Mode = Bool.random(using: &random) ? .auto : .chunks(asked)
            let shortest = Int.random(in: 1...500, using: &random)
            let made = ChunkPlan.ranges(
                of: film(frames, group: group), hosts: hosts, mode: mode, shortest: shortest)
            guard !made.isEmpty else {
                if case .chunks = mode { #expect(frames <= group) }
                continue
            }
            #expect(made.first?.lowerBound == 0 && made.last?.upperBound == frames)
            #expect(zip(made, made.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
            #expect(made.allSatisfy { !$0.isEmpty && $0.lowerBound % group == 0 })
            let groups = made.map { ($0.count + group - 1) / group }
            #expect((groups.max() ?? 0) - (groups.min() ?? 0) <= 1)
            switch mode {
            case .chunks: #expect(made.count <= asked && made.count == min(asked, (frames + group - 1) / group))
            case .auto:
                #expect(hosts > 1 && made.count <= min(100, hosts * ChunkPlan.chunksPerHost))
                // The last chunk's last group may be short.
                #expect(made.dropLast().allSatisfy { $0.count >= shortest })
            case .never: Issue.record("a film was cut that was not to be")
            }
        }
    }

    @Test("Nothing is cut where it does not pay: one machine, a short film, a bit rate that is shared out")
    func notWorthIt() {
        let long = film(24 * 600)
        #expect(ChunkPlan.ranges(of: long, hosts: 2, mode: .auto).count == 4)
        #expect(ChunkPlan.ranges(of: long, hosts: 1, mode: .auto).isEmpty)
        #expect(ChunkPlan.ranges(of: long, hosts: 0, mode: .auto).isEmpty)
        #expect(ChunkPlan.ranges(of: long, hosts: 8, mode: .never).isEmpty)
        #expect(ChunkPlan.ranges(of: film(24 * 39), hosts: 8, mode: .auto).isEmpty)
        #expect(ChunkPlan.ranges(of: film(24 * 41), hosts: 8, mode: .auto).count == 2)
        let rated = film(24 * 600, isEven: false)
        #expect(ChunkPlan.ranges(of: rated, hosts: 8, mode: .auto).isEmpty)
        #expect(ChunkPlan.ranges(of: rated, hosts: 1, mode: .chunks(3)).count == 3)
        #expect(ChunkPlan.ranges(of: film(48), hosts: 9, mode: .chunks(2)).isEmpty)
    }

    @Test("What was asked for is read, and everything else refused by its place")
    func modes() throws {
        #expect(try ChunkPlan.Mode(nil, pointer: "/split") == .auto)
        #expect(try ChunkPlan.Mode("auto", pointer: "/split") == .auto)
        #expect(try ChunkPlan.Mode("never", pointer: "/split") == .never)
        #expect(try ChunkPlan.Mode(["chunks": 100], pointer: "/split") == .chunks(100))
        for (value, pointer): (JSONValue, String) in [
            ("always", "/split"), (3, "/split"), ([:], "/split"), (["chunks": 2, "more": 1], "/split"),
            (["chunks": 1], "/split/chunks"), (["chunks": 101], "/split/chunks"), (["chunks": "2"], "/split/chunks"),
        ] {
            let error = #expect(throws: StudioError.self) { try ChunkPlan.Mode(value, pointer: "/split") }
            #expect(error?.findings.map(\.pointer) == [pointer], "\(value)")
        }
    }

    @Test("The groups of a codec follow from the rate, and files without pictures have none")
    func codings() throws {
        let ntsc = try #require(EditRate(30_000, 1001))
        func coding(_ parameters: [String: JSONValue]) -> ChunkedCoding? {
            ChunkedCoding(parameters: parameters, rate: ntsc)
        }
        #expect(coding([:]) == ChunkedCoding(group: 60, isEven: true))
        #expect(coding(["container": "mov"]) == ChunkedCoding(group: 1, isEven: true))
        #expect(coding(["container": "mov", "videoCodec": "hevc"]) == ChunkedCoding(group: 60, isEven: true))
        #expect(coding(["container": "webm", "videoBitRate": 1_000_000]) == ChunkedCoding(group: 60, isEven: false))
        #expect(coding(["keyFrameSeconds": 0.1])?.group == 12)
        #expect(coding(["container": "wav"]) == nil)
        #expect(coding(["videoCodec": "none"]) == nil)
    }
}
