import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// `GET /api/v1/jobs`.
@Suite struct TenantJobRouteTests {
    private static func ids(_ reply: HTTPReply) -> [String] {
        (reply.json["items"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
    }

    @Test func `The jobs of all projects are listed, filtered and paged, and only the tenant's`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            try await studio.project("second")
            let artist = try await studio.person("artist@example.com", .artist)
            let viewer = try await studio.person("viewer@example.com", .viewer)
            let stranger = try await studio.person(
                "stranger@example.com", .admin,
                tenant: try await UserStore(studio.parts.database).createTenant(name: "elsewhere"))
            var jobs: [String] = []
            for (number, project) in ["film", "second", "film", "second"].enumerated() {
                let function = number < 2 ? "noop" : "mock-image"
                let body =
                    #"{"shot": "A", "function": "\#(function)", "parameters": \#(number < 2 ? "{}" : #"{"prompt": "x"}"#)}"#
                let reply = try await studio.request(
                    as: number == 3 ? artist : nil, "POST", "/api/v1/projects/\(project)/jobs",
                    headers: number == 3 ? [] : ["authorization: Bearer \(studio.token)"], body: body)
                #expect(reply.status == 202, "\(reply.text)")
                jobs.append(try #require(reply.json["id"]?.stringValue))
            }
            _ = try await studio.request("POST", "/api/v1/jobs/\(jobs[0])/cancel")
            let newest = Array(jobs.reversed())
            let all = try await studio.request(as: viewer, "GET", "/api/v1/jobs")
            #expect(all.status == 200 && Self.ids(all) == newest && all.json["nextCursor"] == .null)
            #expect(
                all.json["items"]?.arrayValue?.map { $0["project"]?.stringValue } == [
                    "second", "film", "second", "film",
                ])
            let first = try await studio.request("GET", "/api/v1/jobs?limit=3")
            let cursor = try #require(first.json["nextCursor"]?.stringValue)
            let rest = try await studio.request("GET", "/api/v1/jobs?limit=3&cursor=\(cursor)")
            #expect(Self.ids(first) + Self.ids(rest) == newest && rest.json["nextCursor"] == .null)
            #expect(Self.ids(try await studio.request("GET", "/api/v1/jobs?state=cancelled,failed")) == [jobs[0]])
            #expect(
                Self.ids(try await studio.request("GET", "/api/v1/jobs?state=queued,running&function=mock-image"))
                    == [jobs[3], jobs[2]])
            #expect(Self.ids(try await studio.request(as: artist, "GET", "/api/v1/jobs?user=me")) == [jobs[3]])
            let mine = try await studio.request("GET", "/api/v1/jobs?user=\(artist.user.id)")
            #expect(Self.ids(mine) == [jobs[3]])
            #expect(Self.ids(try await studio.request(as: stranger, "GET", "/api/v1/jobs")) == [])
            #expect(
                Self.ids(try await studio.request(as: stranger, "GET", "/api/v1/jobs?user=\(artist.user.id)")) == [])
            let wrong = try await studio.request("GET", "/api/v1/jobs?state=gone&user=nobody")
            #expect(wrong.status == 400 && wrong.json["errors"]?.arrayValue?.count == 2, "\(wrong.text)")
            #expect(try await studio.request("GET", "/api/v1/jobs?cursor=xyz").status == 400)
            #expect(try await studio.request(as: nil, "GET", "/api/v1/jobs").status == 401)
        }
    }
}
