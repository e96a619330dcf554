import FoundationEssentials
import QueueProtocol

/// What a request comes to: one of the few things that runners ask of an engine.
enum GateOrder: Sendable, Hashable {
    /// What a container is to be done to.
    enum Deed: String, Sendable, Hashable, CaseIterable {
        case inspect = "json"
        case start, attach, logs, wait, stop, kill
        case remove
    }

    /// Whether the engine answers.
    case ping
    /// What it is.
    case version
    /// What its machine has.
    case capacity
    /// Something about images, as the engine is asked for it.
    case image(GateCall)
    /// Makes a container; its body is still to be held to the rules.
    case create(name: String, body: JSONValue)
    /// Lists containers with these labels.
    case list(labels: [String], all: Bool)
    /// Does something to one container; whose it is, is still to be found out.
    case container(String, Deed, query: [String: String])

    /// Reads a request.
    ///
    /// - Parameter request: The request.
    /// - Throws: ``GateRefusal`` for everything that no runner asks.
    init(_ request: GateRequest) throws(GateRefusal) {
        let (method, path) = (request.method, request.path)
        let isCreation = (method, path) == ("POST", ["containers", "create"])
        // Old versions of the API take settings with a start.
        guard isCreation || request.body.isEmpty || request.body.elementsEqual("{}".utf8) else {
            throw GateRefusal("\(method) /\(path.joined(separator: "/")) has no body")
        }
        switch (method, path.first, path.count) {
        case ("GET", "_ping"?, 1): self = .ping
        case ("GET", "version"?, 1): self = .version
        case ("GET", "info"?, 1): self = .capacity
        case ("GET", "images"?, 3...) where path.last == "json":
            try Self.expect(request, [:])
            self = .image(GateCall("GET", "/" + path.joined(separator: "/")))
        case ("POST", "images"?, 2) where path[1] == "create": self = .image(try Self.pull(request))
        case ("GET", "containers"?, 2) where path[1] == "json": self = try Self.list(request)
        case ("POST", "containers"?, 2) where isCreation: self = try Self.create(request)
        case ("GET", "containers"?, 3), ("POST", "containers"?, 3), ("DELETE", "containers"?, 2):
            self = try Self.container(request)
        default: throw Self.unknown(request)
        }
    }

    private static func unknown(_ request: GateRequest) -> GateRefusal {
        GateRefusal(
            "\(request.method) /\(request.path.joined(separator: "/").prefix(200)) is nothing that a runner asks")
    }

    private static func expect(
        _ request: GateRequest, _ rules: [String: @Sendable (String) -> Bool]
    ) throws(GateRefusal) {
        for (name, value) in request.query.sorted(by: { $0.key < $1.key }) {
            guard let holds = rules[name], holds(value) else {
                throw GateRefusal(
                    "\(request.method) /\(request.path.joined(separator: "/")) with \(name)=\(value) is nothing that a runner asks"
                )
            }
        }
    }

    private static func pull(_ request: GateRequest) throws(GateRefusal) -> GateCall {
        let isName: @Sendable (String) -> Bool = { name in
            !name.isEmpty && name.utf8.count <= 512
                && name.utf8.allSatisfy { GateRequest.isWord($0) || "/:@".utf8.contains($0) }
        }
        try expect(request, ["fromImage": isName, "tag": isName])
        guard request.query["fromImage"] != nil, request.query["tag"] != nil else {
            throw GateRefusal("an image is pulled by its name and its tag or digest")
        }
        return GateCall(
            "POST", "/images/create", query: request.query, registryAuthorization: request.registryAuthorization)
    }

