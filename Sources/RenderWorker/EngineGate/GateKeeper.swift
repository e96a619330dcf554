import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore

/// Decides what becomes of a request: answers it, refuses it, or says what the engine is to be asked instead.
///
/// The engine is asked about nothing by a name that came from outside: whose a container is, is found out first, and from
/// then on it is called by its id.
struct GateKeeper: Sendable {
    /// What becomes of a request.
    enum Verdict: Sendable, Hashable {
        /// The engine is asked for this, and its answer handed on as it comes.
        case pass(GateCall)
        /// This is the answer.
        case answer(JSONValue)
    }

    let engine: ContainerEngine
    let folders: GateFolders
    let logger: Logger

    /// Decides.
    ///
    /// - Parameter request: The request.
    /// - Returns: What becomes of it.
    /// - Throws: ``GateRefusal``, ``EngineError``.
    func verdict(on request: GateRequest) async throws -> Verdict {
        switch try GateOrder(request) {
        case .ping:
            _ = try await engine.version()
            return .answer("OK")
        case .version:
            let version = try await engine.version()
            return .answer([
                "Version": .string(version.engine), "ApiVersion": .string("\(version.spoken)"),
                "MinAPIVersion": .string("\(version.spoken)"),
            ])
        case .capacity:
            let capacity = try await engine.capacity()
            return .answer(["NCPU": .integer(Int64(capacity.cpus)), "MemTotal": .integer(Int64(capacity.memory))])
        case .image(let call): return .pass(call)
        case .list(let labels, let all):
            let wanted = labels + [ContainerHost.Label.worker]
            let filters = EngineJSON.bytes(["label": .array(wanted.map(JSONValue.string))])
            return .pass(
                GateCall(
                    "GET", "/containers/json",
                    query: ["all": all ? "1" : "0", "filters": String(decoding: filters, as: UTF8.self)]))
        case .create(let name, let body): return try await create(name, body)
        case .container(let name, let deed, let query): return try await act(on: name, deed, query)
        }
    }

    private func create(_ name: String, _ body: JSONValue) async throws -> Verdict {
        let capacity = try await engine.capacity()
        let sources = try ContainerRules(folders: folders, capacity: capacity).check(body)
        try await look(at: sources)
        logger.info(
            "container passed",
            metadata: ["name": "\(name)", "image": "\(body["Image"]?.stringValue ?? "")", "mounts": "\(sources.count)"])
        return .pass(GateCall("POST", "/containers/create", query: ["name": name], body: body))
    }

    private func act(on name: String, _ deed: GateOrder.Deed, _ query: [String: String]) async throws -> Verdict {
        let document = try await engine.call("GET", "/containers/\(name)/json")
        let state = ContainerState(document)
        guard state.id.utf8.count == 64 else { throw EngineError(.strange, "the engine names no container") }
        guard state.labels[ContainerHost.Label.worker] != nil else {
            guard deed == .inspect, name == state.id else {
                throw GateRefusal("the container \(name.prefix(100)) is none of a worker's")
            }
            // A worker asks what its own container mounts. What it may mount itself it may know.
            return try own(state)
        }
        // Another studio's workers have the same label, and folders of their own.
        let sources = (document["HostConfig"]?["Mounts"]?.arrayValue ?? []).compactMap { $0["Source"]?.stringValue }
        guard sources.allSatisfy({ $0.isEmpty || folders.folder(of: $0) != nil }) else {
            throw GateRefusal("the container \(name.prefix(100)) is none of this studio's workers'")
        }
        // The engine follows the path only now.
        if deed == .start { try await look(at: sources) }
        return .pass(GateCall(deed, to: state.id, query: query))
    }

    private func own(_ state: ContainerState) throws(GateRefusal) -> Verdict {
        let mounts = state.mounts.filter { mount in
            folders.folders.contains { mount.source == $0.there || mount.source.hasPrefix($0.there + "/") }
        }
        guard !mounts.isEmpty else { throw GateRefusal("the container \(state.id) is none of a worker's") }
        return .answer([
            "Id": .string(state.id),
            "Mounts": .array(
                mounts.map { ["Destination": .string($0.destination), "Source": .string($0.source)] }),
        ])
    }

    private func look(at sources: [String]) async throws {
        let folders = folders
        try await Blocking.run { for source in sources { try folders.checkLinks(source) } }
    }
}
