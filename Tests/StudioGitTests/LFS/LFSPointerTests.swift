import StudioGit
import StudioSystem
import Testing

@Suite struct LFSPointerTests {
    static let hex = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    static let text = "version https://git-lfs.github.com/spec/v1\noid sha256:\(hex)\nsize 12345\n"

    @Test func writesTheSpecificationsExample() throws {
        let digest = try #require(SHA256Digest(hex: Self.hex))
        let pointer = LFSPointer(FileHash(digest: digest, size: 12345))
        #expect(pointer.text == Self.text)
        #expect(LFSPointer(parsing: Array(Self.text.utf8)) == pointer)
    }

    @Test(arguments: [
        "", "{}", text + "\n", String(text.dropLast()), text.replacing("\n", with: "\r\n"), text.uppercased(),
        text.replacing("spec/v1", with: "spec/v2"), text.replacing("sha256", with: "sha512"),
        text.replacing("12345", with: "-1"), text.replacing("12345", with: "012345"),
        text.replacing("12345", with: "+1"),
        text.replacing("12345", with: "99999999999999999999"), text.replacing("size ", with: "size  "),
        text.replacing("4d7a", with: "4D7A"), text.replacing("4d7a", with: ""),
        text.replacing("\noid", with: "\next-0-foo sha256:\(hex)\noid"), text + String(repeating: "x", count: 2000),
    ]) func refusesEveryOtherText(_ text: String) {
        #expect(LFSPointer(parsing: Array(text.utf8)) == nil)
    }
}
