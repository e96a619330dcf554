import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// What a model returned, as files of a function's outputs.
@Suite("Outputs of a Cog model") struct CogOutputsTests {
    private static let picture = "data:image/png;base64," + Data([0x89, 0x50, 0x4E, 0x47, 1, 2]).base64EncodedString()

    private static func function(_ outputs: JSONValue) throws -> FunctionManifest {
        try FunctionManifest([
            "name": "f", "version": "1.0.0", "title": "F", "outputs": outputs,
            "runner": ["kind": "container", "image": "studio/f:1", "protocol": "cog"],
        ])
    }

    private static let image: JSONValue = ["image": ["type": "image", "primary": true, "extension": "png"]]
    private static let several: JSONValue = [
        "image": ["type": "image", "primary": true, "extension": "png"],
        "caption": ["type": "text", "extension": "txt", "required": false],
        "loss": ["type": "number", "extension": "txt", "required": false],
        "boxes": ["type": "json", "extension": "json", "required": false],
    ]

    private func files(
        _ output: JSONValue, _ outputs: JSONValue, limit: Int64 = 1000, uploads: CogOutputFiles.Uploads? = nil
    ) throws -> [String: String] {
        let folder = try TemporaryDirectory("outputs")
        let function = try Self.function(outputs)
        let values = try CogOutputs(function).assigned(output).values
        return try CogOutputFiles(folder: folder.path, limit: limit, uploads: uploads)
            .write(values, of: function).mapValues { path in
                #expect(path.hasPrefix(folder.path + "/"))
                return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
            }
    }

    @Test("Files, texts, numbers and JSON become files of their outputs")
    func kinds() throws {
        #expect(try files(.string(Self.picture), Self.image).keys.sorted() == ["image"])
        #expect(try files("a lake", ["t": ["type": "text", "extension": "txt"]]) == ["t": "a lake"])
        #expect(try files(["a ", "lake"], ["t": ["type": "text", "extension": "txt"]]) == ["t": "a lake"])
        #expect(try files(0.5, ["n": ["type": "number", "extension": "txt"]]) == ["n": "0.5"])
        #expect(
            try files(["b": 1, "a": [2]], ["j": ["type": "json", "extension": "json"]])
                == ["j": #"{"a":[2],"b":1}"#])
        let made = try files(
            ["image": .string(Self.picture), "caption": "a lake", "loss": 0.25, "boxes": [1], "more": 7], Self.several)
        #expect(made.keys.sorted() == ["boxes", "caption", "image", "loss"])
        #expect(made["boxes"] == "[1]")
        let others = try CogOutputs(Self.function(Self.several)).assigned(["image": "x", "more": 7]).others
        #expect(others == ["more": 7])
    }

    @Test("A list fills the outputs in their order, and none too many is thrown away")
    func lists() throws {
        let two: JSONValue = [
            "image": ["type": "image", "primary": true, "extension": "png"],
            "second": ["type": "image", "extension": "png"],
        ]
        #expect(try files([.string(Self.picture)], Self.image).count == 1)
        #expect(try files([.string(Self.picture), .string(Self.picture)], two).count == 2)
        let failure = #expect(throws: JobFailure.self) {
            try files([.string(Self.picture), .string(Self.picture)], Self.image)
        }
        #expect(failure?.message.contains("a list of 2") == true)
    }

    @Test("What is no file of the output's kind is refused, with the reason")
    func refused() throws {
        let cases: [(JSONValue, String)] = [
            ("https://example.com/a.png", "an address"), ("a lake", "is no file"), (.null, "made nothing"),
            ("data:image/png;base64,AAAA", "not what it is to be"), ("data:image/png,abc", "is no file"),
            (7, "no file"),
        ]
        for (output, message) in cases {
            let failure = #expect(throws: JobFailure.self) { try files(output, Self.image) }
            #expect(failure?.code == .outputInvalid)
            #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
        }
        let failure = #expect(throws: JobFailure.self) { try files(.string(Self.picture), Self.image, limit: 5) }
        #expect(failure?.message.contains("larger") == true)
    }

    @Test("A file that was put aside is copied, and only from the folder that it was put into")
    func uploads() throws {
        let folder = try TemporaryDirectory("uploads")
        try folder.write([0x89, 0x50, 0x4E, 0x47, 9], to: "files/a/1-out.png")
        try folder.write([0x89, 0x50, 0x4E, 0x47, 9], to: "secret.png")
        let link = folder.path("files/a/link.png")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path("secret.png"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("files/up"), withDestinationPath: folder.path)
        let uploads = CogOutputFiles.Uploads(address: "http://here/o/", folder: folder.path("files"))
        #expect(try files("http://here/o/a/1-out.png", Self.image, uploads: uploads).count == 1)
        for place in ["../secret.png", "a/link.png", "up/secret.png", "a", "a/none.png", "", "/etc/hostname"] {
            let failure = #expect(throws: JobFailure.self, "\(place)") {
                try files(.string("http://here/o/" + place), Self.image, uploads: uploads)
            }
            #expect(failure?.message.contains(folder.path) == false)
        }
        #expect(throws: JobFailure.self) {
            try files("http://here/o/a/1-out.png", Self.image, limit: 4, uploads: uploads)
        }
    }

    @Test("What the server and Python say of failures is sorted into the studio's causes")
    func failures() {
        let cases: [(String, FailureCode, String)] = [
            ("Prediction failed: Prediction failed: ValueError: bad\nthing", .runnerFailed, "ValueError: bad\nthing"),
            ("Prediction failed: Prediction failed: MemoryError: 8 GiB", .outOfMemory, "MemoryError: 8 GiB"),
            (
                "Prediction failed: Generator iteration error: OutOfMemoryError: CUDA out of memory.", .outOfMemory,
                "OutOfMemoryError: CUDA out of memory."
            ),
            (
                "Prediction failed: Prediction failed: TypeError: run() got an unexpected keyword argument 'x'",
                .parametersInvalid, "TypeError: run() got an unexpected keyword argument 'x'"
            ),
            (
                "Failed to upload output: upload returned status 413 Payload Too Large", .outputInvalid,
                "Failed to upload output: upload returned status 413 Payload Too Large"
            ),
            ("", .runnerFailed, "The model failed without a word."),
        ]
        for (text, code, message) in cases {
            let failure = CogFailure.failure(text)
            #expect(failure.code == code)
            #expect(failure.message == message)
            #expect(failure.isElsewhere)
        }
    }
}
