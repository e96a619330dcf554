import FoundationEssentials
import StudioCore
import StudioSystem

/// A client of one bucket: signs, sends, and asks again where that may help.
struct S3Client: Sendable {
    let settings: S3Settings
    let patience: S3Patience
    let address: S3Address
    private let publicAddress: S3Address
    private let signature: SignatureV4
    private let http: HTTPClient
    private let now: @Sendable () -> Date
    private let wait: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - settings: The bucket.
    ///   - patience: How patient it is.
    ///   - now: The time that is signed.
    ///   - wait: Waits between tries.
    init(
        _ settings: S3Settings, patience: S3Patience, now: @escaping @Sendable () -> Date,
        wait: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.settings = settings
        self.patience = patience
        address = S3Address(settings, server: settings.endpoint)
        publicAddress = S3Address(settings, server: settings.publicEndpoint ?? settings.endpoint)
        signature = SignatureV4(
            scope: SignatureV4.Scope(
                accessKeyID: settings.accessKeyID, secretAccessKey: settings.secretAccessKey,
                sessionToken: settings.sessionToken, region: settings.region))
        http = HTTPClient()
        self.now = now
        self.wait = wait
    }

    /// A key below the prefix.
    func key(_ path: String) -> String { settings.prefix.isEmpty ? path : "\(settings.prefix)/\(path)" }

    /// Sends a request until it is answered with success, or there is no hope.
    ///
    /// - Returns: The answer, of success.
    /// - Throws: `StorageError`.
    func send(_ request: S3Request) async throws(StorageError) -> HTTPResponse {
        var number = 0
        while true {
            number += 1
            do {
                return try await sendOnce(request)
            } catch {
                guard error.code == .unavailable, number < patience.tries else { throw error }
                do {
                    try await wait(patience.pause(afterTry: number, chance: .random(in: 0...1)))
                } catch { throw StorageError(.cancelled, "the caller was cancelled") }
            }
        }
    }

    private func sendOnce(_ request: S3Request) async throws(StorageError) -> HTTPResponse {
        let signed = signed(request)
        let response: HTTPResponse
        do throws(TransferError) {
            switch request.sink {
            case .memory: response = try await http.response(to: signed)
            case .file(let path, let limit): response = try await http.download(signed, to: path, limit: limit)
            }
        } catch { throw StorageError(error) }
        guard response.isSuccess else { throw StorageError(response, request) }
        // A long work that fails at its end says so in an answer that began with success.
        if request.method == "POST", response.text.contains("<Error>") {
            var failed = response
            failed.status = 500
            throw StorageError(failed, request)
        }
        return response
    }

    private func signed(_ request: S3Request) -> HTTPRequest {
        let time = SignatureV4.text(of: now())
        let path = address.path(of: request.key)
        var headers = request.headers
        headers += [("x-amz-content-sha256", request.payload), ("x-amz-date", time)]
        if let token = settings.sessionToken { headers.append(("x-amz-security-token", token)) }
        let authorization = signature.authorization(
            SignatureV4.Subject(
                method: request.method, path: path, query: request.query, headers: headers + [("host", address.host)],
                payload: request.payload), at: time)
        headers.append(("authorization", authorization))
        return HTTPRequest(
            method: request.method, url: address.url(path, query: SignatureV4.query(request.query)), headers: headers,
            body: request.body, timeout: request.isLarge ? nil : patience.answer,
            stallTimeout: request.isLarge ? patience.stall : nil)
    }

    /// An address that is good for whoever has it.
    func link(_ method: String, key: String, query: [(name: String, value: String)]) -> String {
        let path = publicAddress.path(of: key)
        let subject = SignatureV4.Subject(
            method: method, path: path, query: query, headers: [("host", publicAddress.host)], payload: "")
        let query = signature.query(
            subject, at: SignatureV4.text(of: now()), goodFor: settings.linkLifetime.components.seconds)
        return publicAddress.url(path, query: query)
    }
}
