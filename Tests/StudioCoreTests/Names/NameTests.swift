import StudioCore
import Testing

@Suite("Names that become folders and files")
struct NameTests {
    @Test(
        "A project's name that is a folder name everywhere is taken",
        arguments: ["film", "Film_2", "0x", "A-b_C", String(repeating: "a", count: 63), "console"])
    func goodProjectNames(name: String) throws {
        #expect(try ProjectName(name).text == name)
    }

    @Test(
        "A project's name that some system would misread is refused with its rule",
        arguments: [
            "", "../x", "a/b", "a\\b", "a\u{0}b", ".hidden", "-x", "_x", "a b", "CON", "con", "nul", "Lpt9", "fïlm",
            "f\u{456}lm", "film\u{202E}", "ﬁlm", String(repeating: "a", count: 64), String(repeating: "a", count: 300),
        ])
    func badProjectNames(name: String) {
        let error = #expect(throws: StudioError.self) { try ProjectName(name) }
        #expect(error?.code == .invalid)
        #expect(error?.findings.map(\.code) == ["path-invalid"])
        #expect(error?.findings.map(\.pointer) == ["/name"])
    }

    @Test(
        "Shots",
        arguments: [("SHOT-010", true), ("A", true), ("shot", false), ("-A", false), ("", false), ("A_B", false)])
    func shotNames(name: String, isGood: Bool) {
        #expect(((try? ShotName(name)) != nil) == isGood)
        #expect((try? ShotName(String(repeating: "A", count: 33))) == nil)
    }

    @Test("A take's file name is read back as it was written, however many digits")
    func takeNames() throws {
        for (version, number) in [(1, 1), (9, 10), (99, 100), (123, 4567)] {
            let name = TakeName(shot: try ShotName("SHOT-010"), version: version, number: number, fileExtension: "mp4")
            #expect(TakeName(fileName: name.fileName) == name)
        }
        let first = TakeName(shot: try ShotName("SHOT-010"), version: 1, number: 1, fileExtension: "mp4")
        #expect(first.path == "03_Renders/SHOT-010/SHOT-010_v01_take01.mp4")
        #expect(first.sidecarPath == "03_Renders/SHOT-010/SHOT-010_v01_take01.json")
    }

    @Test(
        "Other files are no takes",
        arguments: [
            "SHOT-010_v1_take01.mp4", "SHOT-010_v01_take00.mp4", "shot_v01_take01.mp4", "x.mp4", "SHOT_v01_take01",
        ])
    func notTakes(fileName: String) {
        #expect(TakeName(fileName: fileName) == nil)
    }
}
