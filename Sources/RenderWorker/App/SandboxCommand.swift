import ArgumentParser
import FoundationEssentials
import Glibc
import StudioCore
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
            let end = try await Self.attempt(deed, in: folder) { print($0) }
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

    private static func attempt(
        _ deed: String, in folder: String, tell: @escaping @Sendable (String) -> Void
    ) async throws -> ChildEnd {
        let command = ChildCommand(
            path: "/proc/self/exe",
            arguments: ["sandbox-deed", deed, "--folder", "\(folder)/own", "--foreign", "\(folder)/foreign"],
            environment: ProcessEnvironment.forChildren, input: Data(), timeout: patience)
        return try await Subprocess.run(command, output: { tell($0) }, errors: { tell($0) })
    }

    /// What a worker's doctor finds out: whether the sandbox can be entered, lets work be done, and refuses some of what it
    /// has to refuse. `sandbox` tries all of it.
    static func diagnoses() async -> [Diagnosis] {
        let confinement = ProcessSandbox.fileConfinement
        var deeds = SandboxTrial.rights.map { ($0, true) } + ["socket", "execve", "ptrace"].map { ($0, false) }
        if confinement != .none { deeds += SandboxTrial.filePrivileges.map { ($0, false) } }
        let wrong: [String]
        do {
            let folder = try await Blocking.run { try makeFolder() }
            wrong = try await withThrowingTaskGroup(of: String?.self) { group in
                for (deed, mustWork) in deeds {
                    group.addTask {
                        let end = try await attempt(deed, in: folder) { _ in }
                        return (end.cause == .exited(0)) == mustWork ? nil : "\(deed) \(words(for: end.cause))"
                    }
                }
                var wrong: [String] = []
                for try await one in group { if let one { wrong.append(one) } }
                return wrong.sorted()
            }
            try? await Blocking.run { try FileManager.default.removeItem(atPath: folder) }
        } catch {
            return [
                Diagnosis(
                    "sandbox", .failed, "nothing could be tried: \(error)",
                    remedy: "let this user begin processes and write to the folder of temporary files")
            ]
        }
        guard wrong.isEmpty else {
            return [
                Diagnosis(
                    "sandbox", .failed, wrong.joined(separator: ", "),
                    remedy:
                        "look with RenderWorker sandbox; a container's seccomp profile must allow prctl, seccomp and landlock_*"
                )
            ]
        }
        guard case .landlock(let version) = confinement else {
            return [
                Diagnosis(
                    "sandbox", .warning,
                    "holds, but this kernel has no Landlock: media work reads what this user may read",
                    remedy: "run Linux 5.13 or newer, with landlock among its lsm")
            ]
        }
        return [Diagnosis("sandbox", .ok, "holds, with Landlock \(version)")]
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
