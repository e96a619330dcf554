import StudioSystem
import Testing

@Suite struct RelativePathTests {
    @Test(arguments: [
        "a", ".gitkeep", "01_Assets/Media/Video/clip (final) [v2].mp4", "03_Renders/SHOT-010/SHOT-010_v01_take01.mp4",
        "Überblick/Straße & Co, 'neu' +1 @home!.png", "日本語/カード.png", "한국어/서울.mov", "Проект_v01/сцена-1.wav",
        "Ελληνικά/σκηνή.png", "हिन्दी/दृश्य.png", "עברית", "العربية/٣", "a..b", "con1/console", "gitignore", "#1 = 2",
        String(repeating: "n", count: 255),
    ]) func takesWhatWorksEverywhere(_ text: String) throws {
        let path = try RelativePath(text)
        #expect(path.text == text && path.description == text)
        #expect(path.components.joined(separator: "/") == text)
        #expect(path.name == path.components.last)
    }

    static let refused: [(String, String)] = [
        ("", "empty"), ("/", "slash"), ("/etc/passwd", "slash"), ("//a", "slash"), ("a/", "empty parts"),
        ("a//b", "empty parts"), (".", "not allowed"), ("..", "not allowed"), ("../x", "not allowed"),
        ("a/../../b", "not allowed"), ("a/./b", "not allowed"), ("a/..", "not allowed"),
        ("a\u{0}b", "invisible character U+0000"), ("a\nb", "U+000A"), ("a\u{7f}", "U+007F"), ("a\u{85}b", "U+0085"),
        ("a\\b", "(U+005C)"), ("C:\\x", "(U+003A)"), ("a:b", "(U+003A)"), ("a*b", "(U+002A)"), ("a?", "(U+003F)"),
        ("a\"b", "(U+0022)"), ("<a>", "(U+003C)"), ("a|b", "(U+007C)"), ("~a", "(U+007E)"), ("$HOME", "(U+0024)"),
        ("a`b", "(U+0060)"), ("a;b", "(U+003B)"), ("%2e%2e", "(U+0025)"),
        (String(repeating: "n", count: 256), "255 bytes"), (String(repeating: "é", count: 128), "255 bytes"),
        (String(repeating: "n/", count: 512) + "n", "1024 bytes"),
        ("e\u{301}", "normalization form C"), ("\u{1112}\u{1161}\u{11ab}", "normalization form C"),
        ("\u{212b}", "(U+212B)"), ("a\u{202e}gpj.exe", "U+202E"), ("a\u{2066}b", "U+2066"), ("a\u{200b}b", "U+200B"),
        ("a\u{200d}b", "U+200D"), ("a\u{feff}b", "U+FEFF"), ("a\u{ad}b", "U+00AD"), ("a\u{e000}", "U+E000"),
        ("a\u{378}", "U+0378"),
        ("\u{3164}", "U+3164"), ("\u{115f}", "U+115F"), ("a\u{a0}b", "U+00A0"), ("a\u{3000}b", "U+3000"),
        ("a\u{2028}b", "U+2028"), ("a／b", "(U+FF0F)"), ("a∕b", "(U+2215)"), ("a⁄b", "(U+2044)"), ("．．", "(U+FF0E)"),
        ("a․b", "(U+2024)"), ("ｆｕｌｌ", "(U+FF46)"), ("𝐛old", "(U+1D41B)"), ("ﬁlm", "(U+FB01)"), ("x²", "(U+00B2)"),
        ("aʼb", "(U+02BC)"), ("№1", "(U+2116)"), ("😀", "(U+1F600)"),
        ("p\u{430}ypal", "mixes"), ("\u{421}ON", "mixes"), ("sh\u{3bf}t", "mixes"),
        ("\u{301}a", "stands on no letter"), ("a \u{301}", "stands on no letter"),
        ("a/\u{301}b", "stands on no letter"), ("z\u{323}\u{324}\u{325}\u{326}\u{327}", "four combining marks"),
        (" a", "space"), ("a ", "space"), ("x/ ", "space"), ("a.", "dot"), ("a...", "dot"),
        ("CON", "Windows"), ("con", "Windows"), ("nul.txt", "Windows"), ("x/AUX", "Windows"), ("prn.tar.gz", "Windows"),
        ("COM1", "Windows"), ("lpt9.png", "Windows"), ("CON .txt", "Windows"), (".git", "Git"), ("a/.GIT/hooks", "Git"),
    ]

    @Test(arguments: refused) func refusesWhatDoesNot(text: String, reason: String) {
        let error = #expect(throws: PathError.self) { try RelativePath(text) }
        #expect(error?.code == .invalid)
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    /// These cannot be written in a literal.
    @Test(arguments: [0xfdd0, 0xfffe, 0xffff, 0x1fffe, 0x10ffff] as [UInt32])
    func refusesNonCharacters(_ value: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(value))
        let error = try #require(throws: PathError.self) { try RelativePath("a\(Character(scalar))b") }
        #expect(
            error.reason
                == "the invisible character U+\(String(value, radix: 16, uppercase: true)) is not allowed in a name")
    }

    @Test func theErrorNamesThePartAndHidesWhatCannotBeSeen() throws {
        let error = try #require(throws: PathError.self) { try RelativePath("good/b\u{202e}ad\u{1b}[31m/x") }
        #expect(error.component == "b<U+202E>ad<U+1B>[31m")
        #expect(error.description.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 0x202e })
        let long = try #require(throws: PathError.self) { try RelativePath(String(repeating: "?", count: 1000)) }
        #expect(long.component.count == 81)
    }

    @Test func pathsAreTakenApartAndPutTogether() throws {
        let path = try RelativePath("a/b/c.png")
        #expect(path.parent?.text == "a/b" && path.parent?.parent?.text == "a" && path.parent?.parent?.parent == nil)
        #expect(try RelativePath("a").appending("b/c.png") == path)
        #expect(throws: PathError.self) { try path.appending("../x") }
        #expect(throws: PathError.self) { try path.appending(String(repeating: "n/", count: 511) + "n") }
        for above in ["a", "a/b", "a/b/c.png"] { #expect(path.isWithin(try RelativePath(above))) }
        for other in ["a/b/c", "A", "a/b/c.png/d"] { #expect(!path.isWithin(try RelativePath(other))) }
        #expect(try RelativePath("a-b") < RelativePath("a/b"))
    }
}
