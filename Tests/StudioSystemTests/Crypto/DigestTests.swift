import StudioSystem
import Testing

@Suite struct DigestTests {
    /// FIPS 180-4 and NIST's examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]) func hashesAsFIPS180Says(input: String, hex: String) {
        #expect(SHA256.hex(of: input.utf8) == hex)
        #expect(SHA256.digest(of: Array(input.utf8)).description == hex)
    }

    @Test func piecesGiveTheDigestOfTheWhole() {
        var hasher = SHA256Hasher()
        for piece in ["a", "", "bc"] { hasher.update(piece.utf8) }
        let first = hasher.finish()
        #expect(first == SHA256.digest(of: "abc".utf8))
        hasher.update("abc".utf8)
        let again = hasher.finish()
        #expect(again == first)
    }

    @Test func aDigestIsReadFromItsTextOnly() throws {
        let hex = SHA256.hex(of: "abc".utf8)
        let digest = try #require(SHA256Digest(hex: hex))
        #expect(digest.hex == hex && digest.bytes.count == 32)
        #expect(SHA256Digest(bytes: digest.bytes) == digest)
        for bad in [
            "", String(hex.dropLast()), hex + "0", hex.uppercased(), "g" + hex.dropFirst(), "é" + hex.dropFirst(2),
        ] {
            #expect(SHA256Digest(hex: bad) == nil, "\(bad)")
        }
        #expect(SHA256Digest(bytes: [1, 2]) == nil)
    }

    /// RFC 4231, cases 1 to 4, 6 and 7.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            "This is a test using a larger than block-size key and a larger than block-size data. "
                + "The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ]) func authenticatesAsRFC4231Says(key: [UInt8], message: String, hex: String) {
        let hmac = HMACSHA256(key: key)
        let code = hmac.code(for: message.utf8)
        #expect(SHA256Digest(bytes: code)?.hex == hex)
        #expect(hmac.isValid(code, for: message.utf8))
        #expect(!hmac.isValid(code.dropLast(), for: message.utf8))
        #expect(!hmac.isValid([], for: message.utf8))
        #expect(!hmac.isValid(code, for: (message + " ").utf8))
        #expect(!HMACSHA256(key: key + [1]).isValid(code, for: message.utf8))
    }

    @Test func bytesThatAreNoTextAreAuthenticatedToo() {
        let third = HMACSHA256(key: [UInt8](repeating: 0xaa, count: 20)).code(for: [UInt8](repeating: 0xdd, count: 50))
        #expect(SHA256Digest(bytes: third)?.hex == "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")
        let fourth = HMACSHA256(key: 1...25).code(for: [UInt8](repeating: 0xcd, count: 50))
        #expect(SHA256Digest(bytes: fourth)?.hex == "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b")
    }

    @Test func anEmptyKeyIsNotTheKeyBefore() {
        let before = HMACSHA256(key: [7, 7, 7]).code(for: "x".utf8)
        let empty = HMACSHA256(key: []).code(for: "x".utf8)
        #expect(empty != before)
        #expect(empty == HMACSHA256(key: [0]).code(for: "x".utf8), "HMAC pads a short key with zeros")
    }

    @Test func aKeyIsNeverShown() {
        let hmac = HMACSHA256(key: Array("very secret".utf8))
        var text = "\(hmac)"
        dump(hmac, to: &text)
        #expect(!text.contains("118") && !text.contains("secret"))
    }
}
