import Glibc
import StudioCore
import StudioSystem

/// Tells by its first bytes whether a file is of the type that its name says.
enum FileSignature {
    private static let ftyp: [(offset: Int, bytes: [UInt8])] = [(4, Array("ftyp".utf8))]
    private static let known: [String: [[(offset: Int, bytes: [UInt8])]]] = [
        "png": [[(0, [0x89, 0x50, 0x4E, 0x47])]], "jpg": [[(0, [0xFF, 0xD8, 0xFF])]],
        "jpeg": [[(0, [0xFF, 0xD8, 0xFF])]],
        "webp": [[(0, Array("RIFF".utf8)), (8, Array("WEBP".utf8))]], "gif": [[(0, Array("GIF8".utf8))]],
        "tif": [[(0, Array("II*\0".utf8))], [(0, Array("MM\0*".utf8))]],
        "tiff": [[(0, Array("II*\0".utf8))], [(0, Array("MM\0*".utf8))]], "exr": [[(0, [0x76, 0x2F, 0x31, 0x01])]],
        "mp4": [ftyp], "m4a": [ftyp], "mov": [ftyp, [(4, Array("moov".utf8))], [(4, Array("wide".utf8))]],
        "mkv": [[(0, [0x1A, 0x45, 0xDF, 0xA3])]], "webm": [[(0, [0x1A, 0x45, 0xDF, 0xA3])]],
        "wav": [[(0, Array("RIFF".utf8)), (8, Array("WAVE".utf8))]], "flac": [[(0, Array("fLaC".utf8))]],
    ]

    /// Whether it may be one; a type that is not known here always may.
    static func fits(
        _ path: String, fileExtension: String, _ port: FunctionManifest.Port
    ) throws(JobFailure) -> Bool {
        guard let signatures = known[fileExtension] else { return true }
        let opened = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else {
            throw JobFailure(.outputInvalid, "The output \(port.name) cannot be read by the render worker.")
        }
        let file = OwnedDescriptor(owning: opened)
        var head = [UInt8](repeating: 0, count: 16)
        let count = read(file.raw, &head, head.count)
        return signatures.contains { marks in
            marks.allSatisfy { mark in
                count >= mark.offset + mark.bytes.count
                    && head[mark.offset..<mark.offset + mark.bytes.count].elementsEqual(mark.bytes)
            }
        }
    }
}
