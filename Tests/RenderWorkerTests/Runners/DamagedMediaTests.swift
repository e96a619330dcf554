import FoundationEssentials
import Glibc
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// Broken files in real media processes, with their limits and their sandbox; StudioMediaTests try many more in one process.
@Suite(.timeLimit(.minutes(10))) struct DamagedMediaTests {
    /// What may be said of a file that is broken.
    private static let verdicts: Set<FailureCode> = [.inputInvalid, .outOfMemory]

    @Test func brokenMediaEndsAsAFailureOfTheJobOrAsAFile() async throws {
        let folder = try TemporaryDirectory("damage")
        try await MediaSpecimens.make(in: folder)
        var broken: [String] = []
        let rounds = MediaSpecimens.rounds(usually: 1)
        try MediaSpecimens.breakAll(rounds: rounds, seed: 6, in: folder.path) { name, bytes in
            broken.append(name)
            try folder.write(bytes, to: name)
        }
        let names = broken
        let child = MediaChild(
            program: try ProgramUnderTest.worker.path(), environment: ProcessEnvironment.forChildren)
        let outcomes = await withTaskGroup(of: (failed: Int, made: Int).self) { tasks in
            // As many at a time as a small worker has slots.
            for slot in 0..<2 {
                tasks.addTask {
                    var count = (failed: 0, made: 0)
                    for name in names.enumerated() where name.offset % 2 == slot {
                        for operation in [MediaOperation.inspect, .transcode] {
                            let isMade = await Self.run(operation, name.element, in: folder, child)
                            if isMade { count.made += 1 } else { count.failed += 1 }
                        }
                    }
                    return count
                }
            }
            return await tasks.reduce((0, 0)) { ($0.0 + $1.failed, $0.1 + $1.made) }
        }
        #expect(outcomes.0 > 5 && outcomes.1 > 5, "both ends are met: \(outcomes)")
    }

    /// Whether the work was done.
    private static func run(
        _ operation: MediaOperation, _ name: String, in folder: TemporaryDirectory, _ child: MediaChild
    ) async -> Bool {
        let scratch = folder.path("scratch-\(operation.rawValue)-\(name)")
        mkdir(scratch, 0o700)
        let output = "\(scratch)/out.\(operation == .inspect ? "jpg" : "mp4")"
        let request = MediaJobRequest(
            operation: operation, inputs: ["source": [folder.path(name)]], output: output, parameters: [:],
            quality: .low, seed: 0, limits: MediaJobLimits(memory: 8 << 30, processorSeconds: 120))
        do {
            _ = try await child.perform(request, timeout: .seconds(60), progress: { _ in }, log: { _ in })
            return true
        } catch let failure as JobFailure {
            #expect(verdicts.contains(failure.code), "\(operation.rawValue) of \(name): \(failure.message)")
            #expect(WorkspaceFolders.names(in: scratch).isEmpty, "\(operation.rawValue) of \(name) left a file")
        } catch { Issue.record("\(operation.rawValue) of \(name) threw \(error)") }
        return false
    }
}
