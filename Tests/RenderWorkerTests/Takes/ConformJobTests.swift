import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// Films of cuts, made by the media child of a real worker.
@Suite(.timeLimit(.minutes(10))) struct ConformJobTests {
    private static func cut(_ frames: Range<Int>, of name: String) -> JSONValue {
        let clip = Cut.Clip(name: "Shot", source: .reference(name), range: EditRange(frames, at: .film))
        let fade = Cut.Transition(before: EditTime(0, at: .film), after: EditTime(4, at: .film))
        return Cut(name: "Reel", rate: .film, tracks: [Cut.Track(.video, [.transition(fade), .clip(clip)])]).otio
    }

    @Test func aCutOfATakeBecomesAFilmOfItsFrames() async throws {
        try await Stage.with { stage in
            let source = try await stage.submit(
                "mock-video", parameters: ["prompt": "x", "seconds": 1, "width": 64, "height": 48])
            #expect(try await stage.attempt(source).state == .succeeded)
            let parameters: [String: JSONValue] = [
                "cut": Self.cut(2..<20, of: "the take"), "sources": ["the take"], "container": "mov", "width": 64,
                "height": 48,
            ]
            let film = try await stage.submit(
                "conform", parameters: .object(parameters), inputs: ["sources/0": "job:\(source)"], dependsOn: [source])
            let record = try await stage.attempt(film)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            let take = try #require(try await stage.takes.get(job: film))
            #expect(take.path.hasSuffix(".mov"))
            let video = take.probe?["streams"]?.arrayValue?.first
            #expect(video?["frameCount"]?.intValue == 18 && video?["codec"] == "prores")
        }
    }

    @Test func aCutThatItsSourcesCannotFillFailsByNameBeforeAnythingIsRendered() async throws {
        try await Stage.with { stage in
            let source = try await stage.submit(
                "mock-video", parameters: ["prompt": "x", "seconds": 1, "width": 64, "height": 48])
            #expect(try await stage.attempt(source).state == .succeeded)
            for (frames, name, word) in [(10..<40, "a", "up to 39"), (0..<4, "b", "no take and no file")] {
                let film = try await stage.submit(
                    "conform", parameters: ["cut": Self.cut(frames, of: name), "sources": ["a"]],
                    inputs: ["sources/0": "job:\(source)"], dependsOn: [source])
                let record = try await stage.attempt(film)
                #expect(record.state == .failed && record.failure?.code == .parametersInvalid)
                #expect(record.failure?.message.contains(word) == true, "\(String(describing: record.failure))")
            }
        }
    }
}
