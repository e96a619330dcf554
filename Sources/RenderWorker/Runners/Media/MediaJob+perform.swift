import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioMedia

extension MediaJobRequest {
    /// Does the work. Blocks; runs in the child only.
    ///
    /// - Parameter report: Gets progress; what it throws stops the work.
    /// - Returns: What the work found out; null for all but `inspect`.
    /// - Throws: `MediaError`, or what `report` threw.
    func perform(report: @escaping MediaProgressReport) throws -> JSONValue {
        switch operation {
        case .mockImage:
            let size = (try whole("width") ?? 1280, try whole("height") ?? 720)
            try MockImage(prompt: text("prompt"), seed: seed, width: size.0, height: size.1, quality: quality)
                .render(to: output, progress: report)
        case .mockVideo:
            let rate = try frameRate()
            let size = (try whole("width") ?? 1280, try whole("height") ?? 720)
            let seconds = parameters["seconds"]?.doubleValue ?? 2
            try MockVideo(
                prompt: text("prompt"), seed: seed, width: size.0, height: size.1, frameRate: rate,
                frames: rate.frames(inSeconds: seconds), step: try whole("frameStep") ?? 1, quality: quality
            ).render(to: output, progress: report)
        case .assemble:
            try Assembly(frames: inputs["frames"] ?? [], frameRate: try frameRate(), quality: quality)
                .render(to: output, progress: report)
        case .transcode:
            try Transcode(
                input: source(), quality: quality, width: whole("width"), height: whole("height"),
                rateFactor: whole("rateFactor")
            ).render(to: output, progress: report)
        case .thumbnail:
            try Thumbnail(
                input: source(), maxWidth: whole("width") ?? 320, maxHeight: 4096,
                second: parameters["atSeconds"]?.doubleValue, quality: quality
            ).render(to: output, progress: report)
        case .inspect:
            return try inspect()
        }
        return .null
    }

    /// Probes the source, and makes its thumbnail where it has a picture.
    private func inspect() throws -> JSONValue {
        let probe = try MediaProbe.read(path: source())
        var hasThumbnail = false
        if probe.video != nil {
            try Thumbnail(input: source(), maxWidth: 480, maxHeight: 480).render(to: output)
            hasThumbnail = true
        }
        let document = try JSONText.decode(JSONValue.self, from: try JSONText.compact(probe))
        return ["probe": document, "hasThumbnail": .bool(hasThumbnail)]
    }

    private func source() throws -> String {
        guard let path = inputs["source"]?.first else { throw MediaError(.parametersInvalid, "There is no input.") }
        return path
    }

    private func text(_ name: String) -> String { parameters[name]?.stringValue ?? "" }

    private func whole(_ name: String) throws -> Int? {
        guard let value = parameters[name], !value.isNull else { return nil }
        guard let number = value.intValue else {
            throw MediaError(.parametersInvalid, "The parameter \(name) is not a whole number.")
        }
        return number
    }

    private func frameRate() throws -> FrameRate {
        switch parameters["frameRate"] {
        case nil, .null: return .film
        case .string(let text): return try FrameRate(parsing: text)
        case let value?:
            guard let number = value.doubleValue else {
                throw MediaError(.parametersInvalid, "The parameter frameRate is no frame rate.")
            }
            return try FrameRate(parsing: value.intValue.map(String.init) ?? String(number))
        }
    }
}
