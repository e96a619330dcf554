import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioMedia
import StudioSystem

/// The media work that a child process of the worker does.
enum MediaOperation: String, Sendable, Codable, CaseIterable {
    case mockImage = "mock-image"
    case mockVideo = "mock-video"
    case mockAudio = "mock-audio"
    case assemble
    case concat
    case mux
    case proxy
    case transcode
    case conform
    case join
    case trim
    case thumbnail
    case waveform
    case normalizeAudio = "normalize-audio"
    case disassemble
    case contactSheet = "contact-sheet"
    case sprite
    case compare
    case controlMap = "control-map"
    case overlay
    /// A film in several sizes for browsers.
    case hls
    /// Says what a file is.
    case probe
    /// Says what a numbered sequence of pictures is.
    case probeSequence = "probe-sequence"
    /// Probes a finished file and makes its thumbnail; not a function that people can ask for.
    case inspect

    /// The operation that a function's manifest names; nil where this worker has none of that name.
    static func offered(_ name: String) -> MediaOperation? {
        guard let operation = MediaOperation(rawValue: name), operation != .inspect else { return nil }
        return operation
    }
}

/// What the parent writes to the child's standard input: one line of JSON.
struct MediaJobRequest: Sendable, Codable {
    /// The longest request a child reads: a sequence may be 100,000 files.
    static let longest = 32 << 20
    /// What follows the request where the child is to end early.
    static let ask = Data("stop\n".utf8)

    /// The process id of the worker, which the child does not outlive.
    var parent = getpid()
    var operation: MediaOperation
    var inputs: [String: [String]]
    /// Where the primary output goes: a file that is not there yet.
    var output: String
    /// Where the other outputs go, by their ports' names.
    var companions: [String: String] = [:]
    var parameters: [String: JSONValue]
    var quality: QualityTier
    var seed: UInt64
    var limits: MediaJobLimits

    /// What the child may still do: read its inputs, and make files where the outputs go.
    var sandbox: ProcessSandbox {
        let outputs = Set(
            ([output] + companions.values).map { path in
                path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            })
        return ProcessSandbox(readable: inputs.values.flatMap(\.self) + [DrawnText.font], writable: outputs.sorted())
    }

    /// The request as the child reads it.
    func line() throws -> Data {
        var data = try JSONText.compact(self)
        data.append(UInt8(ascii: "\n"))
        return data
    }
}

/// What the child may use; it holds itself to this before it reads any media.
struct MediaJobLimits: Sendable, Codable, Hashable {
    /// Address space, in bytes.
    var memory: Int
    /// Processor time of all threads, in seconds.
    var processorSeconds: Int
    /// The largest file it may write, in bytes. Default 256 GiB.
    var fileSize = 256 << 30
    /// The most files it may have open. Default 256.
    var openFiles = 256

    var childLimits: ChildLimits {
        ChildLimits(
            addressSpaceBytes: UInt64(memory), cpuSeconds: UInt64(processorSeconds), fileSizeBytes: UInt64(fileSize),
            openFiles: UInt64(openFiles))
    }
}

/// One line of the child's standard output.
enum MediaJobReport: Sendable, Codable, Hashable {
    /// The longest line of a child: a picture of 64 KiB in base64, and what stands around it.
    static let longest = 96 << 10

    /// Frames done of frames known.
    case progress(done: Int, total: Int?, stage: String)
    /// The newest picture: a JPEG of at most 64 KiB, as base64 on the line.
    case picture(Data)
    /// The work is done; what it found out, null where nothing is to be told.
    case result(JSONValue)
    /// The work cannot be done.
    case failure(MediaJobFailure)

    /// The line as the parent reads it.
    func line() -> String {
        // These values have no number that JSON cannot say, so encoding cannot fail; an empty line is ignored.
        (try? JSONText.string(self)) ?? ""
    }

    /// Reads a line; nil where it is none of ours.
    init?(line: String) {
        guard line.hasPrefix("{"), let report = try? JSONText.decode(MediaJobReport.self, from: line) else {
            return nil
        }
        self = report
    }
}

/// Why media work could not be done, as it crosses from the child to the parent.
struct MediaJobFailure: Sendable, Codable, Hashable {
    var code: FailureCode
    var message: String
    var retryable: Bool
}
