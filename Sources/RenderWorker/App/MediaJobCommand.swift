import ArgumentParser

/// The hidden command that the worker starts for each piece of media work; see ``MediaChild``.
struct MediaJobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "media-job", abstract: "Does one piece of media work for a worker.", shouldDisplay: false)

    func run() throws { throw ArgumentParser.ExitCode(MediaJobProcess.run().rawValue) }
}
