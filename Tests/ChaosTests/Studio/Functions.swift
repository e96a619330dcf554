import Foundation
import QueueProtocol
import StudioTestKit

/// The shipped functions, and some that cost credits without making media or fail for sure.
enum Functions {
    /// Copies the shipped catalogue and adds what a run needs.
    static func install(into workspace: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        try FileManager.default.createDirectory(atPath: workspace, withIntermediateDirectories: true)
        let library = URL(fileURLWithPath: workspace).appendingPathComponent("Library")
        try FileManager.default.copyItem(at: root.appendingPathComponent("Workspace/Library"), to: library)
        for (name, manifest) in [
            ("errand", waiting("errand", queue: "side", credits: 3, milliseconds: 0, timeout: 60)),
            // By a Python worker of Celery.
            ("paint", PythonStudio.paint()),
            ("box", box), ("sky", sky), ("dream", dream),
            // Longer than it may take.
            ("stumble", waiting("stumble", queue: "studio", credits: 5, milliseconds: 10_000, timeout: 1)),
        ] {
            let folder = library.appendingPathComponent("Pipeline_Templates/\(name)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try JSONText.document(manifest).write(to: folder.appendingPathComponent("function.json"))
        }
        try JSONText.document(ComfyUIStudio.dream()["runner"]?["workflow"] ?? .null)
            .write(to: library.appendingPathComponent("Pipeline_Templates/dream/workflow.json"))
    }

    /// A picture by a container of its own, which tells of its progress meanwhile.
    private static let box = picture(
        "box", parameters: ["milliseconds": ["type": "integer", "minimum": 0, "maximum": 3900, "default": 0]],
        memory: 64,
        runner: [
            "kind": "container", "image": .string(PrivateDocker.tool), "pullPolicy": "Never",
            "command": [
                "sh", "-c",
                #"""
                part=$(printf '0.%03d' $(($(sed -n 's/.*"milliseconds":\([0-9]*\).*/\1/p' /studio/request.json) / 4)))
                for progress in 0.2 0.4 0.6 0.8; do echo "{\"progress\": $progress}"; sleep "$part"; done
                /picture
                """#,
            ],
        ])

    /// A picture by a model of Cog's in a container that stays for a while.
    private static let sky = picture(
        "sky", parameters: ["steps": ["type": "integer", "minimum": 1, "maximum": 100, "default": 4]], memory: 512,
        runner: [
            "kind": "container", "protocol": "cog", "image": .string(ModelServers.cogImage), "pullPolicy": "Never",
            "setupSeconds": 60, "idleSeconds": 15,
        ])

    /// A picture by a ComfyUI server.
    private static let dream: JSONValue = {
        var members = ComfyUIStudio.dream().objectValue ?? [:]
        members["runner"] = .object((members["runner"]?.objectValue ?? [:]).filter { $0.key != "workflow" })
        return .object(members)
    }()

    private static func picture(
        _ name: String, parameters: [String: JSONValue], memory: Int64, runner: JSONValue
    ) -> JSONValue {
        let seed: JSONValue = ["type": "integer", "minimum": 0, "default": 7]
        return [
            "name": .string(name), "version": "1.0.0", "title": .string(name), "category": "Models",
            "parameters": ["type": "object", "properties": .object(parameters.merging(["seed": seed]) { $1 })],
            "outputs": ["image": ["type": "image", "primary": true, "extension": "png"]],
            "cost": ["credits": 2], "timeoutSeconds": 120,
            "retry": ["maxAttempts": 3, "backoffSeconds": 1, "maxBackoffSeconds": 2],
            "resources": ["queue": "side", "memoryMB": .integer(memory), "cpus": 1],
            "runner": runner,
        ]
    }

    private static func waiting(
        _ name: String, queue: String, credits: Int64, milliseconds: Int64, timeout: Int64
    ) -> JSONValue {
        [
            "name": .string(name), "version": "1.0.0", "title": .string(name), "description": "Waits.",
            "category": "Operations",
            "parameters": [
                "type": "object",
                "properties": [
                    "milliseconds": [
                        "type": "integer", "title": "Milliseconds", "minimum": 0, "maximum": 60000,
                        "default": .integer(milliseconds),
                    ]
                ],
            ],
            "inputs": [:], "outputs": [:], "quality": ["low": [:], "standard": [:], "high": [:]],
            "cost": ["credits": .integer(credits), "perSecond": 0], "timeoutSeconds": .integer(timeout),
            "retry": ["maxAttempts": 3, "backoffSeconds": 1, "maxBackoffSeconds": 2],
            "resources": ["queue": .string(queue)],
            "runner": ["kind": "builtin", "operation": "noop"],
        ]
    }
}
