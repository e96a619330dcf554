import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTransfer

/// One ComfyUI server's HTTP interface, a method for each thing that a run asks of it.
struct ComfyServer: Sendable {
    /// Why an answer cannot be used.
    struct Trouble: Error, CustomStringConvertible {
        /// Whether nobody is there: refused, or the connection was lost. Otherwise it may be slow, or in trouble.
        var isGone = false
        var description: String
    }

    /// Which prompts run and which wait.
    struct Queue: Sendable, Hashable {
        var running: [String]
        var pending: [String]

        func has(_ prompt: String) -> Bool { running.contains(prompt) || pending.contains(prompt) }
    }

    /// How it answered a prompt.
    enum Reception: Sendable {
        /// It is queued under this id; nothing is wrong with it but what is told of its nodes.
        case queued(id: String, faults: [String: JSONValue])
        /// It is refused: 400, with what the server says.
        case refused(JSONValue)
        /// Another status, of which nothing follows.
        case other(status: Int, text: String)
    }

    /// Under large nodes the server answers late, since Python runs one thing at a time.
    static let patience = Duration.seconds(15)
    /// The most that an answer may have: whole queues come with all their workflows.
    private static let most = 64 << 20

    let address: ComfyAddress
    let http: HTTPClient

    /// How many prompts run or wait.
    func remaining() async throws -> Int {
        let value = try await json("GET", "/prompt", limit: 1 << 20)
        guard let count = value["exec_info"]?["queue_remaining"]?.intValue else {
            throw Trouble(description: "what answers is no ComfyUI server")
        }
        return count
    }

    /// The node types that it has.
    func nodeTypes() async throws -> Set<String> {
        guard let members = try await json("GET", "/object_info").objectValue else {
            throw Trouble(description: "its node types cannot be read")
        }
        return Set(members.keys)
    }

    /// Its version; nil where it does not say.
    func version() async -> String? {
        let stats = try? await json("GET", "/system_stats", limit: 4 << 20)
        return (stats?["system"]?["comfyui_version"]?.stringValue).map { String($0.prefix(64)) }
    }

    /// Puts a prompt into its queue. Whether it is there after a `Trouble` is not known.
    func queue(_ prompt: JSONValue, id: String, client: String) async throws -> Reception {
        let body: JSONValue = [
            "prompt": prompt, "prompt_id": .string(id), "client_id": .string(client),
            // Samplers send pictures of what they make only where somebody asks.
            "extra_data": ["preview_method": "auto"],
        ]
        let response = try await response("POST", "/prompt", body: body)
        let value = LenientJSON.value(response.body)
        switch response.status {
        case 200:
            guard let value, let id = value["prompt_id"]?.stringValue else {
                throw Trouble(description: "its answer to the prompt cannot be read")
            }
            return .queued(id: id, faults: value["node_errors"]?.objectValue ?? [:])
        case 400: return .refused(value ?? .string(String(response.text.prefix(1000))))
        default: return .other(status: response.status, text: String(response.text.prefix(200)))
        }
    }

    func queue() async throws -> Queue {
        let value = try await json("GET", "/queue")
        func ids(_ key: String) -> [String] {
            (value[key]?.arrayValue ?? []).compactMap { item in
                guard let item = item.arrayValue, item.count > 1 else { return nil }
                return item[1].stringValue
            }
        }
        return Queue(running: ids("queue_running"), pending: ids("queue_pending"))
    }

    /// What became of a prompt; nil while it is not over, or where the server knows nothing of it.
    func record(of prompt: String) async throws -> JSONValue? {
        try await json("GET", "/history/\(prompt)")[prompt]
    }

    /// Forgets what became of a prompt.
    func forget(_ prompt: String) async throws {
        _ = try await success("POST", "/history", body: ["delete": [.string(prompt)]])
    }

    /// Ends exactly this prompt, whether it waits or runs, and no other. What is over stays so.
    func end(_ prompt: String) async throws {
        let newer = try await response("POST", "/api/jobs/\(prompt)/cancel", body: [:])
        if newer.status == 200 { return }
        _ = try await success("POST", "/queue", body: ["delete": [.string(prompt)]])
        // Versions that do not know the id would interrupt whatever runs.
        guard try await queue().running.contains(prompt) else { return }
        _ = try await success("POST", "/interrupt", body: ["prompt_id": .string(prompt)])
    }

    /// Sends a file.
    ///
    /// - Returns: What a node that loads files takes for its name.
    func upload(_ path: String, as name: String, in subfolder: String) async throws -> String {
        var request = request("POST", "/upload/image", timeout: nil)
        request.stallTimeout = .seconds(60)
        request.body = .form([
            FormPart(name: "type", text: "input"), FormPart(name: "subfolder", text: subfolder),
            FormPart(name: "overwrite", text: "true"),
            FormPart(name: "image", content: .file(path), fileName: name, mediaType: "application/octet-stream"),
        ])
        let response = try await send(request, limit: 1 << 20)
        if response.status == 413 {
            throw JobFailure(.inputInvalid, "An input is larger than the ComfyUI server takes.")
        }
        guard response.status == 200, let value = LenientJSON.value(response.body),
            let name = value["name"]?.stringValue
        else { throw Trouble(description: "it answered \(response.status) to a file") }
        let folder = value["subfolder"]?.stringValue ?? ""
        return folder.isEmpty ? name : "\(folder)/\(name)"
    }

    /// Fetches a file that a prompt made.
    ///
    /// - Returns: The status; the file is there after 200.
    func fetch(_ file: ComfyFile, to path: String, limit: Int64) async throws(TransferError) -> Int {
        var request = request("GET", "/view?" + file.query, timeout: nil)
        request.stallTimeout = .seconds(120)
        return try await http.download(request, to: path, limit: limit).status
    }

    private func request(_ method: String, _ path: String, timeout: Duration? = Self.patience) -> HTTPRequest {
        var request = HTTPRequest(method: method, url: address.base + path, timeout: timeout)
        if let authorization = address.authorization {
            request.headers.append((name: "Authorization", value: authorization))
        }
        return request
    }

    private func response(
        _ method: String, _ path: String, body: JSONValue? = nil, limit: Int = Self.most
    ) async throws -> HTTPResponse {
        var request = request(method, path)
        if let body {
            request.body = .bytes(try JSONText.compact(body))
            request.headers.append((name: "Content-Type", value: "application/json"))
        }
        return try await send(request, limit: limit)
    }

    private func success(
        _ method: String, _ path: String, body: JSONValue? = nil, limit: Int = Self.most
    ) async throws -> HTTPResponse {
        let response = try await response(method, path, body: body, limit: limit)
        guard response.status == 200 else {
            // What a proxy says of a server that is gone.
            throw Trouble(
                isGone: (502...504).contains(response.status),
                description: "it answered \(response.status) to \(method) \(path.prefix(20))")
        }
        return response
    }

    private func json(_ method: String, _ path: String, limit: Int = Self.most) async throws -> JSONValue {
        let response = try await success(method, path, limit: limit)
        guard let value = LenientJSON.value(response.body) else {
            throw Trouble(description: "its answer to \(method) \(path.prefix(20)) is no JSON")
        }
        return value
    }

    private func send(_ request: HTTPRequest, limit: Int) async throws -> HTTPResponse {
        do {
            return try await http.response(to: request, limit: limit)
        } catch {
            if error.code == .cancelled || Task.isCancelled { throw CancellationError() }
            throw Trouble(isGone: error.code == .unreachable, description: "\(error)")
        }
    }
}
