import Glibc

/// What a numbered sequence of pictures in a folder is: `shot.0001.exr`, `shot.0002.exr`, …
public struct SequenceProbe: Sendable, Equatable, Codable {
    /// The names with the number as libav writes it, such as `shot.%04d.exr`.
    public var pattern: String
    /// The first picture's number.
    public var first: Int
    /// The last picture's number.
    public var last: Int
    /// The pictures that are there.
    public var count: Int
    /// The numbers between first and last that are not there, as closed ranges `[from, to]`.
    public var missing: [[Int]]
    /// What the first picture is.
    public var picture: MediaProbe

    /// Reads a folder that holds a sequence, or one sequence by its pattern. The pictures themselves are not decoded but for
    /// the first.
    /// - Parameters:
    ///   - path: A folder, whose longest sequence is taken, or a path whose last part has one `%d` or `%0Nd` for the number.
    ///   - limits: The largest picture and the most frames to accept.
    /// - Returns: What the sequence is.
    /// - Throws: `MediaError`: `inputUnreadable` where the folder cannot be read, `inputInvalid` where it holds no numbered
    ///   picture or the first is damaged, `limitExceeded` over the limits.
    public static func read(path: String, limits: MediaLimits = MediaLimits()) throws -> SequenceProbe {
        var status = stat()
        let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        let folder = isFolder ? path : String(path.dropLast(fileName(path).count + 1))
        let wanted = isFolder ? nil : NumberedName(pattern: fileName(path))
        guard isFolder || wanted != nil else {
            throw MediaError(
                .inputInvalid,
                "\(fileName(path)) is neither a folder nor a numbered pattern such as shot.%04d.png.")
        }
        var sequences: [NumberedName: [Int: String]] = [:]
        for name in try names(in: folder.isEmpty ? "." : folder, limits: limits) {
            guard let (kind, digits) = NumberedName.parse(name), wanted == nil || wanted == kind,
                let number = Int(digits)
            else { continue }
            sequences[kind, default: [:]][number] = digits
        }
        let longest = sequences.max {
            ($0.value.count, $1.key.before) < ($1.value.count, $0.key.before)
        }
        guard let (kind, found) = longest, let first = found.keys.min(), let last = found.keys.max(),
            let digits = found[first]
        else {
            throw MediaError(.inputInvalid, "\(fileName(path)) holds no numbered pictures.")
        }
        let width = found.values.map(\.count).min() ?? 1
        let place = folder.isEmpty ? "" : folder + "/"
        return SequenceProbe(
            pattern: kind.before + (width == 1 ? "%d" : "%0\(width)d") + kind.after, first: first,
            last: last,
            count: found.count, missing: gaps(found.keys.sorted()),
            picture: try MediaProbe.read(path: place + kind.before + digits + kind.after, limits: limits))
    }

    private static func gaps(_ numbers: [Int]) -> [[Int]] {
        zip(numbers, numbers.dropFirst()).compactMap { $1 > $0 + 1 ? [$0 + 1, $1 - 1] : nil }
    }

    private static func names(in folder: String, limits: MediaLimits) throws -> [String] {
        guard let directory = opendir(folder) else {
            throw MediaError.system(errno, .inputUnreadable, "\(fileName(folder)) cannot be read.")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { text($0.map { CChar(bitPattern: $0) }) })
            guard names.count <= limits.maxFrames else {
                throw MediaError(.limitExceeded, "\(fileName(folder)) has over \(limits.maxFrames) files.")
            }
        }
        return names
    }
}

/// A file name around a number.
private struct NumberedName: Hashable {
    private static let pictures: Set<String> = [
        "png", "jpg", "jpeg", "tif", "tiff", "exr", "dpx", "webp", "bmp", "tga", "gif", "jp2", "jxl",
    ]
    var before: String
    var after: String

    init(before: String, after: String) { (self.before, self.after) = (before, after) }

    /// Reads `shot.%04d.png`.
    init?(pattern: String) {
        guard let percent = pattern.firstIndex(of: "%"),
            let end = pattern[percent...].firstIndex(of: "d")
        else {
            return nil
        }
        let width = pattern[pattern.index(after: percent)..<end]
        guard width.isEmpty || (width.hasPrefix("0") && Int(width) != nil) else { return nil }
        self.init(
            before: String(pattern[..<percent]), after: String(pattern[pattern.index(after: end)...]))
    }

    /// The name of a picture without the last number in it, and that number's digits; `nil` for other names.
    static func parse(_ name: String) -> (NumberedName, digits: String)? {
        guard let dot = name.lastIndex(of: "."),
            pictures.contains(name[name.index(after: dot)...].lowercased()),
            let last = name[..<dot].lastIndex(where: \.isDigit)
        else { return nil }
        let end = name.index(after: last)
        let start =
            name[..<end].lastIndex { !$0.isDigit }.map { name.index(after: $0) } ?? name.startIndex
        guard name.distance(from: start, to: end) <= 12 else { return nil }
        return (
            NumberedName(before: String(name[..<start]), after: String(name[end...])),
            String(name[start..<end])
        )
    }
}

extension Character {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
