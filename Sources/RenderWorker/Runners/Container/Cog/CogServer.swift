import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTransfer
import Synchronization

/// A server that `cog` (0.23) made of a model, seen over HTTP: its health, its inputs, its predictions.
///
/// The server keeps no result: it is in the answer to the request that began the prediction, which stays open until the end,
/// and nowhere else. A lost connection is a lost prediction, which the server itself cancels then.
final class CogServer: Sendable {
    /// The most that one answer or event may have, in bytes: what the model returned, files as data URLs, and its log. An
    /// answer costs the worker about four times its length in memory, and the server eight times.
    static let answerLimit = 64 << 20
    /// How long the server has for an answer that waits for nothing.
    private static let patience = Duration.seconds(10)

    private let client: HTTPClient
    private let address: String
    /// Whether it sends events; nil while it was not asked.
    private let sendsEvents = Mutex<Bool?>(nil)

    /// - Parameters:
    ///   - client: The way to it.
    ///   - address: Its address, such as `http://127.0.0.1:5000`.
    init(_ client: HTTPClient, address: String) {
        self.client = client
        self.address = address
    }

    /// Asks how it is.
    ///
    /// - Returns: Its health; nil where it does not answer as a Cog server does, as while it starts.
    /// - Throws: `CancellationError`.
    func health() async throws -> CogHealth? {
        guard let response = try await answer(HTTPRequest(url: address + "/health-check", timeout: Self.patience)),
            response.isSuccess
        else { return nil }
        return CogHealth(Self.document(response.body))
    }

    /// Asks what inputs the model takes.
    ///
    /// - Returns: The inputs; nil where the image was made without a description of them.
    /// - Throws: `CancellationError`.
    func schema() async throws -> CogSchema? {
        guard let response = try await answer(HTTPRequest(url: address + "/openapi.json", timeout: Self.patience)),
            response.isSuccess
        else { return nil }
        return CogSchema(Self.document(response.body))
    }

    /// Asks to cancel a prediction. What it is asked is not yet done.
    ///
    /// - Parameter id: The prediction.
    func cancel(_ id: String) async {
        _ = try? await client.response(
            to: HTTPRequest(method: "POST", url: "\(address)/predictions/\(id)/cancel", timeout: Self.patience))
    }

    /// Carries out a prediction. Cancelling the task ends the request, and with it the prediction.
    ///
    /// - Parameters:
    ///   - id: The prediction's name; never used before with this server.
    ///   - input: The values by the names of the model's inputs.
    ///   - news: Takes in what the model writes and measures.
    /// - Returns: The prediction, over, with whatever result.
    /// - Throws: `CogTrouble`, `JobFailure` with `parameters-invalid` or `output-invalid`, `CancellationError`.
    func predict(_ id: String, input: [String: JSONValue], news: CogNews) async throws -> CogPrediction {
        let body = try JSONText.compact(JSONValue.object(["input": .object(input)]))
        let request = HTTPRequest(
            method: "PUT", url: "\(address)/predictions/\(id)",
            headers: [("Content-Type", "application/json")], body: .bytes(body), timeout: nil)
        let prediction: CogPrediction
        if sendsEvents.withLock({ $0 }) != false, let over = try await heard(request, news) {
            prediction = over
        } else {
            sendsEvents.withLock { $0 = false }
            prediction = try await waited(request, id, news)
        }
        news.hear(whole: prediction.logs)
        news.hear(metrics: prediction.metrics)
        news.finish()
        guard prediction.isOver else {
            // The answer is about another prediction of the same name that runs; its result is another's.
            throw CogTrouble(.lost, "The model's server works on an earlier prediction of the same name.")
        }
        return prediction
    }

    /// A prediction followed by its events; nil where the server does not send them.
    private func heard(_ request: HTTPRequest, _ news: CogNews) async throws -> CogPrediction? {
        var request = request
        request.headers.append(("Accept", "text/event-stream"))
        let ear = EventEar(news)
        let response: HTTPResponse
        do {
            response = try await client.stream(request) { bytes in try ear.hear(bytes) }
        } catch let error as TransferError {
            throw try CogTrouble.lost(error)
        } catch is EventStream.TooLarge {
            throw Self.tooLarge
        }
        if response.status == 406 { return nil }
        try Self.check(response)
        guard let over = ear.over() else {
            // It leaves events out where it makes them faster than they are taken; asked again, it does without.
            sendsEvents.withLock { $0 = false }
            throw CogTrouble(.lost, "The model's server broke its stream of events off before the end.")
        }
        return over
    }

    /// A prediction waited for, with looks at how far it is beside.
    private func waited(_ request: HTTPRequest, _ id: String, _ news: CogNews) async throws -> CogPrediction {
        let looks = Task { await look(at: id, news) }
        defer { looks.cancel() }
        let response: HTTPResponse
        do {
            response = try await client.response(to: request, limit: Self.answerLimit)
        } catch {
            if error.code == .tooLarge { throw Self.tooLarge }
            throw try CogTrouble.lost(error)
        }
        looks.cancel()
        await looks.value
        try Self.check(response)
        guard let over = CogPrediction(Self.document(response.body)) else { throw CogTrouble.garbled }
        return over
    }

    /// Looks at a prediction again and again.
    ///
    /// The server has no `GET` for one. Asked to make a prediction that runs already, it tells of that one; what is sent is
    /// none that it could make, so that where the prediction has just ended nothing comes of it. It is asked only while it
    /// says that it is busy: then it has taken the prediction.
    private func look(at id: String, _ news: CogNews) async {
        let request = HTTPRequest(
            method: "PUT", url: "\(address)/predictions/\(id)",
            headers: [("Content-Type", "application/json"), ("Prefer", "respond-async")],
            body: .bytes(Data(#"{"input":0}"#.utf8)), timeout: Self.patience)
        var pause = Duration.milliseconds(250)
        while (try? await Task.sleep(for: pause)) != nil {
            guard let health = try? await health(), health.status == .busy,
                let response = try? await client.response(to: request, limit: Self.answerLimit),
                response.status == 202, let now = CogPrediction(Self.document(response.body)), !Task.isCancelled
            else { continue }
            news.hear(whole: now.logs)
            news.hear(metrics: now.metrics)
            // Each look brings the whole log: a long one is looked at less often.
            pause = .milliseconds(500 + response.body.count / 512)
        }
    }

    private func answer(_ request: HTTPRequest) async throws -> HTTPResponse? {
        do {
            return try await client.response(to: request)
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            return nil
        }
    }

    private static let tooLarge = JobFailure(
        .outputInvalid,
        "What the model returned is larger than \(answerLimit >> 20) MiB as the server sends it, files included.")

    private static func check(_ response: HTTPResponse) throws {
        switch response.status {
        case 200, 201, 202: return
        case 409: throw CogTrouble(.busy, "The model's server works on another prediction.")
        case 413: throw JobFailure(.parametersInvalid, "The model's server takes no inputs of this size.")
        case 422: throw CogFailure.refusal(document(response.body))
        case 503: throw CogTrouble(.notReady, "The model is not loaded.")
        default:
            let text = response.text.prefix(400)
            throw CogTrouble(.failed, "The model's server answered \(response.status): \(text)")
        }
    }

    /// A body as JSON; null where it is none.
    static func document(_ body: some Sequence<UInt8>) -> JSONValue {
        (try? JSONText.decode(JSONValue.self, from: Data(body))) ?? .null
    }
}
