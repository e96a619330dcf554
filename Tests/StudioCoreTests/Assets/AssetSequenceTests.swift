import StudioCore
import Testing

@Suite struct AssetSequenceTests {
    @Test func aPictureBelongsToItsSequence() throws {
        let sequence = try #require(AssetSequence(frame: "01_Assets/plates/beauty.1005.exr"))
        #expect((sequence.folder, sequence.prefix, sequence.fileExtension) == ("01_Assets/plates", "beauty.", ".exr"))
        #expect(sequence.beginning == "01_Assets/plates/beauty.")
        #expect(sequence.number(of: "beauty.1005.exr") == 1005 && sequence.number(of: "beauty.7.exr") == 7)
        // What only looks like one of them does not count.
        let others = ["beauty.exr", "beauty.1.png", "beauty2.1.exr", "beauty.1_left.exr", "note.1.exr"]
        #expect(others.allSatisfy { sequence.number(of: $0) == nil })
    }

    @Test(arguments: ["01_Assets/notes.1.txt", "01_Assets/sea.png", "a.1.png", "01_Assets/SHOT-010_v01_take03.png"])
    func whatHasNoNumberOrIsNoPictureIsNoFrame(path: String) { #expect(AssetSequence(frame: path) == nil) }

    @Test func framesRiseByTheirNumbersAndAreOfOneFolder() throws {
        let sequence = try #require(AssetSequence(frame: "01_Assets/f9.png"))
        let paths = [
            "01_Assets/f10.png", "01_Assets/f9.png", "01_Assets/old/f1.png", "01_Assets/f010.png", "01_Assets/g2.png",
        ]
        #expect(sequence.frames(among: paths) { $0 } == ["01_Assets/f9.png", "01_Assets/f010.png"])
    }
}
