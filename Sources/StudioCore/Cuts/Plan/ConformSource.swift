import FoundationEssentials

/// A take or a file of the project that a cut may be made from, and what is known of it.
public struct ConformSource: Sendable, Hashable {
    /// Its pictures.
    public struct Pictures: Sendable, Hashable {
        /// Frames a second; nil where the file does not say, as a still picture does not.
        public var rate: EditRate?
        /// How many there are; nil where that is not known.
        public var count: Int?
        /// The timecode of the first one, in frames from midnight; nil for none.
        public var startTimecode: Int?

        /// Pictures.
        ///
        /// - Parameters:
        ///   - rate: Frames a second; nil for a still picture.
        ///   - count: How many there are; nil where that is not known.
        ///   - startTimecode: The timecode of the first one, in frames from midnight; default none.
        public init(rate: EditRate?, count: Int?, startTimecode: Int? = nil) {
            self.rate = rate
            self.count = count
            self.startTimecode = startTimecode
        }

        /// Whether it is one picture, which may be shown for any time.
        public var isStill: Bool { rate == nil || count == 1 }
    }

    /// The path below the project's folder.
    public var path: String
    /// What else it is called: `take:<id>`, a name without its extension, a reel.
    public var names: [String]
    /// Its pictures; nil for none.
    public var pictures: Pictures?
    /// How long its sound is; nil for none.
    public var sound: ExactSeconds?
    /// Whether its content is known. Of a file that nobody looked into yet nothing is checked.
    public var isProbed: Bool

    /// A source that was looked into.
    ///
    /// - Parameters:
    ///   - path: The path below the project's folder.
    ///   - names: What else it is called.
    ///   - pictures: Its pictures; nil for none.
    ///   - sound: How long its sound is; nil for none.
    public init(path: String, names: [String] = [], pictures: Pictures?, sound: ExactSeconds?) {
        self.path = path
        self.names = names
        self.pictures = pictures
        self.sound = sound
        isProbed = true
    }

    /// A source that nobody looked into yet.
    ///
    /// - Parameters:
    ///   - path: The path below the project's folder.
    ///   - names: What else it is called.
    public init(unprobed path: String, names: [String] = []) {
        self.path = path
        self.names = names
        isProbed = false
    }
}

/// The sources that there are, by all that a cut may call them.
public struct ConformCatalogue: Sendable {
    /// What a name means.
    public enum Answer: Sendable, Hashable {
        /// This source, by its position in ``sources``.
        case source(Int)
        /// More than one.
        case several([Int])
        /// None.
        case none
    }

    /// All sources.
    public let sources: [ConformSource]
    private var exact: [String: [Int]] = [:]
    private var loose: [String: [Int]] = [:]

    /// A catalogue.
    ///
    /// - Parameter sources: All sources.
    public init(_ sources: [ConformSource]) {
        self.sources = sources
        for (index, source) in sources.enumerated() {
            for name in Set([source.path] + source.names) { exact[name, default: []].append(index) }
            let file = Self.fileName(source.path)
            for name in Set([file, Self.stem(file)] + source.names.map { $0.uppercased() }) {
                loose[name.uppercased(), default: []].append(index)
            }
        }
        loose = loose.mapValues { Array(Set($0)).sorted() }
    }

    /// Finds what a clip comes from: by its reference as it stands, as a path that ends in a source's path, as a file's
    /// name; where it has no reference, by the clip's name or its reel.
    ///
    /// - Parameter clip: The clip; its source is not black.
    /// - Returns: What was found.
    public func source(of clip: Cut.Clip) -> Answer {
        guard case .reference(let written) = clip.source else {
            return [clip.name, clip.reel ?? ""].lazy.map(find).first { $0 != .none } ?? .none
        }
        let reference = Self.path(written)
        if let known = exact[reference] { return Self.answer(known) }
        // Another machine's path: the part of it that is below the project's folder.
        var rest = reference[...]
        while let slash = rest.firstIndex(of: "/") {
            rest = rest[rest.index(after: slash)...]
            if rest.contains("/"), let known = exact[String(rest)] { return Self.answer(known) }
        }
        return find(Self.fileName(reference))
    }

    private func find(_ name: String) -> Answer {
        guard !name.isEmpty else { return .none }
        if let known = exact[name] { return Self.answer(known) }
        return Self.answer(loose[name.uppercased()] ?? loose[Self.stem(name).uppercased()] ?? [])
    }

    private static func answer(_ indices: [Int]) -> Answer {
        switch indices.count {
        case 0: .none
        case 1: .source(indices[0])
        default: .several(indices)
        }
    }

    /// The path in a reference: without `file://` and its host, percent escapes resolved, with slashes that lean forward.
    private static func path(_ reference: String) -> String {
        guard reference.hasPrefix("file://") else { return reference.replacing("\\", with: "/") }
        return URL(string: reference)?.path(percentEncoded: false) ?? reference
    }

    private static func fileName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func stem(_ name: String) -> String {
        name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    }
}
