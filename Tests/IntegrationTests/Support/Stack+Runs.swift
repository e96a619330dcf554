import Foundation
import QueueProtocol
import StudioTestKit
import Testing

extension Stack {
    /// Starts a run of a canvas that is not saved, and returns what was answered.
    nonisolated func run(
        _ canvas: FilmCanvas, project: String = "film", query: String = "", more: [String: JSONValue] = [:],
        headers: [String: String] = [:]
    ) async throws -> JSONValue {
        let answer = try await api.post(
            "/api/v1/projects/\(project)/canvases/main_canvas/runs\(query)",
            .object(["document": canvas.document].merging(more) { $1 }), headers: headers)
        guard answer.status == 202 || answer.status == 200 else {
            throw TestKitError("the run answered \(answer.status): \(answer.text)")
        }
        return answer.json
    }

    nonisolated func runDocument(_ id: String) async throws -> JSONValue {
        try await api.get("/api/v1/runs/\(id)").json
    }

    /// Waits until a run is in one of the states.
    @discardableResult
    nonisolated func wait(
        forRun id: String, toBe states: String..., within bound: Duration = .seconds(120)
    ) async throws -> JSONValue {
        let last = Watched(JSONValue.null)
        do {
            try await eventually("run \(id) is \(states)", within: bound) {
                guard let run = try? await runDocument(id) else { return false }
                last.update { $0 = run }
                return run["state"]?.stringValue.map(states.contains) ?? false
            }
        } catch {
            throw TestKitError("\(error); the run stands at \(last.value)")
        }
        return last.value
    }

    /// Which nodes of a canvas a run's answer says are made.
    nonisolated func made(_ answer: JSONValue) -> Set<String> {
        Set((answer["jobs"]?.arrayValue ?? []).compactMap { $0["node"]?.stringValue })
    }

    /// Keys that more than one job has made, or is making.
    nonisolated func keysMadeTwice() async throws -> [String] {
        try await sql(
            "SELECT content_key FROM jobs WHERE content_key IS NOT NULL GROUP BY content_key HAVING count(*) > 1")
    }

    /// Where a node's file lies.
    nonisolated func file(of node: String, index: Int? = nil, in run: JSONValue) throws -> String {
        let found = run["nodes"]?.arrayValue?.first { found in
            found["node"]?.stringValue == node && (index == nil || found["index"]?.intValue == index)
        }
        return folder(of: "film") + "/" + (try #require(found?["file"]?.stringValue, "\(node) in \(run)"))
    }
}