    private static func list(_ request: GateRequest) throws(GateRefusal) -> GateOrder {
        try expect(request, ["all": isFlag, "filters": { _ in true }])
        var labels: [String] = []
        if let text = request.query["filters"] {
            let filters = EngineJSON.value(Data(text.utf8))?.objectValue
            guard let filters, filters.keys.allSatisfy({ $0 == "label" }),
                let wanted = (filters["label"] ?? []).arrayValue?.map(\.stringValue), !wanted.contains(nil)
            else { throw GateRefusal("containers are listed by label only") }
            labels = wanted.compactMap(\.self)
        }
        return .list(labels: labels, all: isSet(request.query["all"]))
    }

    private static func create(_ request: GateRequest) throws(GateRefusal) -> GateOrder {
        try expect(
            request,
            [
                "name": { name in
                    name.hasPrefix(Self.prefix) && name.utf8.count <= 200 && name.utf8.allSatisfy(GateRequest.isWord)
                }
            ])
        guard let name = request.query["name"] else { throw GateRefusal("a container has a name, studio-…") }
        guard let body = EngineJSON.value(request.body), body.objectValue != nil else {
            throw GateRefusal("the description of a container is no JSON object", status: 400)
        }
        return .create(name: name, body: body)
    }

    /// What the names of runners' containers begin with.
    static let prefix = "studio-"

    private static func container(_ request: GateRequest) throws(GateRefusal) -> GateOrder {
        let name = request.path[1]
        guard name.utf8.allSatisfy(GateRequest.isWord) else { throw unknown(request) }
        let deed: Deed? = request.method == "DELETE" ? .remove : Deed(rawValue: request.path[2])
        guard let deed, (deed == .remove) == (request.method == "DELETE"),
            (request.method == "GET") == [.inspect, .logs].contains(deed)
        else { throw unknown(request) }
        let isNumber: @Sendable (String) -> Bool = { Int($0).map { (0...100_000).contains($0) } ?? false }
        let rules: [String: @Sendable (String) -> Bool] =
            switch deed {
            case .inspect, .start: [:]
            // What goes into a container comes by files.
            case .attach: ["stream": isFlag, "stdout": isFlag, "stderr": isFlag, "logs": isFlag]
            case .logs:
                ["follow": isFlag, "stdout": isFlag, "stderr": isFlag, "timestamps": isFlag, "tail": isNumber]
            case .wait: ["condition": { ["not-running", "next-exit", "removed"].contains($0) }]
            case .stop: ["t": isNumber]
            case .kill: ["signal": { !$0.isEmpty && $0.utf8.count < 16 && $0.utf8.allSatisfy(GateRequest.isWord) }]
            case .remove: ["force": isFlag, "v": isFlag]
            }
        try expect(request, rules)
        return .container(name, deed, query: request.query)
    }

    private static let isFlag: @Sendable (String) -> Bool = { ["0", "1", "true", "false"].contains($0) }

    private static func isSet(_ text: String?) -> Bool { text == "1" || text == "true" }
}

/// A request as the engine is sent it: written anew from what was understood, nothing else of what came.
struct GateCall: Sendable, Hashable {
    var method: String
    /// The path below the version.
    var path: String
    var query: [String: String]
    var registryAuthorization: String?
    var body: JSONValue?

    init(
        _ method: String, _ path: String, query: [String: String] = [:], registryAuthorization: String? = nil,
        body: JSONValue? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.registryAuthorization = registryAuthorization
        self.body = body
    }

    /// What a container of that id is done to.
    init(_ deed: GateOrder.Deed, to id: String, query: [String: String]) {
        switch deed {
        case .inspect, .logs: self.init("GET", "/containers/\(id)/\(deed.rawValue)", query: query)
        case .remove: self.init("DELETE", "/containers/\(id)", query: query)
        default: self.init("POST", "/containers/\(id)/\(deed.rawValue)", query: query)
        }
    }

    /// The request's target.
    func target(version: EngineVersion.Number) -> String {
        let asked = query.sorted { $0.key < $1.key }.map { "\($0.key)=\(ContainerEngine.escaped($0.value))" }
        return "/v\(version)\(path)" + (asked.isEmpty ? "" : "?" + asked.joined(separator: "&"))
    }
}
