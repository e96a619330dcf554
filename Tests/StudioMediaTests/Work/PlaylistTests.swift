import Testing

@testable import StudioMedia

/// What a file says, on its way into a playlist.
@Suite struct PlaylistTests {
    @Test(arguments: ["fra", "de", "pt-BR", "zh-Hant-TW", "x-studio1"])
    func aLanguageIsSaid(tag: String) { #expect(Playlist.language(tag) == tag) }

    @Test(arguments: [
        "", "d", "de\",URI=\"https://elsewhere.example/a.m3u8", "de\n#EXT-X-ENDLIST", "d e", "de,", "dé",
        "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz",
    ])
    func whatIsNoLanguageIsLeftOut(tag: String) { #expect(Playlist.language(tag) == nil) }
}
