import FoundationEssentials
import QueueProtocol
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test func versionAndVariantAreThoseOfUUIDv7() {
        for _ in 0..<200 {
            let text = Array(JobID().description)
            #expect(text.count == 36)
            #expect(text[14] == "7")
            #expect("89ab".contains(text[19]))
        }
    }

    @Test func theTimeComesFirst() {
        let id = JobID(at: Date(timeIntervalSince1970: 1_645_557_742))
        // The example of RFC 9562, appendix A.6.
        #expect(id.description.hasPrefix("017f22e2-79b0-7"))
    }

    @Test func laterIdsSortLater() {
        let start = 1_795_248_214.0
        let ids = (0..<300).map { JobID(at: Date(timeIntervalSince1970: start + Double($0) * 0.001 + 0.0005)) }
        #expect(ids == ids.sorted())
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
        #expect(JobID(at: Date(timeIntervalSince1970: -5)).description.hasPrefix("00000000-0000-7"))
    }

    @Test func idsAreUnique() {
        let now = Date()
        #expect(Set((0..<10_000).map { _ in TakeID(at: now) }).count == 10_000)
    }

    @Test func textIsReadInEitherCaseAndWrittenInLowerCase() throws {
        let id = try #require(TakeID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"))
        #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        #expect(try JSONText.string([id]) == #"["017f22e2-79b0-7cc3-98c4-dc0c0c07398f"]"#)
        #expect(try JSONText.decode([TakeID].self, from: #"["017f22e2-79b0-7cc3-98c4-dc0c0c07398f"]"#) == [id])
    }

    @Test(arguments: [
        "", "x", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c0739}", "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398é", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f ",
    ])
    func whatIsNoID(text: String) {
        #expect(JobID(text) == nil)
        #expect(throws: DecodingError.self) { try JSONText.decode([JobID].self, from: "[\"\(text)\"]") }
    }

    @Test func theTextIsTheOneThatEverybodyWrites() {
        for _ in 0..<200 {
            let uuid = UUID()
            #expect(UUIDText.text(uuid) == uuid.uuidString.lowercased())
            #expect(UUIDText.uuid(uuid.uuidString) == uuid)
        }
    }
}
