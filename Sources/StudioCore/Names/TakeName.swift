/// The name of a shot: `[A-Z0-9][A-Z0-9-]{0,31}`.
public struct ShotName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Checks a shot's name.
    ///
    /// - Parameters:
    ///   - text: The name.
    ///   - pointer: Where it came from, for the finding; default `/shot`.
    /// - Throws: `StudioError` with code `invalid` that says the rule.
    public init(_ text: String, pointer: String = "/shot") throws(StudioError) {
        let bytes = Array(text.utf8)
        func isName(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (65...90).contains(byte) }
        guard let first = bytes.first, isName(first), bytes.count <= 32,
            bytes.allSatisfy({ isName($0) || $0 == UInt8(ascii: "-") })
        else {
            throw .invalid([
                Finding(
                    pointer: pointer, code: "pattern",
                    detail: "a shot's name is 1 to 32 of the letters A to Z, digits and -, and does not begin with -")
            ])
        }
        self.text = text
    }

    /// The name.
    public var description: String { text }

    /// Alphabetical order.
    public static func < (left: ShotName, right: ShotName) -> Bool { left.text < right.text }
}

/// The file name of a take: `<SHOT>_v<NN>_take<NN>.<ext>`, two digits or more.
public struct TakeName: Sendable, Hashable, CustomStringConvertible {
    /// The shot.
    public let shot: ShotName
    /// The version of the shot, 1 or more.
    public let version: Int
    /// The take's number within the version, 1 or more, allocated by PostgreSQL.
    public let number: Int
    /// The extension of the media file, without a dot.
    public let fileExtension: String

    /// A take's name.
    ///
    /// - Parameters:
    ///   - shot: The shot.
    ///   - version: The version of the shot, 1 or more.
    ///   - number: The take's number, 1 or more.
    ///   - fileExtension: The extension of the media file, without a dot.
    public init(shot: ShotName, version: Int, number: Int, fileExtension: String) {
        self.shot = shot
        self.version = version
        self.number = number
        self.fileExtension = fileExtension
    }

    /// Reads a file's name.
    ///
    /// - Parameter fileName: A name such as `SHOT-010_v01_take01.mp4`; nil results where it is no take's name.
    public init?(fileName: String) {
        guard let match = fileName.wholeMatch(of: #/([A-Z0-9][A-Z0-9-]{0,31})_v(\d{2,})_take(\d{2,})\.([A-Za-z0-9]+)/#),
            let shot = try? ShotName(String(match.1)), let version = Int(match.2), let number = Int(match.3),
            version > 0, number > 0
        else { return nil }
        self.init(shot: shot, version: version, number: number, fileExtension: String(match.4))
    }

    /// The name without its extension.
    public var stem: String { "\(shot)_v\(Self.padded(version))_take\(Self.padded(number))" }
    /// The media file's name.
    public var fileName: String { "\(stem).\(fileExtension)" }
    /// The media file's path below the project's folder.
    public var path: String { "03_Renders/\(shot)/\(fileName)" }
    /// The sidecar's path below the project's folder.
    ///
    /// `<stem>.json`; `<stem>.sidecar.json` where the media itself is a JSON document.
    public var sidecarPath: String {
        "03_Renders/\(shot)/\(stem)" + (fileExtension.lowercased() == "json" ? ".sidecar.json" : ".json")
    }
    /// The file's name.
    public var description: String { fileName }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
