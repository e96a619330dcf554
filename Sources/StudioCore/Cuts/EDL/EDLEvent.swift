/// A line of an EDL that is an edit: `002  REEL  V  D 024  01:00:00:00 01:00:02:00 00:00:10:00 00:00:12:00`.
struct EDLEdit {
    var number: Int
    var reel: String
    var channels: EDLChannels
    /// Frames of a dissolve; nil for a cut.
    var dissolve: Int?
    /// The stretch of the tape, in frames of its timecode.
    var source: Range<Int>
    /// The stretch of the film, in frames of its timecode.
    var record: Range<Int>
    /// The line in the file, from 1.
    var line: Int

    var isBlack: Bool { ["BL", "BLACK"].contains(reel.uppercased()) }
    /// A line of no length only says from what a dissolve comes.
    var isEmpty: Bool { source.isEmpty && record.isEmpty }
}

/// Which tracks an edit goes to.
struct EDLChannels: Hashable {
    /// The picture tracks' names: `V`, seldom `V2`.
    var video: [String] = []
    /// The sound channels, from 1.
    var audio: [Int] = []

    /// Reads `V`, `A`, `A2`, `AA`, `B`, `AA/V`, `V2` or `NONE`.
    init?(_ text: String) {
        for part in text.uppercased().split(separator: "/", omittingEmptySubsequences: false) {
            switch part {
            case "NONE": break
            case "B":
                video.append("V")
                audio.append(1)
            case "AA": audio += [1, 2]
            case "A": audio.append(1)
            default:
                if part.first == "V", part.dropFirst().allSatisfy(\.isNumber) {
                    video.append(String(part))
                } else if part.first == "A", let number = Int(part.dropFirst()), (1...99).contains(number) {
                    audio.append(number)
                } else {
                    return nil
                }
            }
        }
    }
}

/// The edits of one number, and what the lines below them say.
struct EDLEvent {
    var edits: [EDLEdit]
    var fromName: String?
    var toName: String?
    var fromFile: String?
    var toFile: String?
    /// Channels of `AUD` lines.
    var audio: [Int] = []
    var locators: [(line: Int, text: String)] = []
    var comments: [String] = []
    /// Whether the newest name was that of the clip a dissolve goes to.
    private var isToNewest = false

    // Made once: a literal is parsed wherever it is met.
    // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
    private nonisolated(unsafe) static let note =
        #/\*?\s*((?:FROM|TO) CLIP NAME|(?:FROM|TO) (?:CLIP|FILE)|SOURCE FILE|LOC)\s*:\s*(.*)/#
    // SAFETY: nothing changes it, it holds no closures, and Regex makes its program once, atomically.
    private nonisolated(unsafe) static let channels = #/AUD\s+(\d+)(?:\s+(\d+))?/#

    init(_ edit: EDLEdit) { edits = [edit] }

    private var isDissolve: Bool { edits.contains { $0.dissolve != nil } }

    /// Takes in a line that is no edit.
    mutating func take(_ line: String, number: Int) {
        guard
            let match = line.wholeMatch(of: Self.note)
        else {
            if let match = line.wholeMatch(of: Self.channels) {
                audio += [match.1, match.2 ?? ""].compactMap { Int($0) }.filter { (1...99).contains($0) }
            } else {
                let comment = line.trimmingPrefix { $0 == "*" || $0 == " " }
                if !comment.isEmpty { comments.append(String(comment)) }
            }
            return
        }
        let value = String(match.2)
        switch match.1 {
        case "FROM CLIP NAME":
            fromName = value
            isToNewest = false
        case "TO CLIP NAME":
            toName = value
            isToNewest = true
        case "FROM CLIP", "FROM FILE": fromFile = value
        case "TO CLIP", "TO FILE": toFile = value
        case "SOURCE FILE" where isToNewest || (isDissolve && fromName == nil): toFile = value
        case "SOURCE FILE": fromFile = value
        default: locators.append((number, value))
        }
    }

    /// The name of what an edit shows: of a dissolve, what it goes to.
    func name(of edit: EDLEdit) -> String? { edit.dissolve == nil ? fromName : toName }

    /// The file of what an edit shows.
    func file(of edit: EDLEdit) -> String? { edit.dissolve == nil ? fromFile : toFile }
}
