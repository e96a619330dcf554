import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// Files that a foreign program made, held against what they may be.
@Suite("Outputs of foreign programs") struct MadeOutputsTests {
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10] + [UInt8](repeating: 0, count: 92)

    private let folder: TemporaryDirectory
    private let function: FunctionManifest

    init() throws {
        folder = try TemporaryDirectory("outputs")
        function = try FunctionManifest([
            "name": "f", "version": "1.0.0", "title": "F", "parameters": ["type": "object", "properties": [:]],
            "inputs": [:],
            "outputs": [
                "image": ["type": "image", "primary": true, "extension": "png"],
                "mask": ["type": "mask", "extension": "png"],
            ],
            "resources": ["queue": "studio"], "runner": ["kind": "container", "image": "a:1"],
        ])
        mkdir(folder.path("out"), 0o755)
    }

    private func files(_ named: JSONValue = .null, limit: Int64 = .max) throws -> [String: String] {
        try MadeOutputs(
            named: named, function: function, folder: folder.path("out"), seenAs: "/studio/outputs", limit: limit
        ).files()
    }

    private func refusal(_ named: JSONValue = .null, limit: Int64 = .max) -> String {
        do {
            return "\(try files(named, limit: limit))"
        } catch {
            #expect((error as? JobFailure)?.code == .outputInvalid)
            #expect((error as? JobFailure)?.retryable == false)
            return (error as? JobFailure)?.message ?? "\(error)"
        }
    }

    @Test("A port gets the file of its own name, or the one that is named for it, as the program sees it")
    func found() throws {
        #expect(try files() == [:])
        try folder.write(Self.png, to: "out/image.png")
        try folder.write(Self.png, to: "out/frames/last.png")
        #expect(try files() == ["image": folder.path("out/image.png")])
        #expect(try files(["mask": .null]) == ["image": folder.path("out/image.png")])
        let both = ["image": folder.path("out/frames/last.png"), "mask": folder.path("out/image.png")]
        #expect(try files(["image": "frames/last.png", "mask": "/studio/outputs/image.png"]) == both)
    }

    @Test(
        "No name leads out of the folder",
        arguments: [
            "../secret.png", "frames/../../secret.png", "/etc/secret.png", "./image.png", "frames//last.png", "a\0.png",
            "/studio/outputs/../secret.png",
        ])
    func outside(_ name: String) throws {
        try folder.write(Self.png, to: "secret.png")
        try folder.write(Self.png, to: "out/frames/last.png")
        #expect(refusal(["image": .string(name)]).contains("is not in the folder"))
    }

    @Test("Links of every kind, devices, folders and marked files are no outputs")
    func kinds() throws {
        let path = folder.path("out/image.png")
        let secret = try folder.write(Self.png, to: "secret.png")
        symlink(secret, path)
        #expect(refusal().contains("is a link"))
        unlink(path)
        symlink(folder.path, folder.path("out/away"))
        #expect(refusal(["image": "away/secret.png"]).contains("is a link"))
        link(secret, path)
        #expect(refusal().contains("link to another file"))
        unlink(path)
        mkfifo(path, 0o600)
        #expect(refusal().contains("is no file"))
        unlink(path)
        mkdir(path, 0o755)
        #expect(refusal().contains("is no file"))
        rmdir(path)
        try folder.write(Self.png, to: "out/image.png")
        chmod(path, 0o4755)
        #expect(refusal().contains("run as somebody else"))
        chmod(path, 0o644)
        #expect(try files()["image"] == path)
    }

    @Test("Names of ports that there are not, of nothing, of other types")
    func names() throws {
        #expect(refusal(["film": "a.png"]).contains("the port film"))
        #expect(refusal(["image": 3]).contains("not named by a text"))
        #expect(refusal([1, 2]).contains("not an object"))
        #expect(refusal(["image": "absent.png"]).contains("is not there"))
        #expect(refusal(["image": "image.exe"]).contains("is no .png"))
        try folder.write(Array("#!/bin/sh\n".utf8), to: "out/image.png")
        #expect(refusal().contains("not what its name says"))
    }

    @Test("All outputs together keep to the limit")
    func limit() throws {
        try folder.write(Self.png, to: "out/image.png")
        try folder.write(Self.png, to: "out/mask.png")
        #expect(try files(limit: 200).count == 2)
        #expect(refusal(limit: 199).contains("larger than"))
    }
}
