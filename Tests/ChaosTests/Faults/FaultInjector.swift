import Foundation
import StudioTestKit

/// Lets the plan's faults happen, each in its time, and mends what it broke.
struct FaultInjector: Sendable {
    let studio: ChaosStudio
    let journal: Journal
    private let clock = ContinuousClock()

    init(_ studio: ChaosStudio, _ journal: Journal) {
        self.studio = studio
        self.journal = journal
    }

    /// Works the plan off. Returns when the last fault was mended.
    func inflict(_ faults: [Fault]) async {
        let start = clock.now
        var lanes: [Part: Task<Void, Never>] = [:]
        for fault in faults {
            try? await clock.sleep(until: start.advanced(by: .milliseconds(fault.at)))
            let before = lanes[fault.part]
            lanes[fault.part] = Task {
                // Mending may take longer than planned: no part has two faults at a time.
                await before?.value
                await inflict(fault)
            }
        }
        for lane in lanes.values { await lane.value }
    }

    /// Brings everything back, whatever was done to it.
    func mendAll() async throws {
        for line in studio.postgresLines.values { line.restore() }
        for line in studio.redisLines.values { line.restore() }
        try await studio.postgres.start()
        try await studio.redis.start()
        // One of Celery's that was connected to a Redis that lost its data may go on without taking anything: an operator
        // starts it anew.
        try await studio.python.stop()
        try await studio.python.start()
        try await studio.models.start()
        for slot in studio.gateways + studio.workers {
            await slot.thaw()
            try await slot.start()
            try await slot.look()
        }
    }

    private func inflict(_ fault: Fault) async {
        journal.note("fault \(fault.number): \(fault.kind.rawValue), \(fault.part), \(fault.length) ms")
        let began = Date()
        defer { journal.trouble(of: fault.part, since: began) }
        do {
            try await carryOut(fault)
            journal.count("fault " + fault.kind.rawValue)
            journal.note("fault \(fault.number) mended")
        } catch {
            journal.breach(
                "fault \(fault.number) (\(fault.kind.rawValue), \(fault.part)) could not be mended: \(error)")
        }
    }

    private func carryOut(_ fault: Fault) async throws {
        switch fault.part {
        case .redis: try await breakRedis(fault)
        case .postgres: try await breakPostgres(fault)
        case .python: try await breakPython(fault)
        case .docker: try await breakDocker(fault)
        case .comfyUI(let index):
            let server = studio.models.comfyUIs[index]
            try await server.kill()
            await pause(fault)
            try await server.start()
        case .worker, .gateway:
            guard let slot = studio.slot(fault.part) else { return }
            try await breakProgram(fault, slot)
        }
    }

    private func pause(_ fault: Fault) async { try? await clock.sleep(for: .milliseconds(fault.length)) }

    private func breakProgram(_ fault: Fault, _ slot: ProgramSlot) async throws {
        switch fault.kind {
        case .workerKilled, .gatewayKilled, .workerMachineLost:
            try await slot.kill(withItsChildren: fault.kind == .workerMachineLost)
            await pause(fault)
            try await slot.start()
        case .workerFrozen, .gatewayFrozen:
            try await slot.freeze()
            await pause(fault)
            await slot.thaw()
        case .workerStopped, .gatewayStopped:
            try await slot.stop()
            await pause(fault)
            try await slot.start()
        default:
            let isFromBoth = fault.kind == .workerCutFromBoth
            let isFromRedis = fault.kind == .workerCutFromRedis || fault.kind == .gatewayCutFromRedis
            var lines = isFromRedis ? [] : [studio.postgresLines[fault.part]]
            if isFromRedis || isFromBoth { lines.append(studio.redisLines[fault.part]) }
            cut(lines.compactMap { $0 }, fault)
            await pause(fault)
            for line in lines { line?.restore() }
        }
    }

    /// The ways a line breaks, in turn: nothing passes and nobody is told, only the answers are lost, or all is reset.
    private func cut(_ lines: [CuttableLink], _ fault: Fault) {
        for line in lines {
            switch fault.length % 4 {
            case 0: line.sever()
            case 1: line.cut(.answers)
            case 2: line.cut(.everything, newcomers: .refused)
            default: line.cut(.everything)
            }
        }
    }

    private func breakPython(_ fault: Fault) async throws {
        let python = studio.python
        switch fault.kind {
        case .pythonProcessKilled: await python.killProcess()
        case .pythonKilled:
            try await python.kill()
            await pause(fault)
            try await python.start()
        default:
            try await python.stop()
            await pause(fault)
            try await python.start()
        }
    }

    private func breakDocker(_ fault: Fault) async throws {
        let docker = studio.models.docker
        switch fault.kind {
        case .containerKilled:
            // Where none runs at this moment, one is soon begun.
            do {
                try await eventually("a container is killed", within: .seconds(10)) {
                    try await studio.models.killContainer(fault.number)
                }
                journal.count("containers killed")
            } catch is WaitTimedOut {
                journal.note("no container ran")
            }
        default:
            try await docker.kill()
            await pause(fault)
            try await docker.start()
        }
    }

    private func breakRedis(_ fault: Fault) async throws {
        let redis = studio.redis
        switch fault.kind {
        case .redisFlushed: try await redis.command("FLUSHALL")
        case .redisStalled: try await redis.command("CLIENT", "PAUSE", String(fault.length), "ALL")
        case .redisDisconnected:
            for kind in ["normal", "pubsub"] { try await redis.command("CLIENT", "KILL", "TYPE", kind) }
        default:
            try await redis.kill()
            await pause(fault)
            try await redis.start(empty: fault.kind == .redisEmptied)
        }
    }

    private func breakPostgres(_ fault: Fault) async throws {
        let postgres = studio.postgres
        switch fault.kind {
        case .postgresBackendsEnded:
            try await postgres.sql(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name LIKE 'studio-%' AND random() < 0.5
                """)
        case .postgresStalled:
            try await postgres.sql(
                """
                LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(\(Double(fault.length) / 1000))
                """, in: studio.database)
        default:
            if fault.kind == .postgresKilled { try await postgres.kill() } else { try await postgres.stop() }
            await pause(fault)
            try await postgres.start()
        }
    }
}
