import Foundation
import Glibc
import StudioTestKit

/// The place of one program: it dies and is started again here, under a name of its own every time.
actor ProgramSlot {
    /// A time at which a program could no longer do anything.
    struct Silence: Sendable {
        /// The name of that very process.
        let name: String
        let part: Part
        let at: Date
        let lease: Int
    }

    nonisolated let part: Part
    private let program: ProgramUnderTest
    private let environment: [String: String]
    private let journal: Journal
    private let leases: [Int]
    private var chance: SeededGenerator
    private var child: ChildProcess?
    private var incarnation = 0
    private var lease = 0
    private var isFrozen = false
    private(set) var silences: [Silence] = []
    private var ended: [(name: String, lines: [String])] = []

    init(
        _ part: Part, _ program: ProgramUnderTest, environment: [String: String], settings: ChaosSettings,
        journal: Journal
    ) {
        self.part = part
        self.program = program
        self.environment = environment
        self.journal = journal
        leases = settings.leases
        chance = SeededGenerator(seed: settings.seed, stream: 1000 + UInt64(bitPattern: Int64(part.place)))
    }

    /// The name of the process that runs here now, or ran last.
    var name: String { "\(part).\(incarnation)" }

    /// Starts the program, if it does not run.
    func start() throws {
        guard child == nil else { return }
        incarnation += 1
        lease = chance.pick(leases) ?? 3
        let own = [
            "WORKER_NAME": name, "LEASE_SECONDS": String(lease), "HEARTBEAT_SECONDS": String(max(1, lease / 3)),
        ]
        child = try program.start(["serve"], environment: environment.merging(own) { $1 })
    }

    /// Ends it with SIGKILL.
    func kill(withItsChildren: Bool = false) async throws {
        guard let child = try running() else { return }
        note(silentSince: Date())
        child.send(SIGKILL, toGroup: withItsChildren)
        try await child.exit()
        forget(child)
    }

    /// Stops it in the middle of whatever it does.
    func freeze() throws {
        guard let child = try running() else { return }
        note(silentSince: Date())
        child.send(SIGSTOP)
        isFrozen = true
    }

    /// Lets it go on.
    func thaw() {
        isFrozen = false
        child?.send(SIGCONT)
    }

    /// Asks it to stop and waits; it has as long as it takes, within a bound.
    func stop() async throws {
        guard let child = try running() else { return }
        child.send(SIGTERM)
        do {
            let exit = try await child.exit(within: .seconds(45))
            if exit != .code(0) { journal.breach("\(name) was asked to stop and ended with \(exit)") }
        } catch {
            journal.breach("\(name) was asked to stop and did not in 45 s")
            child.send(SIGKILL, toGroup: true)
            try await child.exit()
        }
        forget(child)
    }

    /// Notes it where the program ended by itself, and starts it again.
    func look() throws {
        guard !isFrozen, try running() == nil else { return }
        try start()
    }

    /// The last lines of every process that was here, by name.
    var output: [(name: String, lines: [String])] {
        ended + (child.map { [(name, $0.lines.map(\.text))] } ?? [])
    }

    private func running() throws -> ChildProcess? {
        guard let child else { return nil }
        if let exit = child.ended {
            journal.breach("\(name) ended by itself: \(exit); last lines: \(child.lines.suffix(5).map(\.text))")
            forget(child)
            try start()
        }
        return self.child
    }

    private func note(silentSince at: Date) { silences.append(Silence(name: name, part: part, at: at, lease: lease)) }

    private func forget(_ child: ChildProcess) {
        ended.append((name, child.lines.suffix(4000).map(\.text)))
        self.child = nil
    }
}

extension Part {
    /// A number for each part, the same in every run.
    fileprivate var place: Int {
        switch self {
        case .worker(let index): 100 + index
        case .gateway(let index): 200 + index
        case .python: 302
        case .redis: 300
        case .postgres: 301
        case .docker: 303
        case .comfyUI(let index): 310 + index
        }
    }
}
