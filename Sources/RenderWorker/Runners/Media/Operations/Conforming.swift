import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioMedia

extension MediaJobRequest {
    /// A film made of a cut, or a stretch of its frames. Tells what was rendered although one might not expect it.
    func conform(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        let target = try target()
        let rate = try frameRate()
        guard let editRate = EditRate(rate.numerator, rate.denominator) else {
            throw MediaError(.parametersInvalid, "The film cannot be made at \(rate) frames a second.")
        }
        let files = inputs["sources"] ?? []
        let sources = try sources(files)
        let settings = ConformPlan.Settings(
            rate: editRate, sampleRate: Conform.sampleRate(of: target, preferred: try whole("sampleRate") ?? 48_000),
            refusesGaps: text("gaps") == "refuse")
        let plan: ConformPlan
        do {
            let cut = try Cut(readingOTIO: JSONText.compact(parameters["cut"] ?? .null))
            plan = try ConformPlan(cut, from: ConformCatalogue(sources), settings: settings)
        } catch let error as StudioError {
            throw MediaError(
                .parametersInvalid,
                "The cut cannot be conformed: " + error.findings.map(\.detail).joined(separator: "; "))
        }
        let places = Dictionary(zip(sources.map(\.path), files)) { first, _ in first }
        let first = try whole("firstFrame") ?? 0
        let end = first + (try whole("frameCount") ?? plan.frameCount - first)
        guard first >= 0, first < end else {
            throw MediaError(.parametersInvalid, "No frames of the film were asked for.")
        }
        try Conform(
            plan: plan, files: plan.sources.map { places[$0.path] ?? "" }, target: target,
            width: whole("width") ?? 1920, height: whole("height") ?? 1080, title: text("title"), frames: first..<end
        ).render(to: output, progress: report)
        return [
            "frames": .integer(Int64(end - first)), "ofFrames": .integer(Int64(plan.frameCount)),
            "notes": .array(plan.notes.map { .string($0.detail) }),
        ]
    }

    /// The input files as the cut calls them: by the names that the request gives them, else by their own.
    private func sources(_ files: [String]) throws -> [ConformSource] {
        let names = parameters["sources"]?.arrayValue?.compactMap(\.stringValue)
        if let names, names.count != files.count {
            throw MediaError(
                .parametersInvalid, "There are \(names.count) names for \(files.count) sources; each needs one.")
        }
        var known: [String: JSONValue] = [:]
        return try files.enumerated().map { index, file in
            let name = names?[index] ?? file.split(separator: "/").last.map(String.init) ?? file
            let probe: JSONValue
            if let found = known[file] {
                probe = found
            } else {
                probe = try JSONText.decode(JSONValue.self, from: JSONText.compact(MediaProbe.read(path: file)))
                known[file] = probe
            }
            return ConformSource(path: name, probe: probe)
        }
    }
}
