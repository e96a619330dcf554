import ArgumentParser
import FoundationEssentials
import Logging
import StudioCore
import StudioSystem

/// What the program is told by the process it runs in; read here and nowhere else.
enum ProcessEnvironment {
    /// All variables.
    static var variables: [String: String] { ProcessInfo.processInfo.environment }

    /// The checked configuration. Prints every broken rule to standard error and exits 1 where there is one.
    ///
    /// - Parameter program: Whose rules hold; default the gateway's.
    /// - Returns: The configuration.
    /// - Throws: `ExitCode` 1.
    static func configuration(_ program: StudioConfiguration.Program = .gateway) throws -> StudioConfiguration {
        do {
            return try StudioConfiguration(environment: variables, program: program, readFile: readText)
        } catch {
            refuse("The configuration breaks these rules:", error)
            throw ExitCode.failure
        }
    }

    /// The gateway's configuration as far as it goes, and every rule that it breaks.
    static var settings: (StudioConfiguration, [Finding]) {
        StudioConfiguration.read(environment: variables, program: .gateway, readFile: readText)
    }

    /// Tells on standard error why a command ends, in the studio's words, each finding on a line.
    static func refuse(_ heading: String, _ error: StudioError) {
        let lines = error.findings.map { "  \($0.pointer): \($0.detail)" }
        StandardError.write(([heading] + (lines.isEmpty ? ["  \(error.detail)"] : lines)).joined(separator: "\n"))
    }

    /// Makes every logger of the process write as the configuration says. To be called once.
    static func bootstrapLogging(_ common: StudioConfiguration.Common) {
        let level = Logger.Level(rawValue: common.logLevel) ?? .info
        let format: StudioLogHandler.Format = common.logFormat == .text ? .text : .json
        LoggingSystem.bootstrap { StudioLogHandler(label: $0, format: format, level: level) }
    }

    private static func readText(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }
}
