import Foundation
import FoundationNetworking
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

    /// Sends a request; only a broken connection throws.
    func send(
        _ method: String, _ path: String, json: JSONValue? = nil, bytes: Data? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        guard let url = URL(string: base + path) else { throw TestKitError("not a URL: \(path)") }
        var request = URLRequest(url: url, timeoutInterval: 60)
        request.httpMethod = method
        if let json {
            request.httpBody = try JSONText.compact(json)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        if let bytes { request.httpBody = bytes }
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        guard let http = response as? HTTPURLResponse else { throw TestKitError("no HTTP answer from \(path)") }
        let fields = http.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
        return Answer(status: http.statusCode, headers: Dictionary(fields) { $1 }, bytes: data)
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
