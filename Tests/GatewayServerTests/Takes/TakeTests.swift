import FoundationEssentials
import QueueProtocol
import StudioPostgres
import Testing

@testable import GatewayServer

@Suite struct TakeTests {
    @Test func `A take is listed, read with Range, and served from LFS when the file is gone`() async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await studio.take("moving pictures", in: studio.project())
            let list = try await studio.request("GET", "/api/v1/projects/film/takes?shot=SHOT-010&version=1")
            #expect(list.json["items"]?.arrayValue?.count == 1)
            #expect(try await studio.request("GET", "/api/v1/projects/film/takes?version=2").json["items"] == [])
            let one = try await studio.request("GET", "/api/v1/takes/\(take.id)")
            #expect(one.json["provenance"]?["seed"] == 7 && one.json["probe"]?["seconds"] == 2)
            let media = "/api/v1/takes/\(take.id)/media"
            let part = try await studio.request("GET", media, headers: ["range: bytes=0-5"])
            #expect(part.status == 206 && part.text == "moving" && part.headers["content-type"] == "video/mp4")
            let etag = try #require(part.headers["etag"])
            #expect(try await studio.request("GET", media, headers: ["if-none-match: \(etag)"]).status == 304)
            let head = try await studio.request("HEAD", media)
            #expect(head.status == 200 && head.headers["content-length"] == "15")
            #expect(try await studio.parts.audit.run(deep: true).isEmpty)
            try FileManager.default.removeItem(atPath: studio.ground.projectPath("film") + "/" + take.path)
            #expect(try await studio.request("GET", media).text == "moving pictures")
            #expect(try await studio.parts.audit.run(deep: false).map(\.rule) == ["take-file"])
            #expect(try await studio.request("GET", "/api/v1/takes/\(take.id)/thumbnail").status == 404)
        }
    }

    @Test func `A rating is kept until it is taken away`() async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await studio.take("x", in: studio.project())
            let path = "/api/v1/takes/\(take.id)/rating"
            let rated = try await studio.request("PUT", path, body: #"{"rating": 4, "circled": true}"#)
            #expect(rated.status == 200 && rated.json["rating"] == 4 && rated.json["circled"] == true)
            #expect(try await studio.request("PUT", path, body: #"{"rating": 6}"#).status == 400)
            let cleared = try await studio.request("PUT", path, body: #"{"rating": null}"#)
            #expect(cleared.json["rating"]?.isNull ?? true)
            #expect(cleared.json["circled"] == true)
        }
    }
}
