import FoundationEssentials
import QueueProtocol
import StudioCore

/// A container as its engine describes it.
struct ContainerState: Sendable, Hashable {
    /// Its id.
    var id: String
    /// Its name, without a slash.
    var name: String
    /// Whether it runs.
    var isRunning: Bool
    /// What its main process ended with; 0 before.
    var exitCode: Int
    /// Whether the kernel ended one of its processes for want of memory.
    var wasOutOfMemory: Bool
    /// What the engine says about a failed start or end.
    var error: String
    /// The id of its image.
    var image: String
    /// Its labels.
    var labels: [String: String]
    /// What of the machine it sees: where it sees it, and where that is on the machine.
    var mounts: [(destination: String, source: String)] { mountList.map { ($0.destination, $0.source) } }
    /// The port of the machine that each of its published ports is reached by, by `5000/tcp`.
    var ports: [String: Int]
    /// Its address on each network, by the network's name.
    var addresses: [String: String]

    private struct Mount: Sendable, Hashable {
        var destination: String
        var source: String
    }
    private var mountList: [Mount]

    init(_ answer: JSONValue) {
        id = answer["Id"]?.stringValue ?? ""
        name = String((answer["Name"]?.stringValue ?? "").drop { $0 == "/" })
        let state = answer["State"] ?? .null
        isRunning = state["Running"]?.boolValue ?? false
        exitCode = state["ExitCode"]?.intValue ?? 0
        wasOutOfMemory = state["OOMKilled"]?.boolValue ?? false
        error = state["Error"]?.stringValue ?? ""
        image = answer["Image"]?.stringValue ?? ""
        labels = (answer["Config"]?["Labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        mountList = (answer["Mounts"]?.arrayValue ?? []).compactMap { mount in
            guard let destination = mount["Destination"]?.stringValue, let source = mount["Source"]?.stringValue else {
                return nil
            }
            return Mount(destination: destination, source: source)
        }
        let settings = answer["NetworkSettings"] ?? .null
        ports = (settings["Ports"]?.objectValue ?? [:]).compactMapValues { bindings in
            bindings.arrayValue?.first?["HostPort"]?.stringValue.flatMap { Int($0) }
        }
        addresses = (settings["Networks"]?.objectValue ?? [:]).compactMapValues { network in
            network["IPAddress"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        }
    }
}

/// A container as a list names it.
struct ListedContainer: Sendable, Hashable {
    /// Its id.
    var id: String
    /// Its labels.
    var labels: [String: String]
    /// `created`, `running`, `paused`, `exited`, `dead`, …
    var state: String
}

extension ContainerEngine {
    /// Makes a container; it does not run yet.
    ///
    /// - Parameters:
    ///   - spec: What it is.
    ///   - name: Its name, one that no other container of the engine has.
    /// - Returns: Its id.
    /// - Throws: ``EngineError``.
    func create(_ spec: ContainerSpec, name: String) async throws(EngineError) -> String {
        let body = spec.document(on: try await capacity())
        let made = try await call("POST", "/containers/create", ["name": name], body: body)
        guard let id = made["Id"]?.stringValue else { throw EngineError(.strange, "the engine names no container") }
        return id
    }

    /// Starts it.
    func start(_ container: String) async throws(EngineError) {
        _ = try await call("POST", "/containers/\(container)/start")
    }

    /// Hands on what it writes from now on, until it has ended.
    ///
    /// What the receiver does not take in makes the container wait.
    ///
    /// - Parameters:
    ///   - container: Its id or name.
    ///   - begun: Told when nothing that it writes is lost any more.
    ///   - receive: Takes in what it writes.
    /// - Throws: ``EngineError``, or what the receiver threw.
    func attach(
        to container: String, begun: @escaping @Sendable () -> Void,
        receive: @escaping @Sendable (LogFrames.Stream, Data) async throws -> Void
    ) async throws {
        let frames = Mutexed(LogFrames())
        try await follow(
            "POST", "/containers/\(container)/attach", ["stream": "1", "stdout": "1", "stderr": "1"], begun: begun
        ) { bytes in
            for (stream, part) in frames.with({ $0.feed(bytes) }) { try await receive(stream, part) }
        }
    }

    /// Hands on what it has written, as far as its log driver keeps that, and what it writes until it has ended.
    ///
    /// - Parameters:
    ///   - container: Its id or name.
    ///   - isFollowed: Whether to wait for what it will write.
    ///   - receive: Takes in what it wrote.
    /// - Throws: ``EngineError``, or what the receiver threw.
    func logs(
        of container: String, isFollowed: Bool,
        receive: @escaping @Sendable (LogFrames.Stream, Data) async throws -> Void
    ) async throws {
        let frames = Mutexed(LogFrames())
        try await follow(
            "GET", "/containers/\(container)/logs",
            ["follow": isFollowed ? "1" : "0", "stdout": "1", "stderr": "1"]
        ) { bytes in
            for (stream, part) in frames.with({ $0.feed(bytes) }) { try await receive(stream, part) }
        }
    }

    /// Waits until it does not run.
    func wait(for container: String) async throws(EngineError) {
        _ = try await call(
            "POST", "/containers/\(container)/wait", ["condition": "not-running"], timeout: nil)
    }

    /// Describes it.
    func inspect(_ container: String) async throws(EngineError) -> ContainerState {
        ContainerState(try await call("GET", "/containers/\(container)/json"))
    }

    /// Asks it to end, and kills it where it has not after so long.
    func stop(_ container: String, after seconds: Int) async throws(EngineError) {
        do throws(EngineError) {
            _ = try await call(
                "POST", "/containers/\(container)/stop", ["t": "\(seconds)"],
                timeout: .seconds(seconds) + Self.patience)
        } catch {
            guard error.code == .conflict else { throw error }
        }
    }

    /// Sends its main process a signal; one that does not run is left alone.
    ///
    /// - Parameters:
    ///   - container: Its id or name.
    ///   - signal: The signal's name, such as `SIGKILL`.
    /// - Throws: ``EngineError``.
    func kill(_ container: String, _ signal: String) async throws(EngineError) {
        do throws(EngineError) {
            _ = try await call("POST", "/containers/\(container)/kill", ["signal": signal])
        } catch {
            guard error.code == .conflict else { throw error }
        }
    }

    /// Kills and removes it, with the volumes that were made for it; one that is not there is left at that.
    func remove(_ container: String) async throws(EngineError) {
        do throws(EngineError) {
            _ = try await call("DELETE", "/containers/\(container)", ["force": "1", "v": "1"])
        } catch {
            // Another one is at it already.
            guard error.code == .notFound || error.code == .conflict else { throw error }
        }
    }

    /// The containers with a label, whether they run or not.
    func list(label: String) async throws(EngineError) -> [ListedContainer] {
        let filters = EngineJSON.bytes(["label": [.string(label)]])
        let answer = try await call(
            "GET", "/containers/json", ["all": "1", "filters": String(decoding: filters, as: UTF8.self)])
        return (answer.arrayValue ?? []).compactMap { container in
            guard let id = container["Id"]?.stringValue else { return nil }
            return ListedContainer(
                id: id, labels: (container["Labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue),
                state: container["State"]?.stringValue ?? "")
        }
    }
}
