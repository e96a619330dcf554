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
            func rate(_ body: String, on tag: String) async throws -> HTTPReply {
                try await studio.request("PUT", path, headers: ["if-match: \(tag)"], body: body)
            }
            let rated = try await rate(#"{"rating": 4, "circled": true}"#, on: "*")
            #expect(rated.status == 200 && rated.json["rating"] == 4 && rated.json["circled"] == true)
            #expect(try await rate(#"{"rating": 6}"#, on: "*").status == 400)
            let cleared = try await rate(#"{"rating": null}"#, on: #""r2""#)
            #expect(cleared.json["rating"]?.isNull ?? true)
            #expect(cleared.json["circled"] == true)
        }
    }

    @Test func `Of two who rate the same take the second sees the first's rating before overwriting it`() async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await studio.take("x", in: studio.project())
            let path = "/api/v1/takes/\(take.id)"
            let tag = try #require(try await studio.request("GET", path).headers["etag"])
            func rate(_ rating: Int, on tag: String) async throws -> HTTPReply {
                try await studio.request(
                    "PUT", path + "/rating", headers: ["if-match: \(tag)"], body: #"{"rating": \#(rating)}"#)
            }
            async let one = rate(2, on: tag)
            async let other = rate(5, on: tag)
            let replies = try await [one, other]
            #expect(replies.map(\.status).sorted() == [200, 412])
            let won = try #require(replies.first { $0.status == 200 })
            #expect(replies.contains { $0.problem == "precondition-failed" })
            let now = try await studio.request("GET", path)
            #expect(now.json["rating"] == won.json["rating"] && now.headers["etag"] == won.headers["etag"])
            #expect(now.headers["etag"] != tag && now.json["revision"] == 2)
            #expect(try await rate(3, on: #""of something else""#).status == 412)
            let blind = try await studio.request("PUT", path + "/rating", body: #"{"rating": 1}"#)
            #expect(blind.status == 428 && blind.problem == "precondition-required")
            #expect(try await studio.request("GET", path).json["rating"] == won.json["rating"])
            #expect(try await rate(3, on: try #require(now.headers["etag"])).json["rating"] == 3)
        }
    }
}
