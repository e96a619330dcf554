import QueueProtocol
import Testing

@testable import StudioCore

@Suite("Manifests of containers, resources, models and frames")
struct ContainerManifestTests {
    private static func manifest(
        _ runner: [String: JSONValue], _ more: [String: JSONValue] = [:]
    ) -> JSONValue {
        let base: [String: JSONValue] = [
            "name": "upscale-4x", "version": "1.2.0", "title": "Upscale",
            "parameters": [
                "type": "object",
                "properties": [
                    "strength": ["type": "number", "default": 0.5],
                    "every": ["type": "integer", "minimum": 1, "default": 1],
                ],
            ],
            "outputs": ["image": ["type": "image", "extension": "png", "primary": true]],
            "runner": .object(["kind": "container"].merging(runner) { $1 }),
        ]
        return .object(base.merging(more) { $1 })
    }

    private static func container(_ manifest: JSONValue) throws -> FunctionManifest.Container {
        guard case .container(let told) = try FunctionManifest(manifest).runner else {
            throw StudioError(.internalFault, "no container")
        }
        return told
    }

    @Test("What is not said is as safe as can be: no network, limits on all")
    func defaults() throws {
        let manifest = try FunctionManifest(Self.manifest(["image": "studio/upscale:1.2.0"]))
        let told = try Self.container(Self.manifest(["image": "studio/upscale:1.2.0"]))
        #expect(told == FunctionManifest.Container(image: "studio/upscale:1.2.0", contract: .batch))
        #expect(!told.network && told.pullPolicy == .ifNotPresent && told.command.isEmpty)
        #expect(manifest.resources == FunctionManifest.Resources(queue: "studio"))
        #expect(manifest.resources.memoryMegabytes == 4096 && manifest.resources.gpus == 0)
        #expect(manifest.models.isEmpty && manifest.frameStep == nil)
    }

    @Test(
        "As in Kubernetes, an image whose name may mean another tomorrow is pulled each time, unless it is said otherwise"
    )
    func pullPolicies() throws {
        let policies: [(String, FunctionManifest.Container.PullPolicy)] = [
            ("upscale", .always), ("upscale:latest", .always), ("registry.example:5000/upscale", .always),
            ("upscale:1", .ifNotPresent), ("registry.example:5000/a/b_c:1", .ifNotPresent),
            ("upscale@sha256:" + String(repeating: "a", count: 64), .ifNotPresent),
        ]
        for (image, policy) in policies {
            #expect(try Self.container(Self.manifest(["image": .string(image)])).pullPolicy == policy, "\(image)")
        }
        #expect(
            try Self.container(Self.manifest(["image": "upscale", "pullPolicy": "Never"])).pullPolicy == .never)
    }

    @Test("Everything that can be said is read")
    func whole() throws {
        let manifest = try FunctionManifest(
            Self.manifest(
                [
                    "image": "model:2", "protocol": "cog", "command": ["python", "-m", "x"], "network": true,
                    "environment": ["MODE": "fast"], "processes": 64, "temporaryMB": 10, "outputMB": 20,
                    "setupSeconds": 30, "idleSeconds": 0,
                ],
                [
                    "resources": ["queue": "gpu", "gpu": 2, "memoryMB": 8192, "cpus": 1.5],
                    "models": [
                        "upscale/4x.safetensors",
                        ["path": "b.pt", "sha256": .string(String(repeating: "0", count: 64))],
                    ],
                    "frames": ["step": "every"],
                ]))
        guard case .container(let told) = manifest.runner else {
            Issue.record("no container")
            return
        }
        #expect(told.contract == .cog && told.command == ["python", "-m", "x"] && told.network)
        #expect(told.environment == ["MODE": "fast"] && told.processes == 64)
        #expect((told.temporaryMegabytes, told.outputMegabytes) == (10, 20))
        #expect((told.setupSeconds, told.idleSeconds) == (30, 0))
        #expect(manifest.resources.gpus == 2 && manifest.resources.cpus == 1.5 && manifest.queue == "gpu")
        #expect(manifest.models.map(\.path) == ["upscale/4x.safetensors", "b.pt"] && manifest.models[1].sha256 != nil)
        #expect(manifest.frameStep == "every")
    }

    @Test("Each fault is found at its place")
    func faults() {
        let faults: [([String: JSONValue], [String: JSONValue], String)] = [
            ([:], [:], "/runner/image"), (["image": "Bad Name"], [:], "/runner/image"),
            (["image": "a:1", "protocol": "grpc"], [:], "/runner/protocol"),
            (["image": "a:1", "privileged": true], [:], "/runner/privileged"),
            (["image": "a:1", "command": "sh"], [:], "/runner/command"),
            (["image": "a:1", "environment": ["A B": "x"]], [:], "/runner/environment/A B"),
            (["image": "a:1", "environment": ["A": 1]], [:], "/runner/environment/A"),
            (["image": "a:1", "pullPolicy": "Sometimes"], [:], "/runner/pullPolicy"),
            (["image": "a:1", "network": "yes"], [:], "/runner/network"),
            (["image": "a:1", "outputMB": 0], [:], "/runner/outputMB"),
            (["image": "a:1", "idleSeconds": 5], [:], "/runner/idleSeconds"),
            (["image": "a:1"], ["resources": ["gpus": 1]], "/resources/gpus"),
            (["image": "a:1"], ["resources": ["cpus": 0]], "/resources/cpus"),
            (["image": "a:1"], ["models": "all"], "/models"),
            (["image": "a:1"], ["models": ["../secret"]], "/models/0"),
            (["image": "a:1"], ["models": ["/etc/passwd"]], "/models/0"),
            (["image": "a:1"], ["models": [["path": "a", "sha256": "zz"]]], "/models/0/sha256"),
            (["image": "a:1"], ["models": ["a", "a"]], "/models"),
            (["image": "a:1"], ["frames": [:]], "/frames/step"),
            (["image": "a:1"], ["frames": ["step": "strength"]], "/frames/step"),
            (["image": "a:1"], ["frames": ["step": "every", "x": 1]], "/frames/x"),
        ]
        for (runner, more, pointer) in faults {
            let error = #expect(throws: StudioError.self) { try FunctionManifest(Self.manifest(runner, more)) }
            #expect(error?.findings.map(\.pointer) == [pointer], "\(pointer)")
        }
    }

    @Test("A preview costs its share, rounded up; preview and rest cost what the whole does")
    func price() {
        #expect(FunctionManifest.previewPrice(ofWhole: 10, every: 4) == 3)
        #expect(FunctionManifest.previewPrice(ofWhole: 0, every: 4) == 0)
        #expect(FunctionManifest.previewPrice(ofWhole: 5, every: 1) == 5)
    }
}
