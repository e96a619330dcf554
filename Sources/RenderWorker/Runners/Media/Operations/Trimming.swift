import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// A part of a film or a sound: exact to the frame, or copied at key frames. Tells what was done.
    func trim(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        let range = try ClipRange(from: place("in"), to: place("out"))
        if text("copy") == "key-frames" {
            let outcome = try TrimCopy(input: source(), range: range, container: choice("container") ?? .mp4)
                .render(to: output, progress: report)
            return [
                "video": "copied", "fromSeconds": .number(outcome.fromSeconds),
                "toSeconds": outcome.toSeconds.map { .number($0) } ?? .null, "frames": .integer(Int64(outcome.frames)),
            ]
        }
        let outcome = try Transcode(
            input: source(), target: target(), keepsDepth: true, keepsAlpha: true, range: range
        ).render(to: output, progress: report)
        return ["video": "encoded", "frames": .integer(Int64(outcome.frames))]
    }

    /// A small stand-in for a film.
    func proxy(_ report: @escaping MediaProgressReport) throws {
        try Proxy(input: source(), container: choice("container") ?? .mp4, maxHeight: whole("height") ?? 540)
            .render(to: output, progress: report)
    }

    /// A place given as `inFrame`, `inSeconds` or `inTimecode`; `nil` where none is.
    private func place(_ name: String) throws -> ClipPoint? {
        var places: [ClipPoint] = []
        if let frame = try whole(name + "Frame") { places.append(.frame(frame)) }
        if let seconds = parameters[name + "Seconds"]?.doubleValue { places.append(.seconds(seconds)) }
        if let timecode = parameters[name + "Timecode"]?.stringValue { places.append(.timecode(timecode)) }
        guard places.count <= 1 else {
            throw MediaError(
                .parametersInvalid, "Give one of \(name)Frame, \(name)Seconds and \(name)Timecode, not several.")
        }
        return places.first
    }
}
