import QueueProtocol
import StudioMedia

/// What the operations read out of a request.
extension MediaJobRequest {
    /// The one file of the port `source`.
    func source() throws -> String {
        guard let path = inputs["source"]?.first else { throw MediaError(.parametersInvalid, "There is no input.") }
        return path
    }

    /// The primary output's port, after which its file is named.
    var outputPort: String {
        let name = output.split(separator: "/").last ?? ""
        return String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
    }

    /// Where the output of a port beside the primary one goes.
    func companion(_ port: String) throws -> String {
        guard let path = companions[port] else {
            throw MediaError(.parametersInvalid, "The function has no output \(port).")
        }
        return path
    }

    func text(_ name: String) -> String { parameters[name]?.stringValue ?? "" }

    func whole(_ name: String) throws -> Int? {
        guard let value = parameters[name], !value.isNull else { return nil }
        guard let number = value.intValue else {
            throw MediaError(.parametersInvalid, "The parameter \(name) is not a whole number.")
        }
        return number
    }

    /// One of a list of words; `nil` where the parameter is not given or is `auto`.
    func choice<Choice: RawRepresentable<String>>(_ name: String) throws -> Choice? {
        guard let value = parameters[name], !value.isNull, value != "auto" else { return nil }
        guard let choice = value.stringValue.flatMap(Choice.init(rawValue:)) else {
            throw MediaError(.parametersInvalid, "The parameter \(name) has a value that is not among its choices.")
        }
        return choice
    }

    /// What an operation found out, as the child reports it.
    func report(_ found: some Encodable) throws -> JSONValue {
        try JSONText.decode(JSONValue.self, from: try JSONText.compact(found))
    }

    func frameRate() throws -> FrameRate {
        switch parameters["frameRate"] {
        case nil, .null: return .film
        case .string(let text): return try FrameRate(parsing: text)
        case let value?:
            guard let number = value.doubleValue else {
                throw MediaError(.parametersInvalid, "The parameter frameRate is no frame rate.")
            }
            return try FrameRate(parsing: value.intValue.map(String.init) ?? String(number))
        }
    }
}
