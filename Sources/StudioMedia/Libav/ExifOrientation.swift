/// Reads the orientation that a camera wrote into a picture file.
///
/// libav 5.1 hands it on for JPEG and WebP as text among a frame's metadata, and for PNG and TIFF not at all; later versions
/// do it in other ways. So it is read here: from JPEG's APP1 segment, PNG's and WebP's Exif chunks, and TIFF itself, which is
/// what Exif is written in.
struct ExifOrientation {
    /// The most segments or chunks that are walked through: a file can be made of nothing else.
    private static let maxSteps = 100_000

    private let source: SourceFile

    /// The orientation of a picture file; upright where it says nothing, or nothing that makes sense.
    static func read(_ source: SourceFile) -> Orientation {
        let file = ExifOrientation(source: source)
        guard let start = file.start(), let number = file.orientation(inTIFFAt: start) else { return .upright }
        return Orientation(rawValue: number) ?? .upright
    }

    /// Where the TIFF structure begins.
    private func start() -> Int64? {
        let head = source.bytes(at: 0, count: 12)
        if head.starts(with: [0xFF, 0xD8, 0xFF]) { return startInJPEG() }
        if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            return startInChunks(from: 8, named: "eXIf", nameFirst: false)
        }
        if head.starts(with: "RIFF".utf8), head.dropFirst(8).elementsEqual("WEBP".utf8) {
            return startInChunks(from: 12, named: "EXIF", nameFirst: true)
        }
        return head.starts(with: "II".utf8) || head.starts(with: "MM".utf8) ? 0 : nil
    }

    private func startInJPEG() -> Int64? {
        var offset: Int64 = 2
        for _ in 0..<Self.maxSteps {
            let head = source.bytes(at: offset, count: 10)
            // The picture itself begins with DA; what follows is not made of segments.
            guard head.count == 10, head[0] == 0xFF, head[1] != 0xDA, head[1] != 0xD9 else { return nil }
            if head[1] == 0xFF {
                offset += 1
                continue
            }
            if head[1] == 0xE1, head[4...].elementsEqual("Exif\0\0".utf8) { return offset + 10 }
            offset += 2 + Int64(Self.number(head[2..<4], isLittle: false))
        }
        return nil
    }

    /// PNG's chunks have length, name, content and a checksum; RIFF's have the name first, and even lengths.
    private func startInChunks(from first: Int64, named name: String, nameFirst: Bool) -> Int64? {
        var offset = first
        for _ in 0..<Self.maxSteps {
            let head = source.bytes(at: offset, count: 8)
            guard head.count == 8 else { return nil }
            let length = Int64(Self.number(nameFirst ? head[4...] : head[..<4], isLittle: nameFirst))
            if (nameFirst ? head[..<4] : head[4...]).elementsEqual(name.utf8) {
                // Some writers put JPEG's introduction here too.
                let isIntroduced = source.bytes(at: offset + 8, count: 6).elementsEqual("Exif\0\0".utf8)
                return offset + (isIntroduced ? 14 : 8)
            }
            offset += 8 + (nameFirst ? length + length % 2 : length + 4)
        }
        return nil
    }

    /// The value of tag 0x0112, a SHORT, in the first directory.
    private func orientation(inTIFFAt start: Int64) -> Int? {
        let head = source.bytes(at: start, count: 8)
        let isLittle = head.starts(with: "II".utf8)
        guard head.count == 8, isLittle || head.starts(with: "MM".utf8),
            Self.number(head[2..<4], isLittle: isLittle) == 42
        else { return nil }
        let directory = start + Int64(Self.number(head[4...], isLittle: isLittle))
        let count = source.bytes(at: directory, count: 2)
        guard count.count == 2 else { return nil }
        let entries = source.bytes(at: directory + 2, count: 12 * Self.number(count[...], isLittle: isLittle))
        for entry in stride(from: 0, to: entries.count - 11, by: 12) {
            let (tag, type) = (entries[entry..<entry + 2], entries[entry + 2..<entry + 4])
            if Self.number(tag, isLittle: isLittle) == 0x0112, Self.number(type, isLittle: isLittle) == 3 {
                return Self.number(entries[entry + 8..<entry + 10], isLittle: isLittle)
            }
        }
        return nil
    }

    private static func number(_ bytes: ArraySlice<UInt8>, isLittle: Bool) -> Int {
        (isLittle ? Array(bytes.reversed()) : Array(bytes)).reduce(0) { $0 << 8 | Int($1) }
    }
}
