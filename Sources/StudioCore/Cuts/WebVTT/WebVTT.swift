/// A WebVTT document: subtitles, chapters, or the index of a sheet of thumbnails.
///
/// Source: W3C, WebVTT: The Web Video Text Tracks Format (Candidate Recommendation, 4 April 2019), section 4.
public struct WebVTT: Sendable, Hashable {
    /// A text that is shown, or that applies, for a stretch of time.
    public struct Cue: Sendable, Hashable {
        /// The cue's name; empty for none.
        public var identifier: String
        /// When it begins, in milliseconds from the start of the film, 0 or more.
        public var start: Int
        /// When it ends, in milliseconds; after `start`.
        public var end: Int
        /// Where it is shown, such as `line:0 align:start`; empty for the player's choice.
        public var settings: String
        /// What it says, as WebVTT writes it: in subtitles `&`, `<` and `>` are escaped, see ``WebVTT/escaped(_:)``.
        public var text: String

        /// A cue.
        ///
        /// - Parameters:
        ///   - start: When it begins, in milliseconds.
        ///   - end: When it ends, in milliseconds.
        ///   - text: What it says.
        ///   - identifier: Its name; default none.
        ///   - settings: Where it is shown; default the player's choice.
        public init(start: Int, end: Int, text: String, identifier: String = "", settings: String = "") {
            self.identifier = identifier
            self.start = start
            self.end = end
            self.settings = settings
            self.text = text
        }
    }

    /// A piece of the document, divided from the next one by an empty line.
    public enum Block: Sendable, Hashable {
        /// A cue.
        case cue(Cue)
        /// A `NOTE`, `STYLE` or `REGION`, with its first line.
        case other(String)
    }

    /// What follows the word `WEBVTT` up to the first empty line; empty for nothing.
    public var header: String
    /// The document's pieces in its order.
    public var blocks: [Block]

    /// The cues alone, in the document's order.
    public var cues: [Cue] {
        blocks.compactMap { block in
            if case .cue(let cue) = block { cue } else { nil }
        }
    }

    /// A document.
    ///
    /// - Parameters:
    ///   - cues: What it says, in order of `start`.
    ///   - header: What follows the word `WEBVTT`; default nothing.
    public init(cues: [Cue], header: String = "") {
        self.header = header
        blocks = cues.map(Block.cue)
    }

    /// A text as cues of subtitles and chapters write it, so that no character of it is taken for markup.
    ///
    /// - Parameter text: The text.
    /// - Returns: The text with `&`, `<` and `>` escaped.
    public static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// A time as WebVTT writes it.
    ///
    /// - Parameter milliseconds: The time, 0 or more.
    /// - Returns: For example `00:01:02.500`; hours have two digits or more.
    public static func timestamp(_ milliseconds: Int) -> String {
        let seconds = milliseconds / 1000
        let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { digits($0, 2) }
        return parts.joined(separator: ":") + "." + digits(milliseconds % 1000, 3)
    }

    private static func digits(_ value: Int, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
