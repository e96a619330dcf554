import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore

/// The function catalogue as clients see it.
struct FunctionRoutes: RouteGroup {
    let library: FunctionLibrary

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/functions", use: list)
        router.get("/api/v1/functions/{function}", use: get)
    }

    @Sendable private func list(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.require(.read)
        let page = try PageRequest(request)
        let catalogue = library.current
        let rows = catalogue.functions.values.sorted { $0.name < $1.name }
            .drop { function in page.cursor.map { function.name <= $0 } ?? false }
            .prefix(page.limit + 1)
        return try .json(
            Page(Array(rows), for: page, key: \.name) { FunctionDocument($0, fault: catalogue.faults[$0.name]) })
    }

    @Sendable private func get(_ request: Request, context: GatewayContext) async throws -> Response {
        try context.require(.read)
        let name = try context.parameter("function")
        let catalogue = library.current
        guard let function = catalogue.functions[name] else {
            throw StudioError(.notFound, "there is no such function")
        }
        return try .json(FunctionDocument(function, fault: catalogue.faults[name]))
    }
}

/// A function as clients see it: how it is carried out is the studio's affair, and is left out.
struct FunctionDocument: Encodable, Sendable {
    struct Port: Encodable, Sendable {
        let type: String
        let required: Bool
        let list: Bool
        let primary: Bool?
        let `extension`: String?
    }

    struct Cost: Encodable, Sendable {
        let credits: Int
        let perSecond: Int
    }

    let name: String
    let version: String
    let title: String
    let description: String
    let category: String
    /// JSON Schema 2020-12.
    let parameters: JSONValue
    let inputs: [String: Port]
    let outputs: [String: Port]
    let quality: [String: [String: JSONValue]]
    let cost: Cost
    let timeoutSeconds: Int
    let maxAttempts: Int
    let queue: String
    let runner: String
    /// What is wrong with the newer manifest on disk, where there is one that could not be used.
    let faults: [Finding]?

    init(_ function: FunctionManifest, fault: StudioError?) {
        name = function.name
        version = function.version
        title = function.title
        description = function.summary
        category = function.category
        parameters = function.parameters.document
        inputs = Self.ports(function.inputs, areOutputs: false)
        outputs = Self.ports(function.outputs, areOutputs: true)
        quality = Dictionary(uniqueKeysWithValues: function.quality.map { ($0.key.rawValue, $0.value) })
        cost = Cost(credits: function.cost.credits, perSecond: function.cost.perSecond)
        timeoutSeconds = function.timeoutSeconds
        maxAttempts = function.maxAttempts
        queue = function.queue
        runner = function.runner.kind
        faults = fault?.findings
    }

    private static func ports(_ ports: [FunctionManifest.Port], areOutputs: Bool) -> [String: Port] {
        var documents: [String: Port] = [:]
        for port in ports {
            documents[port.name] = Port(
                type: port.kind.rawValue, required: port.isRequired, list: port.isList,
                primary: areOutputs ? port.isPrimary : nil, extension: port.fileExtension)
        }
        return documents
    }
}
