import QueueProtocol
import StudioCore
import StudioPostgres

/// A film that is made in chunks: one job for each, one for the whole of its sound, and one that joins them.
struct ChunkedSubmission: Sendable {
    /// What joins the chunks.
    enum Ending: Sendable {
        /// The function `join`, which is told of the film what it says of itself.
        case join(words: [String: JSONValue])
        /// The function that makes the chunks: what it is asked for is that of the film in one piece, the chunks are inputs more.
        case itself
    }

    /// The job that would make the film in one piece: its function makes the frames that `firstFrame` and `frameCount` name.
    let whole: Submission
    /// The frames of the chunks.
    let chunks: [Range<Int>]
    /// Whether the film has sound.
    let hasSound: Bool
    /// The film's kind of file.
    let container: String
    /// The codec of its sound; nil for what is usual there.
    let audioCodec: String?
    /// What joins them.
    let ending: Ending
    /// Whether it is made in one piece where a chunk cannot be made of its source: where the studio cut it by itself, and what
    /// joins it can. Who asked for chunks is told instead.
    var isMadeAnyhow = false

    /// Where the pieces lie until they are joined.
    private static func folder(of join: JobID) -> String { "\(WorkspaceLayout.cache)/exports/\(join)" }

    private var frameCount: JSONValue { .integer(Int64(chunks.last?.upperBound ?? 0)) }

    /// A piece: what is asked for is the whole's, but nobody's take.
    private func piece(_ name: String, of join: JobID) -> Submission {
        var piece = whole
        piece.destination = .cache(path: "\(Self.folder(of: join))/\(name)")
        (piece.shot, piece.version) = (nil, 1)
        return piece
    }

    /// The job of some frames, pictures alone.
    fileprivate func part(_ frames: Range<Int>, number: Int, of join: JobID) -> Submission {
        var part = piece("chunk-\(number + 1)", of: join)
        part.parameters["firstFrame"] = .integer(Int64(frames.lowerBound))
        part.parameters["frameCount"] = .integer(Int64(frames.count))
        part.parameters["audioCodec"] = "none"
        if case .itself = ending { part.parameters["ofFrames"] = frameCount }
        return part
    }

    /// The job of all sound, in one pass: an encoder of sound begins with what nobody is to hear, once.
    fileprivate func sound(of join: JobID) -> Submission {
        var sound = piece("sound", of: join)
        sound.parameters["container"] = .string(ChunkedCoding.soundContainer(of: container, codec: audioCodec))
        // What is usual in the film's kind of file, whatever the piece lies in.
        if let codec = audioCodec ?? ["mp4": "aac", "mov": "pcm24", "mkv": "flac", "webm": "opus"][container] {
            sound.parameters["audioCodec"] = .string(codec)
        }
        sound.parameters["videoCodec"] = "none"
        return sound
    }

    /// The job that was asked for.
    fileprivate func joining(_ parts: [JobID], sound: JobID?) -> Submission {
        var inputs = ["chunks": parts.map { InputReference.job($0, port: nil) }]
        if let sound { inputs["sound"] = [.job(sound, port: nil)] }
        switch ending {
        case .itself:
            var join = whole
            join.inputs.merge(inputs) { $1 }
            return join
        case .join(var parameters):
            parameters["container"] = whole.parameters["container"]
            parameters["frameRate"] = whole.parameters["frameRate"]
            parameters["frameCount"] = frameCount
            var join = Submission(
                function: "join", parameters: parameters, inputs: inputs, destination: whole.destination,
                priority: whole.priority)
            join.quality = whole.quality
            return join
        }
    }
}

extension JobSubmission {
    /// The jobs of a film that is made in chunks, the one that joins them last. They are admitted together, and cost together
    /// what the film costs in one piece.
    ///
    /// - Parameters:
    ///   - film: The film.
    ///   - project: Its project.
    ///   - caller: Who asks and pays.
    ///   - origin: What it is traced back to.
    /// - Returns: The jobs.
    /// - Throws: `StudioError`, as for the film in one piece.
    func planned(
        _ film: ChunkedSubmission, project: ProjectRecord, caller: Caller, origin: SubmissionOrigin
    ) async throws -> [NewJob] {
        // All there is to say against it can be said of the film in one piece.
        let single = try await planned(film.whole, project: project, caller: caller, origin: origin)
        // In their order, and the whole last: rows are locked by id, parts before their whole.
        var ids = (0..<film.chunks.count + (film.hasSound ? 2 : 1)).map { _ in JobID() }.sorted()
        let join = ids.removeLast()
        let sound = film.hasSound ? ids.removeLast() : nil
        func job(_ submission: Submission, _ id: JobID) throws -> NewJob {
            let plan = try SubmissionPlan(
                submission, functions: library.revisions, projectQuality: project.quality)
            var job = plan.newJob(project: project, caller: caller, origin: origin)
            job.id = id
            job.partOf = id == join ? nil : join
            job.credits = id == join ? single.credits : 0
            return job
        }
        var jobs = try zip(film.chunks, ids).enumerated().map { number, chunk in
            var part = try job(film.part(chunk.0, number: number, of: join), chunk.1)
            part.isSpared = film.isMadeAnyhow
            return part
        }
        if let sound { jobs.append(try job(film.sound(of: join), sound)) }
        return try jobs + [job(film.joining(ids, sound: sound), join)]
    }
}
