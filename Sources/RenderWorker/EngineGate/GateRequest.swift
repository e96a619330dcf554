import QueueProtocol

/// Why the gate does not pass a request on.
struct GateRefusal: Error, Sendable, Hashable {
    /// The HTTP status.
    var status: Int
    /// What is refused, for people.
    var message: String

    init(_ message: String, status: Int = 403) {
        self.message = message
        self.status = status
    }
}

/// A request as it came, taken apart.
struct GateRequest: Sendable, Hashable {
    var method: String
    /// The path's components, without the version of the API.
    var path: [String]
    /// What is asked, by name.
    var query: [String: String]
    /// What registries are told, where the client sent it.
    var registryAuthorization: String?
    var body: [UInt8]

    /// Takes a request apart.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - target: The request's target, `/v1.41/containers/json?all=1`.
    ///   - registryAuthorization: The header `X-Registry-Auth`.
    ///   - body: The body.
    /// - Throws: ``GateRefusal`` for what two readers could understand in two ways.
    init(
        method: String, target: String, registryAuthorization: String? = nil, body: [UInt8] = []
    ) throws(GateRefusal) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = halves.first.map(String.init) ?? ""
        guard path.hasPrefix("/"), path.utf8.allSatisfy(Self.isPlain) else {
            throw GateRefusal(
                "the path \(path.prefix(200)) has characters that no path of the engine needs", status: 400)
        }
        var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains(where: { ["", ".", ".."].contains($0) }) else {
            throw GateRefusal("the path \(path.prefix(200)) is not in its shortest form", status: 400)
        }
        if let first = parts.first, first.hasPrefix("v"), EngineVersion.Number(String(first.dropFirst())) != nil {
            parts.removeFirst()
        }
        self.method = method
        self.path = parts
        self.query = try Self.query(halves.count > 1 ? halves[1] : "")
        if let registryAuthorization {
            guard registryAuthorization.utf8.count <= 16 << 10, registryAuthorization.utf8.allSatisfy(Self.isBase64)
            else {
                throw GateRefusal("X-Registry-Auth is not base 64", status: 400)
            }
        }
        self.registryAuthorization = registryAuthorization
        self.body = body
    }

    private static func query(_ text: Substring) throws(GateRefusal) -> [String: String] {
        var query: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decoded(halves[0])
            // The engine takes the first of two, others the last.
            guard query.updateValue(try decoded(halves.count > 1 ? halves[1] : ""), forKey: name) == nil else {
                throw GateRefusal("the query says \(name.prefix(100)) twice", status: 400)
            }
        }
        return query
    }

    private static func decoded(_ text: Substring) throws(GateRefusal) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    throw GateRefusal("the query cannot be read", status: 400)
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw GateRefusal("the query cannot be read", status: 400)
        }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? { UInt8(String(UnicodeScalar(byte)), radix: 16) }

    /// Letters, digits and what names of images and containers have beside them: nothing that would have to be decoded.
    private static func isPlain(_ byte: UInt8) -> Bool { isWord(byte) || "/:@".utf8.contains(byte) }

    /// What names of containers may have.
    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_.-".utf8.contains(byte)
        }
    }

    private static func isBase64(_ byte: UInt8) -> Bool { isWord(byte) || "+/=".utf8.contains(byte) }
}
