/// The rules for one component of a path from outside.
///
/// A name must work, and look the same, on every system a production is cloned to, and no two names may look alike:
/// - 1…255 bytes of UTF-8 in normalization form C, not `.` or `..`, and nothing Git keeps for itself (`.git`);
/// - letters, combining marks and decimal digits of any script, the space, and `. _ - ( ) [ ] + , @ & ' ! = #`;
/// - no compatibility forms of letters (full-width, mathematical, enclosed, ligatures, letter-like signs) and no spacing
///   modifiers, which pass for plain letters and quotes; no invisible letters (Hangul fillers and the like);
/// - within one word, Latin, Greek and Cyrillic letters are not mixed, because some of them look the same;
/// - a mark stands on a letter, and no more than four on one;
/// - no space at either end, no dot at the end;
/// - no device name of Windows (`CON`, `nul.txt`, `COM1`, …).
enum PathComponentRules {
    static let longest = 255

    /// Why the component is refused; nil where it is allowed.
    static func violation(in component: some StringProtocol) -> String? {
        if component.isEmpty { return "a path has no empty parts" }
        if component == "." || component == ".." { return "\(component) is not allowed in a path" }
        if component.utf8.count > longest { return "a name is at most \(longest) bytes long" }
        if let reason = violatingScalar(in: component) { return reason }
        if !component.isNormalized { return "the name is not in Unicode normalization form C" }
        if component.hasPrefix(" ") || component.hasSuffix(" ") { return "a name neither begins nor ends with a space" }
        if component.hasSuffix(".") { return "a name does not end with a dot" }
        if isDeviceOfWindows(component) { return "the name is reserved by Windows" }
        if component.lowercased() == ".git" { return "the name belongs to Git" }
        return nil
    }

    private static let punctuation = Set(" ._-()[]+,@&'!=#".unicodeScalars)

    private static func violatingScalar(in component: some StringProtocol) -> String? {
        var marks: Int? = nil
        var word: Script?
        for scalar in component.unicodeScalars {
            if scalar.isASCII {
                let isWord = scalar.properties.isAlphabetic
                let isDigit = ("0"..."9").contains(scalar)
                guard isWord || isDigit || punctuation.contains(scalar) else { return refusal(of: scalar) }
                marks = isWord || isDigit ? 0 : nil
                if isWord && !Script.latin.joins(&word) { return mixture }
                if !isWord { word = nil }
                continue
            }
            guard !scalar.properties.isDefaultIgnorableCodePoint, !isCompatibilityForm(scalar) else {
                return refusal(of: scalar)
            }
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
                marks = 0
                if let script = Script(of: scalar), !script.joins(&word) { return mixture }
            case .nonspacingMark, .spacingMark:
                guard let before = marks else { return "a combining mark stands on no letter" }
                guard before < 4 else { return "a letter carries at most four combining marks" }
                marks = before + 1
            case .decimalNumber:
                (marks, word) = (0, nil)
            default:
                return refusal(of: scalar)
            }
        }
        return nil
    }

    private static let mixture = "one word mixes Latin, Greek or Cyrillic letters, which can look the same"

    private static func refusal(of scalar: Unicode.Scalar) -> String {
        let number = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - number.count)) + number
        let category = scalar.properties.generalCategory
        let isVisible =
            category != .control && category != .format && category != .privateUse && category != .unassigned
        return isVisible && !scalar.properties.isDefaultIgnorableCodePoint
            ? "the character \(scalar) (\(code)) is not allowed in a name"
            : "the invisible character \(code) is not allowed in a name"
    }

    /// Blocks whose letters are forms of plain ones.
    private static let compatibilityBlocks: [ClosedRange<UInt32>] = [
        0x00AA...0x00AA, 0x00BA...0x00BA, 0x0132...0x0133, 0x013F...0x0140, 0x0149...0x0149, 0x017F...0x017F,
        0x01C4...0x01CC, 0x01F1...0x01F3, 0x02B0...0x02FF, 0x1D00...0x1DBF, 0x2070...0x218F, 0x2460...0x24FF,
        0x2C7C...0x2C7D, 0x3131...0x318E, 0x3200...0x33FF, 0xA69C...0xA69D, 0xA770...0xA770, 0xA7F2...0xA7F9,
        0xAB5C...0xAB5F, 0xF900...0xFAFF, 0xFB00...0xFB4F, 0xFB50...0xFDFF, 0xFE70...0xFEFF, 0xFF00...0xFFEF,
        0x1D400...0x1D7FF, 0x1EE00...0x1EEFF, 0x1F100...0x1F2FF, 0x1FBF0...0x1FBF9, 0x2F800...0x2FA1F,
    ]

    private static func isCompatibilityForm(_ scalar: Unicode.Scalar) -> Bool {
        compatibilityBlocks.contains { $0.contains(scalar.value) }
    }

    /// `CON`, `COM1` and so on are devices on Windows in any letter case and with any ending.
    private static func isDeviceOfWindows(_ component: some StringProtocol) -> Bool {
        let name = component.prefix { $0 != "." }.uppercased()
        // Windows ignores spaces between a device's name and its ending.
        let stem = String(name.reversed().drop { $0 == " " }.reversed())
        if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(stem) { return true }
        return stem.count == 4 && (stem.hasPrefix("COM") || stem.hasPrefix("LPT"))
            && ("0"..."9").contains(stem.suffix(1))
    }
}

/// The scripts that share look-alike letters.
private enum Script {
    case latin, greek, cyrillic

    init?(of scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x41...0x24F, 0x250...0x2AF, 0x1E00...0x1EFF, 0x2C60...0x2C7F, 0xA720...0xA7FF, 0xAB30...0xAB6F:
            self = .latin
        case 0x370...0x3FF, 0x1F00...0x1FFF: self = .greek
        case 0x400...0x52F, 0x1C80...0x1C8F, 0x2DE0...0x2DFF, 0xA640...0xA69F: self = .cyrillic
        default: return nil
        }
    }

    /// Adds a letter of this script to a word; false where the word is of another.
    func joins(_ word: inout Script?) -> Bool {
        if let word { return word == self }
        word = self
        return true
    }
}
