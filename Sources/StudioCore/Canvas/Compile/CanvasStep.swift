import QueueProtocol

/// What a node means, read from its data.
enum CanvasStep {
    /// Runs of a function.
    case function(CanvasFunctionStep)
    /// Files that are there: one, or a list.
    case files([CanvasStepFile], isList: Bool)
    /// A value, or a list.
    case values([JSONValue], isList: Bool)
    /// A publication.
    case output(CanvasOutputStep)
    /// Means nothing to a run: a drawing, or a node whose data are wrong.
    case nothing

    /// How many results it has: nil for one, which is no list. Of a function only its own; what comes in adds to it.
    var count: Int? {
        switch self {
        case .files(let files, true): files.count
        case .values(let values, true): values.count
        default: nil
        }
    }
}

/// A file that an `asset` or a `take` node names.
struct CanvasStepFile {
    let input: CanvasPlan.Input
    let path: String
    let sha256: String
    /// Nil where nothing says what it is.
    let kind: FunctionManifest.Port.Kind?
}

/// What a `function` node says.
struct CanvasFunctionStep {
    let function: CanvasFunction
    let parameters: [String: JSONValue]
    let quality: QualityTier
    let shot: ShotName?
    let fanOut: (parameter: String, values: [JSONValue])?
}

/// What an `output` node says.
enum CanvasOutputStep {
    case take(ShotName, version: Int)
    case export(CutName, replaces: Bool)
}
