import Foundation
import QueueProtocol
import StudioTestKit

/// A client that knows only the HTTP contract.
struct APIClient: Sendable {
    /// An answer, whatever its status.
    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let bytes: Data

        /// The body as JSON; null where it is none.
        var json: JSONValue { (try? JSONText.decode(JSONValue.self, from: bytes)) ?? .null }
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    let base: String
    var token: String?

    /// Sends a request with `curl`; only a broken connection throws.
    func send(
        _ method: String, _ path: String, json: JSONValue? = nil, bytes: Data? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        let folder = try TemporaryDirectory("request")
        var arguments = [
            "--silent", "--show-error", "--max-time", "60", "--request", method, "--output", folder.path("body"),
            "--dump-header", folder.path("head"), "--write-out", "%{http_code}", "--header", "Expect:",
        ]
        var fields = headers
        if let token { fields["Authorization"] = "Bearer \(token)" }
        if json != nil { fields["Content-Type"] = "application/json" }
        for (name, value) in fields { arguments += ["--header", "\(name): \(value)"] }
        if let body = try json.map({ try JSONText.compact($0) }) ?? bytes {
            arguments += ["--data-binary", "@" + (try folder.write(body, to: "sent"))]
        }
        let done = try await ChildProcess.run("curl", arguments + [base + path], within: .seconds(70))
        guard done.exit == .code(0), let status = Int(done.output.prefix(3)) else {
            throw TestKitError("\(method) \(path): \(done.exit) \(done.errors)")
        }
        let head = try String(contentsOfFile: folder.path("head"), encoding: .utf8)
        var received: [String: String] = [:]
        for line in head.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            received[line[..<colon].lowercased()] = line[line.index(after: colon)...].drop { $0 == " " }.description
        }
        let body = try? Data(contentsOf: URL(fileURLWithPath: folder.path("body")))
        return Answer(status: status, headers: received, bytes: body ?? Data())
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    func post(_ path: String, _ json: JSONValue = [:], headers: [String: String] = [:]) async throws -> Answer {
        try await send("POST", path, json: json, headers: headers)
    }

    /// The same client as somebody else.
    func with(token: String?) -> APIClient { APIClient(base: base, token: token) }
}
