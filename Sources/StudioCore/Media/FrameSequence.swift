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
    /// What the names have in common; `nil` where they form no numbered sequence.
    public let numbering: Numbering?

    /// What the names of a numbered sequence have in common.
    public struct Numbering: Sendable, Equatable, Codable {
        /// The names with `#` for each digit of the number, such as `beauty.####.exr`; a `*` for extensions that differ.
        public let pattern: String
        /// The number of the first name.
        public let first: Int
        /// The number of the last name.
        public let last: Int
        /// The digits that numbers are filled up to with zeros, 1 where they are not; `nil` where the names disagree.
        public let padding: Int?
    }

    /// Finds out what a sequence holds.
    ///
    /// - Parameters:
    ///   - names: The file names without folders, in order.
    ///   - start: The number that the sequence begins with: pictures before it are not shown, and it is missing itself where
    ///     it is not there. Default: the first name's number. Without meaning for names that form no numbered sequence.
    ///   - gaps: What happens where numbers are missing. A start that is missing cannot be held and stays missing.
    ///   - longest: The most pictures that holding may come to. Default 5,184,000.
    public init(names: [String], start: Int? = nil, gaps: Gaps = .reported, longest: Int = 5_184_000) {
        guard let parts = Self.parts(of: names) else {
            shown = Array(names.indices)
            missing = []
            numbering = nil
            return
        }
        let numbers = parts.map(\.number)
        numbering = Numbering(parts)
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

    /// What the names are made of; nil where they form no numbered sequence.
    private static func parts(of names: [String]) -> [FrameName]? {
        var parts: [FrameName] = []
        for name in names {
            guard let part = FrameName(name) else { return nil }
            if let last = parts.last {
                guard part.isInSequence(with: last), part.number > last.number else { return nil }
            }
            parts.append(part)
        }
        return parts.isEmpty ? nil : parts
    }
}

extension FrameSequence.Numbering {
    fileprivate init?(_ parts: [FrameName]) {
        guard let head = parts.first, let tail = parts.last, let shortest = parts.map(\.digits).min() else {
            return nil
        }
        first = head.number
        last = tail.number
        let isAgreed = parts.allSatisfy { $0.digits == max(shortest, String($0.number).count) }
        padding = isAgreed ? shortest : nil
        let ending = parts.allSatisfy { $0.fileExtension == head.fileExtension } ? head.fileExtension : ".*"
        pattern = head.prefix + String(repeating: "#", count: padding ?? 1) + head.suffix + ending
    }
}
