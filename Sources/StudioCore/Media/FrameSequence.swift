/// A numbered sequence of pictures: which are shown, in order, and which are missing among them.
///
/// The number of a picture is the last run of digits in its name before the extension, as renderers write it
/// (`beauty.0101.exr`, `frame-12.png`). Names form a numbered sequence where they differ in nothing but that number and the
/// extension and the numbers rise in the order given. Names that form none are shown as they are given, and nothing is
/// missing; so are takes (`SHOT-010_v01_take03.png`), whose numbers say when they were made.
public struct FrameSequence: Sendable, Equatable {
    /// What happens where numbers are missing.
    public enum Gaps: String, Sendable, Codable, CaseIterable {
        /// It is an error that names them.
        case reported
        /// The picture before is shown in their place.
        case held
        /// The pictures follow each other as if nothing were missing.
        case skipped
    }

    /// The pictures to show, as indices of the names, in order; with ``Gaps/held`` some come several times.
    public let shown: [Int]
    /// The numbers that are missing, as closed ranges, in order.
    public let missing: [ClosedRange<Int>]

    /// Finds out what a sequence holds.
    ///
    /// - Parameters:
    ///   - names: The file names without folders, in order.
    ///   - start: The number that the sequence begins with: pictures before it are not shown, and it is missing itself where
    ///     it is not there. Default: the first name's number. Without meaning for names that form no numbered sequence.
    ///   - gaps: What happens where numbers are missing. A start that is missing cannot be held and stays missing.
    ///   - longest: The most pictures that holding may come to. Default 5,184,000.
    public init(names: [String], start: Int? = nil, gaps: Gaps = .reported, longest: Int = 5_184_000) {
        guard let numbers = Self.numbers(of: names) else {
            shown = Array(names.indices)
            missing = []
            return
        }
        var shown: [Int] = []
        var missing: [ClosedRange<Int>] = []
        var expected = start ?? numbers.first ?? 0
        for (index, number) in numbers.enumerated() where number >= expected {
            if number > expected {
                missing.append(expected...number - 1)
                if gaps == .held, let last = shown.last {
                    shown += repeatElement(last, count: min(number - expected, max(0, longest - shown.count)))
                }
            }
            shown.append(index)
            expected = number + 1
        }
        self.shown = shown
        self.missing = missing
    }

    /// The missing numbers for people, such as `7, 9 to 12`; at most eight runs of them are spelt out.
    public var missingText: String {
        let runs = missing.prefix(8).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
        return runs.joined(separator: ", ") + (missing.count > 8 ? " and \(missing.count - 8) more gaps" : "")
    }

    /// The names' numbers; nil where the names form no numbered sequence.
    private static func numbers(of names: [String]) -> [Int]? {
        var common: (prefix: Substring, suffix: Substring)?
        var last: Int?
        var numbers: [Int] = []
        for name in names {
            guard TakeName(fileName: name) == nil, let parts = split(name) else { return nil }
            if let common, common.prefix != parts.prefix || common.suffix != parts.suffix { return nil }
            if let last, parts.number <= last { return nil }
            common = (parts.prefix, parts.suffix)
            last = parts.number
            numbers.append(parts.number)
        }
        return numbers.isEmpty ? nil : numbers
    }

    /// What is before the last run of digits in the stem, its number, and what is between it and the extension.
    private static func split(_ name: String) -> (prefix: Substring, number: Int, suffix: Substring)? {
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        // A name such as `frame.0101` has no extension but a number.
        let isExtension = name[dot...].dropFirst().contains { !isDigit($0) }
        let stem = isExtension ? name[..<dot] : name[...]
        guard let last = stem.lastIndex(where: isDigit) else { return nil }
        let end = stem.index(after: last)
        let start = stem[..<end].lastIndex { !isDigit($0) }.map { stem.index(after: $0) } ?? stem.startIndex
        // Eighteen digits always fit.
        guard stem.distance(from: start, to: end) <= 18, let number = Int(stem[start..<end]) else { return nil }
        return (stem[..<start], number, stem[end...])
    }

    private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isWholeNumber }
}
