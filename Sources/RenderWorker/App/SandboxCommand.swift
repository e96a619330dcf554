import ArgumentParser
import FoundationEssentials
import Glibc
import StudioSystem

/// `sandbox`: shows an operator what holds media work on this machine.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Try, inside the sandbox of media work, what it has to refuse.",
        discussion: "Ends with status 1 where something works that must not, or the other way round.")

    /// The longest that one try may take.
    private static let patience = Duration.seconds(30)

    func run() async throws {
        let confinement = ProcessSandbox.fileConfinement
        switch confinement {
        case .landlock(let version): print("files: held by Landlock, version \(version)")
        case .none: print("files: held by nothing but this user's permissions, for this kernel has no Landlock")
        }
        let folder = try Self.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var isWhole = true
        func show(_ deed: String, mustWork: Bool) async throws {
            let end = try await attempt(deed, in: folder)
            let works = end.cause == .exited(0)
            if works != mustWork { isWhole = false }
            print("\(works == mustWork ? "ok   " : "WRONG") \(deed): \(Self.words(for: end.cause))")
        }
        for deed in SandboxTrial.rights { try await show(deed, mustWork: true) }
        if confinement != .none {
            for deed in SandboxTrial.filePrivileges { try await show(deed, mustWork: false) }
        }
        for deed in SandboxTrial.systemCalls { try await show(deed, mustWork: false) }
        if !isWhole { throw ExitCode.failure }
    }

    private func attempt(_ deed: String, in folder: String) async throws -> ChildEnd {
        let command = ChildCommand(
            path: "/proc/self/exe",
            arguments: ["sandbox-deed", deed, "--folder", "\(folder)/own", "--foreign", "\(folder)/foreign"],
            environment: ProcessEnvironment.forChildren, input: Data(), timeout: Self.patience)
        return try await Subprocess.run(command, output: { print($0) }, errors: { print($0) })
    }

    private static func words(for cause: ChildEnd.Cause) -> String {
        switch cause {
        case .exited(0): "works"
        case .signalled(SIGSYS): "ends the process"
        case .signalled(let signal): "ends the process by signal \(signal)"
        case .exited(SandboxDeedCommand.notConfined): "the process could not be confined"
        case .exited(let code): "is refused: \(systemMessage(code))"
        }
    }

    /// A folder with what the deeds are about: the sandbox's own folder, and one that is none of its business.
    private static func makeFolder() throws -> String {
        let files = FileManager.default
        let folder = "\(files.temporaryDirectory.path)/studio-sandbox-\(UUID().uuidString)"
        for (name, file) in [("own", "input"), ("foreign", "secret")] {
            try files.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            guard files.createFile(atPath: "\(folder)/\(name)/\(file)", contents: Data("a".utf8)) else {
                throw ValidationError("\(folder) cannot be written to.")
            }
        }
        return folder
    }
}

/// The hidden command that tries one thing, in a process of its own; see ``SandboxCommand``.
struct SandboxDeedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox-deed", abstract: "Tries one thing inside the sandbox.", shouldDisplay: false)

    /// The status where there is no sandbox to try it in; no `errno` value.
    static let notConfined: Int32 = 255

    @Argument var deed: String
    @Option var folder: String
    @Option var foreign: String

    func run() throws {
        do {
            switch try SandboxTrial.attempt(deed, folder: folder, foreign: foreign) {
            case .done: return
            case .refused(let number): throw ExitCode(number)
            }
        } catch let error as ProcessError {
            FileHandleOutput.standardError("\(error)\n")
            throw ExitCode(Self.notConfined)
        }
    }
}
