import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Says whether a transcode is made in chunks, by what is known of its source.
struct TranscodeChunks: Sendable {
    let takes: TakeStore
    let assets: AssetStore
    let folders: ProjectFolders
    let lanes: FilmLanes

    /// A probe is a page of text.
    private static let longestProbe = 1 << 20

    /// A submission in chunks; nil where it is made in one piece.
    ///
    /// - Parameters:
    ///   - plan: The submission, checked.
    ///   - project: Its project.
    /// - Returns: The chunks.
    /// - Throws: `StudioError` with code `invalid` where chunks were asked for and cannot be; `PostgresError`.
    func chunked(_ plan: SubmissionPlan, project: ProjectRecord) async throws -> ChunkedSubmission? {
        let mode = plan.submission.split ?? .auto
        guard mode != .never else { return nil }
        var isAsked = false
        if case .chunks = mode { isAsked = true }
        guard plan.function.runner == .encoder(operation: "transcode"), plan.submission.sparse == nil else {
            guard isAsked else { return nil }
            throw Self.refusal("\(plan.function.name) makes no parts of a film")
        }
        // Machines first: they are what is missing mostly.
        let hosts = isAsked ? 0 : try await lanes.hosts(for: plan.function)
        guard isAsked || hosts > 1, Self.isWhole(plan) else {
            guard isAsked else { return nil }
            throw Self.refusal("it is a part of a film already, or joins one")
        }
        let film: ChunkedTranscode
        do {
            let (name, probe) = try await source(of: plan, project: project)
            film = try ChunkedTranscode(parameters: plan.parameters, probe: probe, name: name)
        } catch let error as ChunkedTranscode.Refusal {
            guard isAsked else { return nil }
            throw Self.refusal(error.reason)
        }
        guard isAsked || film.isFamiliar else { return nil }
        let ranges = ChunkPlan.ranges(of: film.film, hosts: hosts, mode: mode)
        guard !ranges.isEmpty else { return nil }
        var whole = plan.submission
        whole.split = nil
        return ChunkedSubmission(
            whole: whole, chunks: ranges, hasSound: film.hasSound, container: film.container,
            audioCodec: film.audioCodec, ending: .itself, isMadeAnyhow: !isAsked)
    }

    /// Whether it is a film that is asked for, and not what this makes of one.
    private static func isWhole(_ plan: SubmissionPlan) -> Bool {
        plan.submission.inputs["chunks"] == nil && plan.submission.inputs["sound"] == nil
            && ["firstFrame", "frameCount", "ofFrames"].allSatisfy { plan.submission.parameters[$0] == nil }
    }

    /// What the source is called, and what is known of it; nil where nobody has looked into it.
    private func source(of plan: SubmissionPlan, project: ProjectRecord) async throws -> (String, JSONValue?) {
        guard let reference = plan.submission.inputs["source"]?.first else { return ("the source", nil) }
        switch reference {
        case .take(let id):
            let take = try await takes.get(id, tenant: project.tenant)
            return (take?.path ?? reference.text, take?.probe)
        case .job(let id, port: nil):
            let take = try await takes.get(job: id)
            return (take?.path ?? reference.text, take?.publishedAt == nil ? nil : take?.probe)
        case .job: return (reference.text, nil)
        case .file(let path):
            guard let asset = try await assets.get(project: project.id, path: path) else { return (path, nil) }
            return (path, try await probe(of: asset, in: project))
        }
    }

    /// What was found out about an asset; nil where that is not there.
    private func probe(of asset: AssetRecord, in project: ProjectRecord) async throws -> JSONValue? {
        let place = AssetDerivative.probe.place(of: asset.sha256) + ".json"
        return try await folders.blocking { [folders] in
            guard let file = try? folders.open(project).open(RelativePath(place)),
                let bytes = try? FileBytes.contents(of: file.raw, path: place, atMost: Self.longestProbe)
            else { return nil }
            return try? JSONText.decode(JSONValue.self, from: Data(bytes))
        }
    }

    private static func refusal(_ reason: String) -> StudioError {
        .invalid([
            Finding(pointer: "/split", code: "unsupported", detail: "the film cannot be made in chunks: \(reason)")
        ])
    }
}
