public import QueueProtocol

extension ProjectManifest {
    /// The JSON Schema (2020-12) of `project.json`. What reading refuses is what it refuses, since reading asks it.
    ///
    /// It is published as `Library/project.schema.json` of the workspace; manifests do not name it, since a clone lies
    /// wherever its owner put it and a relative `$schema` would lead nowhere there. Version 1 is the only one there has
    /// been: there is nothing to migrate from. The first change of the format gets version 2 and the way from 1 to 2.
    public static let schemaDocument: JSONValue = [
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "project.json",
        "description": .string(
            "A production of the Generative Media Studio, format version 1, the only one there has been. The studio writes "
                + "every member named here, keys sorted, two-space indent; members that it does not know are kept. A file "
                + "with another schemaVersion is refused and left as it is."),
        "type": "object",
        "required": ["schemaVersion", "uuid", "title", "quality"],
        "additionalProperties": true,
        "properties": [
            "schemaVersion": [
                "type": "integer", "const": .integer(Int64(currentSchemaVersion)),
                "description": "The format's version.",
            ],
            "uuid": [
                "type": "string",
                "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
                "description": "The project's id, the same for as long as it lives.",
            ],
            "title": ["type": "string", "minLength": 1, "description": "The name for people."],
            "description": ["type": "string", "description": "What it is about."],
            "quality": [
                "type": "string", "enum": .array(QualityTier.allCases.map { .string($0.rawValue) }),
                "description": "The tier of jobs that do not say.",
            ],
            "settings": settingsSchema,
            "canvas": canvasSchema,
            "createdAt": [
                "type": "string",
                "pattern":
                    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$",
                "description": "When it was made, an RFC 3339 time.",
            ],
        ],
    ]

    /// The schema, ready to be asked.
    static let schema = Result<ParameterSchema, StudioError> { () throws(StudioError) in
        try ParameterSchema(schemaDocument)
    }

    private static let settingsSchema: JSONValue = [
        "type": "object", "additionalProperties": true, "description": "What the production is made in.",
        "properties": [
            "frameRate": [
                "type": "string", "pattern": "^[1-9][0-9]*(/[1-9][0-9]*)?$",
                "description": "Frames a second, whole or as a fraction such as 24000/1001.",
            ],
            "resolution": [
                "type": "object", "required": ["width", "height"], "additionalProperties": true,
                "properties": [
                    "width": ["type": "integer", "minimum": 1, "description": "Pixels."],
                    "height": ["type": "integer", "minimum": 1, "description": "Pixels."],
                ],
            ],
            "colourSpace": ["type": "string", "minLength": 1, "description": "Such as bt709."],
            "sampleRate": ["type": "integer", "minimum": 1, "description": "Samples of sound a second."],
        ],
    ]

    private static let canvasSchema: JSONValue = [
        "type": "object", "additionalProperties": true,
        "description": "The main canvas as Svelte Flow holds it: nodes with their parameters, edges, viewport.",
        "properties": [
            "nodes": ["type": "array", "items": ["type": "object", "additionalProperties": true]],
            "edges": ["type": "array", "items": ["type": "object", "additionalProperties": true]],
            "viewport": [
                "type": "object", "additionalProperties": true,
                "properties": ["x": ["type": "number"], "y": ["type": "number"], "zoom": ["type": "number"]],
            ],
        ],
    ]
}
