import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Makes a creating POST repeatable: the same `Idempotency-Key` with the same request gets the first answer again.
///
/// Two shapes. Where a store claims the key in a transaction of its own (`JobStore.admit`, `ProjectStore.begin`), give it
/// ``Hummingbird/Request/idempotency(body:caller:)``, answer a replay with ``JSONAnswer/init(replaying:)`` and keep the
/// first answer as ``StudioPostgres/IdempotentAnswer/init(_:)``. Where all that is made is made in one transaction of the
/// route, wrap it in ``respond(to:body:caller:make:)``.
struct IdempotentRoute: Sendable {
    private let database: Database
    private let store: IdempotencyStore

    init(_ database: Database) {
        self.database = database
        store = IdempotencyStore(database)
    }

    /// Makes what is asked for, once per key, in one transaction with the key.
    ///
    /// Without the header it is simply made. What `make` throws rolls everything back, the key included, so that the key
    /// may come again.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - body: Its body's bytes.
    ///   - caller: Whose key it is: keys of different users never meet.
    ///   - make: The work, on a database thread; may run again when the transaction has to.
    /// - Returns: The answer, the first one for a repeated key.
    /// - Throws: `StudioError`: `idempotency-mismatch` (422) when the key came with another request, `conflict` (409,
    ///   `Retry-After`) while another program still answers the first; what `make` throws.
    func respond(
        to request: Request, body: Data, caller: Caller,
        make: @escaping @Sendable (PostgresConnection) throws -> JSONAnswer
    ) async throws -> Response {
        let claim = try request.idempotency(body: body, caller: caller)
        let answer = try await database.transaction { [store] connection in
            guard let claim else { return try make(connection) }
            switch try store.claim(claim, on: connection) {
            case .replay(let answer): return JSONAnswer(replaying: answer)
            case .mismatch: throw Self.mismatch
            case .inProgress: throw Self.inProgress
            case .fresh: break
            }
            let answer = try make(connection)
            try store.complete(claim, answer: IdempotentAnswer(answer), on: connection)
            return answer
        }
        return answer.response
    }

    /// The key came with another request.
    static let mismatch = StudioError(
        .idempotencyMismatch, "this Idempotency-Key was used for another request; take a new key for a new request")

    /// The first request with the key is not answered yet.
    static let inProgress = StudioError(
        .conflict, "the first request with this Idempotency-Key is still being answered", retryAfterSeconds: 1)
}

extension Request {
    /// The request's idempotency key and fingerprint; nil without the header.
    ///
    /// The fingerprint is the SHA-256 of method, path and body. JSON counts as the value it says: a client that writes its
    /// members in another order when it sends again means the same request.
    ///
    /// - Parameters:
    ///   - body: The request's body.
    ///   - document: The same as a value, where the route has read it already; default: it is read here.
    ///   - caller: Whose key it is.
    /// - Returns: The key with the request's fingerprint; nil without the header.
    /// - Throws: `validation-failed` where the key is not 1…128 visible ASCII characters.
    func idempotency(
        body: Data, document: JSONValue? = nil, caller: Caller
    ) throws(StudioError) -> IdempotencyRequest? {
        let keys = headers[values: .idempotencyKey]
        guard let key = keys.first else { return nil }
        guard keys.count == 1, (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ (33...126).contains($0) })
        else {
            throw .invalid([
                Finding(
                    pointer: "/Idempotency-Key", code: "format",
                    detail: "an Idempotency-Key has 1 to 128 visible ASCII characters")
            ])
        }
        let canonical = try? JSONText.compact(
            document ?? JSONText.decode(JSONValue.self, from: body), sortedKeys: true)
        let fingerprint = SHA256.hex(of: Data("\(method.rawValue) \(uri.path)\n".utf8) + (canonical ?? body))
        return IdempotencyRequest(user: caller.userID, key: key, fingerprint: fingerprint)
    }
}

extension JSONAnswer {
    /// The first answer again, with `Idempotency-Replayed: true`.
    init(replaying answer: IdempotentAnswer) {
        var headers: HTTPFields = [.idempotencyReplayed: "true"]
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        self.init(
            encoded: Data(answer.body.utf8), status: HTTPResponse.Status(code: answer.status), headers: headers)
    }
}

extension IdempotentAnswer {
    /// An answer as the store keeps it.
    init(_ answer: JSONAnswer) {
        var headers: [String: String] = [:]
        for field in answer.headers { headers[field.name.rawName] = field.value }
        self.init(
            status: answer.status.code, headers: headers, body: String(decoding: answer.body, as: UTF8.self))
    }
}
