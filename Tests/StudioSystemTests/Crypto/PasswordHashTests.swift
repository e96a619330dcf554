import StudioSystem
import Testing

@Suite struct PasswordHashTests {
    /// RFC 7914, section 12, the three that fit the memory of a small machine.
    @Test(arguments: [
        (
            "", "", 16 as UInt64, 1 as UInt64, 1 as UInt64,
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        (
            "password", "NaCl", 1024, 8, 16,
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
        (
            "pleaseletmein", "SodiumChloride", 16384, 8, 1,
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        ),
    ]) func derivesAsRFC7914Says(
        password: String, salt: String, rounds: UInt64, blockSize: UInt64, parallelism: UInt64, hex: String
    ) throws {
        let key = try PasswordHash.scrypt(
            Array(password.utf8), salt: Array(salt.utf8), rounds: rounds, blockSize: blockSize,
            parallelism: parallelism, count: 64)
        #expect(Hexadecimal.encode(key) == hex)
    }

    @Test func onlyThePasswordMatches() throws {
        let hash = try PasswordHash(hashing: "correct horse")
        #expect(hash.text.hasPrefix("$scrypt$ln=15,r=8,p=1$"))
        #expect(try hash.matches("correct horse"))
        #expect(try !hash.matches("correct horse "))
        #expect(try !hash.matches(""))
        let kept = try #require(PasswordHash(text: hash.text))
        #expect(kept == hash && kept.text == hash.text)
        #expect(try kept.matches("correct horse"))
        #expect(try PasswordHash(hashing: "correct horse") != hash, "the salt is fresh")
    }

    @Test func theCostStandsInTheText() throws {
        let cost = try #require(PasswordHash.Cost(logarithmN: 10, blockSize: 4, parallelism: 2))
        let hash = try PasswordHash(hashing: "ü", cost: cost)
        #expect(hash.text.hasPrefix("$scrypt$ln=10,r=4,p=2$"))
        let kept = try #require(PasswordHash(text: hash.text))
        #expect(kept.cost == cost)
        #expect(try kept.matches("ü"))
    }

    @Test func nobodyMatches() throws {
        #expect(try !PasswordHash.matchesNobody(""))
        #expect(try !PasswordHash.matchesNobody("anything"))
    }

    @Test(arguments: [
        "", "$scrypt$", "scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$ln=15,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=9,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=21,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=20,r=32,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=15,r=0,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=+15,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$r=8,ln=15,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=15,r=8,p=1$c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$aGFzaA",
        "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ=$aGFzaGhhc2hoYXNoaGFzaA",
        "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA$",
    ]) func refusesEveryOtherText(_ text: String) {
        #expect(PasswordHash(text: text) == nil)
    }

    @Test func theHashIsNeverShown() throws {
        let hash = try #require(PasswordHash(text: "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"))
        var text = "\(hash)"
        dump(hash, to: &text)
        #expect(!text.contains("c2FsdHNhbHQ") && !text.contains("104"))
    }
}
