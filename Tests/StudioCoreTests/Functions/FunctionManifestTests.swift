import FoundationEssentials
import QueueProtocol
import StudioCore
import Testing

@Suite("Function manifests and the catalogue")
struct FunctionManifestTests {
    static let document: JSONValue = [
        "name": "upscale-4x", "version": "1.2.0", "title": "Upscale", "category": "Enhance",
        "parameters": [
            "type": "object",
            "properties": [
                "steps": ["type": "integer", "minimum": 1, "default": 10],
                "seconds": ["type": "number", "default": 2], "seed": ["type": "integer", "default": 0],
            ],
        ],
        "inputs": ["image": ["type": "image", "required": true]],
        "outputs": ["image": ["type": "image", "primary": true, "extension": "png"]],
        "quality": ["low": ["steps": 4], "high": ["steps": 40]],
        "cost": ["credits": 4, "perSecond": 3], "timeoutSeconds": 60, "retry": ["maxAttempts": 2],
        "resources": ["queue": "gpu"], "runner": ["kind": "encoder"],
    ]

    private func changed(_ key: String, _ value: JSONValue?) -> JSONValue {
        var members = Self.document.objectValue ?? [:]
        members[key] = value
        return .object(members)
    }

    @Test("A whole manifest is read; the user's values lie over the tier's, and those over the defaults")
    func whole() throws {
        let manifest = try FunctionManifest(Self.document, folder: "upscale-4x")
        #expect(manifest.queue == "gpu")
        #expect(manifest.maxAttempts == 2)
        #expect(manifest.runner == .encoder(operation: "upscale-4x"))
        #expect(manifest.primaryOutput?.fileExtension == "png")
        #expect(manifest.effectiveParameters([:], tier: .standard)["steps"] == 10)
        #expect(manifest.effectiveParameters([:], tier: .low)["steps"] == 4)
        #expect(manifest.effectiveParameters(["steps": 7], tier: .low)["steps"] == 7)
    }

    @Test("A function without outputs makes no take, and says so; media work makes a file")
    func takeless() throws {
        var members = Self.document.objectValue ?? [:]
        members["outputs"] = [:]
        members["runner"] = ["kind": "builtin", "operation": "noop"]
        let manifest = try FunctionManifest(.object(members))
        #expect(manifest.primaryOutput == nil)
        #expect(manifest.runner == .builtin(operation: "noop"))
        members["outputs"] = nil
        let missing = #expect(throws: StudioError.self) { try FunctionManifest(.object(members)) }
        #expect(missing?.findings.map(\.pointer) == ["/outputs"])
    }

    @Test("The type of file that media work makes may follow a parameter that lists the types")
    func chosenExtension() throws {
        var members = Self.document.objectValue ?? [:]
        members["parameters"] = [
            "type": "object",
            "properties": [
                "container": ["type": "string", "enum": ["mp4", "mov"], "default": "mp4"],
                "codec": ["type": "string", "enum": ["H.264"]],
            ],
        ]
        members["quality"] = nil
        func named(_ parameter: JSONValue) -> JSONValue {
            [
                "video": [
                    "type": "video", "primary": true, "extension": "mp4", "extensionParameter": parameter,
                ]
            ]
        }
        members["outputs"] = named("container")
        let port = try #require(try FunctionManifest(.object(members)).primaryOutput)
        #expect(port.fileExtension(with: ["container": "mov"]) == "mov")
        #expect(port.fileExtension(with: [:]) == "mp4")

        let pointer = "/outputs/video/extensionParameter"
        for wrong: JSONValue in ["codec", "nothing", 4] {
            members["outputs"] = named(wrong)
            let refusal = #expect(throws: StudioError.self) { try FunctionManifest(.object(members)) }
            #expect(refusal?.findings.map(\.pointer) == [pointer])
        }
        members["outputs"] = named("container")
        members["runner"] = ["kind": "container", "image": "studio/x:1", "protocol": "batch"]
        let refusal = #expect(throws: StudioError.self) { try FunctionManifest(.object(members)) }
        #expect(refusal?.findings.map(\.pointer) == [pointer])
    }

    @Test("How long a job waits between attempts is the function's to say")
    func retry() throws {
        #expect(try FunctionManifest(Self.document).retry == RetryPolicy())
        let patient = try FunctionManifest(changed("retry", ["backoffSeconds": 600]))
        #expect(patient.retry == RetryPolicy(base: .seconds(600), ceiling: .seconds(600)))
        let own = try FunctionManifest(changed("retry", ["backoffSeconds": 2, "maxBackoffSeconds": 7]))
        #expect(own.retry == RetryPolicy(base: .seconds(2), ceiling: .seconds(7)))
    }

    @Test("The price is the manifest's, per run and per second, rounded up")
    func price() throws {
        let manifest = try FunctionManifest(Self.document)
        #expect(manifest.price(of: ["seconds": 2]) == 10)
        #expect(manifest.price(of: ["seconds": 0.1]) == 5)
        #expect(manifest.price(of: [:]) == 4)
    }

    @Test("Each fault is found at its place")
    func faults() {
        let cases: [(String, JSONValue?, String)] = [
            ("name", "Upscale", "/name"), ("name", nil, "/name"), ("version", "1.2", "/version"),
            ("outputs", [:], "/outputs"), ("outputs", ["image": ["type": "image"]], "/outputs/image/extension"),
            ("inputs", ["x": ["type": "hologram"]], "/inputs/x/type"), ("quality", ["ultra": [:]], "/quality/ultra"),
            ("quality", ["low": ["nosuch": 1]], "/quality/low/nosuch"),
            ("quality", ["low": ["steps": 0]], "/quality/low/steps"),
            ("cost", ["credits": -1], "/cost/credits"), ("runner", ["kind": "magic"], "/runner/kind"),
            ("resources", ["queue": "GPU!"], "/resources/queue"), ("surprise", 1, "/surprise"),
            ("timeoutSeconds", 0, "/timeoutSeconds"), ("retry", ["backoffSeconds": 0], "/retry/backoffSeconds"),
            ("retry", ["backoffSeconds": 9, "maxBackoffSeconds": 8], "/retry/maxBackoffSeconds"),
            ("retry", ["often": true], "/retry/often"),
        ]
        for (key, value, pointer) in cases {
            let error = #expect(throws: StudioError.self) { try FunctionManifest(changed(key, value)) }
            #expect(error?.findings.map(\.pointer) == [pointer], "\(key)")
        }
        #expect(throws: StudioError.self) { try FunctionManifest(Self.document, folder: "other") }
        #expect(throws: StudioError.self) { try FunctionManifest(reading: Data("{".utf8)) }
    }

    @Test("A bad entry is reported and its last good version stays; a folder that is gone is gone")
    func reload() throws {
        let good = try FunctionManifest(Self.document)
        let fault = StudioError(.invalid, "broken")
        let first = FunctionCatalogue().reloaded(from: [.init(folder: good.name, manifest: .success(good))])
        #expect(try first.function(named: good.name) == good)
        let second = first.reloaded(from: [.init(folder: good.name, manifest: .failure(fault))])
        #expect(try second.function(named: good.name) == good)
        #expect(second.faults[good.name] == fault)
        let third = second.reloaded(from: [])
        let error = #expect(throws: StudioError.self) { try third.function(named: good.name) }
        #expect(error?.findings.map(\.code) == ["unknown-function"])
    }
}
