import Foundation
import StudioMedia
import StudioTestKit
import Testing

/// Matroska films whose clusters are due at the ends of all numbers, as damage that hits a single byte hardly makes them.
@Suite(.timeLimit(.minutes(10))) struct WildTimesTests {
    /// What replaces the times of a film's clusters, one after the other, the last one of all that follow; nil leaves one.
    private static let times: [[UInt64?]] = [
        [nil, 0x7F00_0000_0000_0000, 0x8100_0000_0000_0000, 0x7FFF_FFFF_FFFF_FF00],
        [nil, nil, 0x7FFF_FFFF_FFFF_FFB0], [0x7FFF_FFFF_FFFF_FF00], [0x8000_0000_0000_0010],
        [nil, 0x8000_0000_0000_0010], [1 << 52], [nil, 1 << 53],
        [nil, 1 << 55], [0xFF80_0000_0000_0000, 1 << 54], [nil, 0x4000_0000_0000_0000],
    ]

    @Test func filmsThatAreDueAtTheEndOfAllTimeEndAsFailuresOrWhole() async throws {
        let folder = try TemporaryDirectory("wild")
        let whole = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=0.4", "-f", "lavfi", "-i", "sine=d=0.4"]
        try Tool.ffmpeg(whole + ["-c:v", "libx264", "-c:a", "aac", folder.path("whole.mp4")])
        let clusters = ["-cluster_time_limit", "100", "-write_crc32", "0"]
        let pictures = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=1", "-c:v", "mpeg4", "-g", "1"]
        try Tool.ffmpeg(pictures + clusters + [folder.path("steady.mkv")])
        try Tool.ffmpeg(
            pictures + ["-vf", "select='lt(mod(n*7,11),6)'", "-vsync", "vfr"] + clusters + [folder.path("varies.mkv")])
        // The sound begins, so that the pictures alone may be late.
        let late = ["-f", "lavfi", "-i", "sine=d=1", "-itsoffset", "0.3"] + pictures
        try Tool.ffmpeg(late + ["-c:a", "libopus"] + clusters + [folder.path("opus.mkv")])
        let result = await #expect(processExitsWith: .success) { [path = folder.path as String] in
            try DamagedWorkTests.limit()
            try WildTimesTests.tryAll(in: path)
        }
        if result == nil { Issue.record("the process ended at \(DamagedWorkTests.current(folder))") }
    }

    /// Runs in a process of its own.
    private static func tryAll(in folder: String) throws {
        var outcomes = (failed: 0, made: 0)
        for kind in ["steady.mkv", "varies.mkv", "opus.mkv"] {
            let film = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(kind)")))
            for (number, times) in times.enumerated() {
                let name = "wild-\(number)-\(kind)"
                let input = "\(folder)/\(name)"
                try Data(wild(film, times)).write(to: URL(filePath: input))
                defer { unlink(input) }
                let probe = DamagedWorkTests.Work(name: "probe") { _ in _ = try MediaProbe.read(path: input) }
                for work in [probe] + DamagedWorkTests.works(on: input, beside: "\(folder)/whole.mp4") {
                    try DamagedWorkTests.run(work, on: name, in: folder, &outcomes)
                }
            }
        }
        #expect(outcomes.failed > 20 && outcomes.made > 20, "both ends are met: \(outcomes)")
    }

    /// A film whose clusters have other times. What says where clusters lie is left out.
    private static func wild(_ film: [UInt8], _ times: [UInt64?]) throws -> [UInt8] {
        func number(at place: Int) -> (value: Int, length: Int) {
            let length = film[place].leadingZeroBitCount + 1
            let first = Int(film[place]) & ((1 << (8 - length)) - 1)
            return (film[place + 1..<place + length].reduce(first) { $0 << 8 | Int($1) }, length)
        }
        func eight(_ value: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
        }
        let header = number(at: 4)
        var place = 4 + header.length + header.value
        // The segment, of a length that is not known.
        var result = Array(film[..<(place + 4)])
        result += [1] + [UInt8](repeating: 0xFF, count: 7)
        place += 4 + number(at: place + 4).length
        var clusters = 0
        while place < film.count {
            let mark = film[place].leadingZeroBitCount + 1
            let size = number(at: place + mark)
            let start = place + mark + size.length
            let name = film[place..<place + mark]
            let body = film[start..<start + size.value]
            place = start + size.value
            if name == [0x1F, 0x43, 0xB6, 0x75] {
                try #require(body.first == 0xE7, "a cluster begins with its time")
                let time = times[min(clusters, times.count - 1)]
                clusters += 1
                let rest = body.dropFirst(2 + number(at: start + 1).value)
                var whole = Array(body)
                if let time { whole = [0xE7, 0x88] + eight(time) + Array(rest) }
                result += name
                result += eight(1 << 56 | UInt64(whole.count))
                result += whole
            } else if name != [0x1C, 0x53, 0xBB, 0x6B], name != [0x11, 0x4D, 0x9B, 0x74] {
                result += film[(start - size.length - mark)..<place]
            }
        }
        try #require(clusters > 3)
        return Array(result)
    }
}
