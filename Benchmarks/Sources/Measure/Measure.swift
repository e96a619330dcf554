import ArgumentParser
import FoundationEssentials
import StudioCore
import StudioGit
import StudioSystem

/// The studio's own parts, called as the worker calls them; each command prints one JSON object.
@main
struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times one part of the studio.",
        subcommands: [Hash.self, Publish.self, Canvas.self])
}

func report(_ clock: ContinuousClock.Instant) {
    let elapsed = (ContinuousClock.now - clock) / Duration.seconds(1)
    print("{\"seconds\": \(elapsed)}")
}

/// SHA-256 of a file, alone.
struct Hash: ParsableCommand {
    @Argument var file: String

    func run() throws {
        let start = ContinuousClock.now
        _ = try FileHash(file: file)
        report(start)
    }
}

/// A finished file to a committed LFS pointer: hashed, stored, linked into place, committed.
struct Publish: ParsableCommand {
    @Option var repository: String
    @Argument var file: String

    func run() throws {
        // The finished file lies in the scratch folder of the same file system, as a runner leaves it.
        let finished = repository + "/finished"
        _ = try FilePlacement.placeWithoutReplacing(source: file, destination: FileDestination(path: finished))
        let start = ContinuousClock.now
        let content = try FileHash(file: finished)
        let repository = try GitRepository(at: repository)
        _ = try repository.lfs.add(file: finished, content: content)
        _ = try FilePlacement.placeWithoutReplacing(
            source: finished, destination: FileDestination(path: self.repository + "/take.bin"))
        _ = try repository.commit(
            CommitRequest(
                entries: [try RelativePath("take.bin"): .largeFile(content)],
                author: .init(name: "Bench", email: "bench@example.org"), time: Date(), message: "Take"))
        report(start)
    }
}
