import StudioCore

/// What a container has to be, to be used again: another image, command, environment, model or bound is another container.
struct WarmRevision: Hashable, Sendable {
    var image: String
    var container: FunctionManifest.Container
    var resources: FunctionManifest.Resources
    var models: [ModelFile]
}

/// What is asked for: a container with the model of a function, loaded.
struct WarmOrder: Sendable {
    var function: FunctionManifest
    var container: FunctionManifest.Container
    var image: EngineImage
    var models: [ModelFile]

    var revision: WarmRevision {
        WarmRevision(image: image.id, container: container, resources: function.resources, models: models)
    }
}
