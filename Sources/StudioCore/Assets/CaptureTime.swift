/// When a camera took a picture, as it wrote it into the file: Exif's `DateTimeOriginal`, with its parts of a second where
/// there are any. Of JPEG and TIFF, which cameras write; what renders and scans has none.
public struct CaptureTime: Sendable, Hashable {
    /// How many of a file's first bytes are looked at: Exif stands before the picture.
    public static let bytesNeeded = 64 << 10
    /// The most segments that are walked through.
    private static let maxSegments = 1000

    /// Seconds from some moment that is the same for all: a camera's clock has no zone.
    public let seconds: Double

    /// Reads it; nil where there is none, or none that makes sense.
    /// - Parameter head: The file's first bytes, ``bytesNeeded`` or the whole of it.
    public init?(pictureBeginning head: [UInt8]) {
        guard let start = Self.tiff(in: head) else { return nil }
        let block = ExifBlock(bytes: head, start: start)
        guard let text = block?.originalTime, let time = Self.seconds(text) else { return nil }
        let parts = block?.originalParts.flatMap { Double("0." + $0) } ?? 0
        seconds = time + parts
    }

    /// Where the TIFF structure begins, in which Exif is written.
    private static func tiff(in head: [UInt8]) -> Int? {
        guard head.starts(with: [0xFF, 0xD8, 0xFF]) else {
            return head.starts(with: "II*\0".utf8) || head.starts(with: [0x4D, 0x4D, 0, 0x2A]) ? 0 : nil
        }
        var offset = 2
        for _ in 0..<maxSegments {
            guard offset + 10 <= head.count, head[offset] == 0xFF, ![0xDA, 0xD9].contains(head[offset + 1]) else {
                return nil
            }
            if head[offset + 1] == 0xFF {
                offset += 1
                continue
            }
            if head[offset + 1] == 0xE1, head[(offset + 4)...].starts(with: "Exif\0\0".utf8) { return offset + 10 }
            offset += 2 + Int(head[offset + 2]) << 8 + Int(head[offset + 3])
        }
        return nil
    }

    /// Reads `2026:01:31 12:00:00`.
    private static func seconds(_ text: String) -> Double? {
        guard let match = text.wholeMatch(of: #/(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)/#),
            let year = Int(match.1), let month = Int(match.2), let day = Int(match.3), let hour = Int(match.4),
            let minute = Int(match.5), let second = Int(match.6), year > 0, (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        // Days of the proleptic calendar, years beginning with March so that leap days are last.
        let from = month > 2 ? year : year - 1
        let days = 365 * from + from / 4 - from / 100 + from / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day
        return Double(((days * 24 + hour) * 60 + minute) * 60 + second)
    }
}

/// The directories of an Exif block, as far as they tell when a picture was taken.
private struct ExifBlock {
    private let bytes: [UInt8]
    private let start: Int
    private let isLittle: Bool
    private let directory: Int

    init?(bytes: [UInt8], start: Int) {
        guard start + 8 <= bytes.count else { return nil }
        self.bytes = bytes
        self.start = start
        isLittle = bytes[start] == UInt8(ascii: "I")
        guard let magic = Self.number(bytes, start + 2, 2, isLittle), magic == 42,
            let first = Self.number(bytes, start + 4, 4, isLittle)
        else { return nil }
        let main = start + first
        // The tag 0x8769 says where the camera's own directory is.
        guard let entry = Self.entry(0x8769, bytes, main, isLittle),
            let place = Self.number(bytes, entry + 8, 4, isLittle)
        else { return nil }
        directory = start + place
    }

    /// `DateTimeOriginal`.
    var originalTime: String? { text(0x9003) }
    /// `SubSecTimeOriginal`: digits behind the point.
    var originalParts: String? { text(0x9291).flatMap { $0.allSatisfy(\.isNumber) && !$0.isEmpty ? $0 : nil } }

    private func text(_ tag: Int) -> String? {
        guard let entry = Self.entry(tag, bytes, directory, isLittle),
            Self.number(bytes, entry + 2, 2, isLittle) == 2,
            let count = Self.number(bytes, entry + 4, 4, isLittle), (1...64).contains(count)
        else { return nil }
        // Up to four bytes stand in the entry itself.
        guard let place = count <= 4 ? entry + 8 : Self.number(bytes, entry + 8, 4, isLittle).map({ start + $0 }),
            place >= 0, place + count <= bytes.count
        else { return nil }
        let characters = bytes[place..<place + count].prefix { $0 != 0 }
        return characters.allSatisfy { (32..<127).contains($0) } ? String(decoding: characters, as: UTF8.self) : nil
    }

    private static func entry(_ tag: Int, _ bytes: [UInt8], _ directory: Int, _ isLittle: Bool) -> Int? {
        guard let count = number(bytes, directory, 2, isLittle) else { return nil }
        return (0..<count).lazy.map { directory + 2 + 12 * $0 }.prefix { $0 + 12 <= bytes.count }
            .first { number(bytes, $0, 2, isLittle) == tag }
    }

    private static func number(_ bytes: [UInt8], _ place: Int, _ count: Int, _ isLittle: Bool) -> Int? {
        guard place >= 0, place <= bytes.count - count else { return nil }
        let part = bytes[place..<place + count]
        return (isLittle ? Array(part.reversed()) : Array(part)).reduce(0) { $0 << 8 | Int($1) }
    }
}
