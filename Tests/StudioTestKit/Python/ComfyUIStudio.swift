public import QueueProtocol

/// Functions whose workflows the server of the tests carries out.
public enum ComfyUIStudio {
    /// The manifest of the function `dream`: a plain picture that goes through a node of many steps.
    ///
    /// The node waits at the step `holdAt` until there is a file at the path `hold`.
    ///
    /// - Parameters:
    ///   - name: The function's name; default `dream`.
    ///   - probe: The node between the picture and its saving; by default one of steps.
    ///   - save: The node that saves; by default ComfyUI's own.
    ///   - runner: Members of the manifest's `runner`, laid over the default's.
    /// - Returns: The manifest.
    public static func dream(
        name: String = "dream", probe: JSONValue? = nil, save: JSONValue? = nil, runner: [String: JSONValue] = [:]
    ) -> JSONValue {
        let probe =
            probe ?? [
                "class_type": "ProbeSteps",
                "inputs": [
                    "image": ["1", 0], "steps": 4, "preview": "none", "hold": "", "hold_at": 2, "seed": 0,
                ],
                "_meta": ["title": "Dreaming"],
            ]
        let save =
            save ?? [
                "class_type": "SaveImage", "inputs": ["images": ["2", 0], "filename_prefix": "ComfyUI"],
            ]
        let isStepping = probe["class_type"] == "ProbeSteps"
        let workflow: JSONValue = [
            "1": [
                "class_type": "EmptyImage",
                "inputs": ["width": 64, "height": 48, "batch_size": 1, "color": 3_368_601],
                "_meta": ["title": "Canvas"],
            ],
            "2": probe, "3": save,
            // Leads nowhere, and no server has it: it must not be sent.
            "9": ["class_type": "NobodyHasThis", "inputs": ["image": ["1", 0]]],
        ]
        let places: [String: JSONValue] = [
            "width": "Canvas.width", "height": "1.height", "color": "1.color",
        ]
        let steps: [String: JSONValue] = [
            "steps": "2.steps", "preview": "2.preview", "hold": "Dreaming.hold", "holdAt": "2.hold_at",
        ]
        let properties: [String: JSONValue] = [
            "width": ["type": "integer", "default": 64], "height": ["type": "integer", "default": 48],
            "color": ["type": "integer", "default": 3_368_601],
        ]
        let stepProperties: [String: JSONValue] = [
            "steps": ["type": "integer", "default": 4], "preview": ["type": "string", "default": "none"],
            "hold": ["type": "string", "default": ""], "holdAt": ["type": "integer", "default": 2],
            "seed": ["type": "integer", "minimum": 0, "default": 7],
        ]
        var bindings: [String: JSONValue] = [
            "parameters": .object(isStepping ? places.merging(steps) { $1 } : places), "outputs": ["image": "3"],
        ]
        if isStepping { bindings["seed"] = ["2.seed"] }
        return [
            "name": .string(name), "version": "1.0.0", "title": "Dream", "category": "ComfyUI",
            "parameters": [
                "type": "object",
                "properties": .object(isStepping ? properties.merging(stepProperties) { $1 } : properties),
            ],
            "outputs": ["image": ["type": "image", "primary": true, "extension": "png"]],
            "cost": ["credits": 2], "timeoutSeconds": 120,
            "retry": ["maxAttempts": 4, "backoffSeconds": 1, "maxBackoffSeconds": 1],
            "bindings": .object(bindings),
            "runner": .object(
                ["kind": "comfyui", "workflow": workflow, "silentSeconds": 60].merging(runner) { $1 }),
        ]
    }

    /// A manifest around a workflow of ``ComfyUIServer/workflow(_:)``.
    ///
    /// - Parameters:
    ///   - workflow: The workflow.
    ///   - node: The node that makes the output `made`.
    ///   - fileExtension: What it makes.
    ///   - parameters: Where parameters go, by name; any value is taken.
    ///   - inputs: Where inputs go, by port.
    /// - Returns: The manifest.
    public static func function(
        _ workflow: JSONValue, output node: String, _ fileExtension: String, parameters: [String: JSONValue] = [:],
        inputs: [String: JSONValue] = [:]
    ) -> JSONValue {
        [
            "name": "fixture", "version": "1.0.0", "title": "Fixture",
            "parameters": ["type": "object", "properties": .object(parameters.mapValues { _ in [:] })],
            "inputs": .object(inputs.mapValues { _ in ["type": "image", "required": true] }),
            "outputs": [
                "made": ["type": fileExtension == "mp4" ? "video" : "image", "extension": .string(fileExtension)]
            ],
            "bindings": [
                "parameters": .object(parameters), "inputs": .object(inputs), "outputs": ["made": .string(node)],
            ],
            "runner": ["kind": "comfyui", "workflow": workflow],
        ]
    }
}
