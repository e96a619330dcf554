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
            // Longer than it may take.
            ("stumble", waiting("stumble", queue: "studio", credits: 5, milliseconds: 10_000, timeout: 1)),
        ] {
            let folder = library.appendingPathComponent("Pipeline_Templates/\(name)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try JSONText.document(manifest).write(to: folder.appendingPathComponent("function.json"))
        }
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
