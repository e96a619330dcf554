import FoundationEssentials
import StudioCore
import StudioTransfer
import Synchronization

/// The ComfyUI servers of this worker, and which of them gets a prompt: the one with the least to do of those that answer
/// and have its node types; of equal ones the one that ran the function last, where its models are loaded.
final class ComfyServers: Sendable {
    /// How long a server that failed is passed over while there are others.
    static let avoidance = Duration.seconds(30)
    /// How old what is known of node types may be before a type that is missing is looked for again.
    static let trust = Duration.seconds(30)

    /// A server as it was chosen.
    struct Choice: Sendable {
        var index: Int
        var server: ComfyServer
    }

    private struct State {
        var running = 0
        var avoidedUntil: ContinuousClock.Instant?
        var types: (known: Set<String>, at: ContinuousClock.Instant)?
        /// When each function ran here last, by name, as a number that counts up.
        var ran: [String: Int] = [:]
    }

    let servers: [ComfyServer]
    private let states: Mutex<(list: [State], count: Int)>

    /// - Parameter addresses: Where they are.
    init(_ addresses: [ComfyAddress]) {
        let http = HTTPClient()
        servers = addresses.map { ComfyServer(address: $0, http: http) }
        states = Mutex((addresses.map { _ in State() }, 0))
    }

    /// Chooses a server, which counts as busier until ``release(_:)``.
    ///
    /// - Parameters:
    ///   - function: The function's name.
    ///   - types: The node types that it needs.
    /// - Returns: The server.
    /// - Throws: `JobFailure`; `CancellationError`.
    func choose(for function: String, types: [String]) async throws -> Choice {
        let now = ContinuousClock.now
        let fresh = states.withLock { states in
            servers.indices.filter { (states.list[$0].avoidedUntil ?? now) <= now }
        }
        let rest = servers.indices.filter { !fresh.contains($0) }
        var lacking: Set<String> = []
        var isAnswered = false
        for group in [fresh, rest] where !group.isEmpty {
            let looks = await look(at: group, types)
            try Task.checkCancellation()
            isAnswered = isAnswered || !looks.isEmpty
            for look in looks { lacking.formUnion(look.missing) }
            if let index = take(looks.filter { $0.missing.isEmpty }, for: function) {
                return Choice(index: index, server: servers[index])
            }
        }
        guard isAnswered else {
            throw ComfyFailure.elsewhere(JobFailure(.runnerFailed, "No ComfyUI server answers."))
        }
        let names = lacking.sorted().prefix(10).joined(separator: ", ")
        throw ComfyFailure.elsewhere(
            JobFailure(.runnerUnknown, "No ComfyUI server that answers has all node types; missing: \(names)."))
    }

    /// Gives a chosen server back.
    func release(_ choice: Choice) { states.withLock { $0.list[choice.index].running -= 1 } }

    /// Notes that a server failed: it is passed over for a while, and asked anew which node types it has.
    func avoid(_ choice: Choice) {
        states.withLock { states in
            states.list[choice.index].avoidedUntil = .now.advanced(by: Self.avoidance)
            states.list[choice.index].types = nil
        }
    }

    private struct Look: Sendable {
        var index: Int
        var remaining: Int
        var missing: [String]
    }

    /// Looks at servers at the same time; those that do not answer are left out.
    private func look(at group: [Int], _ types: [String]) async -> [Look] {
        await withTaskGroup(of: Look?.self) { looks in
            for index in group {
                looks.addTask {
                    do {
                        let remaining = try await self.servers[index].remaining()
                        let known = try await self.types(of: index, wanted: types)
                        return Look(index: index, remaining: remaining, missing: types.filter { !known.contains($0) })
                    } catch {
                        if !(error is CancellationError) {
                            self.avoid(Choice(index: index, server: self.servers[index]))
                        }
                        return nil
                    }
                }
            }
            return await looks.reduce(into: []) { if let look = $1 { $0.append(look) } }
        }
    }

    private func types(of index: Int, wanted: [String]) async throws -> Set<String> {
        let known = states.withLock { $0.list[index].types }
        if let known {
            let isOld = known.at.advanced(by: Self.trust) < .now
            if !isOld || wanted.allSatisfy(known.known.contains) { return known.known }
        }
        let types = try await servers[index].nodeTypes()
        states.withLock { $0.list[index].types = (types, .now) }
        return types
    }

    private func take(_ looks: [Look], for function: String) -> Int? {
        states.withLock { states in
            func rank(_ look: Look) -> (Int, Int, Int, Int) {
                let state = states.list[look.index]
                return (look.remaining, state.running, -(state.ran[function] ?? 0), look.index)
            }
            guard let best = looks.min(by: { rank($0) < rank($1) }) else { return nil }
            states.count += 1
            // What ran long ago is not in a server's memory any more.
            if states.list[best.index].ran.count >= 256 { states.list[best.index].ran = [:] }
            states.list[best.index].ran[function] = states.count
            states.list[best.index].running += 1
            return best.index
        }
    }
}
