import Foundation
import QueueProtocol
import StudioCore
@_spi(Fuzzing) import StudioMedia

/// A parser of ours that bytes from outside reach.
enum FuzzTarget: String, CaseIterable {
    case edl, otio, webvtt, subrip, function, project, canvas, celery, events, picture

    /// The one of this process.
    // SAFETY: set once, before libFuzzer begins in the same thread.
    nonisolated(unsafe) static var chosen = FuzzTarget.edl

    /// Reads bytes as the studio does. Whatever is not read has to be refused by a typed error; what is read has to be the same
    /// when it is written and read again, where the studio writes it.
    func take(_ bytes: [UInt8]) {
        do {
            try read(bytes)
        } catch is StudioError {
        } catch is TaskMessageError {
        } catch is DecodingError {
        } catch {
            fatalError("\(rawValue) threw \(type(of: error)): \(error)")
        }
    }

    private func read(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        switch self {
        case .edl:
            for rate in [EditRate.film, EditRate(30_000, 1001)].compactMap({ $0 }) {
                try plan(try Cut(readingEDL: text, rate: rate))
            }
        case .otio:
            let cut = try Cut(readingOTIO: Data(bytes))
            _ = try Cut(readingOTIO: try cut.otioFile())
            try plan(cut)
        case .webvtt:
            let read = try WebVTT(reading: text)
            guard try WebVTT(reading: read.document()) == read else { fatalError("WebVTT changes when written") }
        case .subrip: _ = try WebVTT(readingSubtitles: text)
        case .function: _ = try FunctionManifest(reading: Data(bytes))
        case .project: _ = try ProjectManifest(reading: Data(bytes))
        case .canvas:
            let read = try CanvasDocument(reading: Data(bytes))
            guard try CanvasDocument(reading: read.text) == read else { fatalError("a canvas changes when written") }
        case .celery: celery(bytes, text)
        case .events:
            _ = try? JSONText.decode(StudioEvent.self, from: Data(bytes))
            _ = try? JSONText.decode(ControlMessage.self, from: Data(bytes))
            _ = try? JSONText.decode(DurableEvent<JSONValue>.self, from: Data(bytes))
            let value = try JSONText.decode(JSONValue.self, from: Data(bytes))
            _ = PythonRepr.text(value)
            _ = try JSONText.document(value)
        case .picture:
            _ = PictureClaim(readingHeader: bytes)
            _ = CaptureTime(pictureBeginning: bytes)
        }
    }

    /// Plans a cut whose sources are all there, in lengths of every kind.
    private func plan(_ cut: Cut) throws {
        var names = Set<String>()
        for case .clip(let clip) in cut.tracks.flatMap(\.items) {
            names.insert(clip.name)
            if case .reference(let reference) = clip.source { names.insert(reference) }
        }
        let sources = names.sorted().prefix(64).enumerated().map { number, name in
            ConformSource(
                path: name, names: [name],
                pictures: .init(
                    rate: number % 3 == 2 ? EditRate(25) : cut.rate, count: number % 2 == 0 ? 1 << 30 : nil),
                sound: number % 4 == 3 ? nil : ExactSeconds(1 << 30, 1))
        }
        _ = try? cut.edl()
        let plan = try ConformPlan(cut, from: ConformCatalogue(sources), settings: .init(rate: cut.rate))
        for picture in plan.pictures.prefix(64) {
            for layer in picture.layers { _ = layer.moment(at: picture.frames.lowerBound, rate: plan.settings.rate) }
        }
        for sound in plan.sounds.prefix(64) {
            let gain = sound.gain(at: sound.samples.lowerBound)
            guard gain >= 0, gain <= 1 else { fatalError("a gain of \(gain)") }
        }
    }

    private func celery(_ bytes: [UInt8], _ text: String) {
        if let message = try? TaskMessage(decoding: bytes) { _ = String(describing: message) }
        if let envelope = try? KombuEnvelope(decoding: bytes) { _ = String(describing: envelope) }
        if let command = try? PidboxCommand(decoding: bytes) { _ = String(describing: command) }
        if let reply = NodeReply(decoding: bytes) { _ = String(describing: reply) }
        if let state = PythonTaskState(decoding: bytes) { _ = String(describing: state) }
        if let task = try? CeleryTask(stored: text) { _ = String(describing: task) }
        _ = TaskRate.reading(text)
        if let document = try? WireJSON(decoding: bytes) { _ = String(describing: document) }
    }
}
