import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import StudioCore
import StudioSystem

/// What the program is told by the process it runs in; read here and nowhere else.
enum ProcessEnvironment {
    /// All variables.
    static var variables: [String: String] { ProcessInfo.processInfo.environment }

    /// The checked configuration. Prints every broken rule to standard error and exits 1 where there is one.
    ///
    /// - Parameter program: Whose rules hold; default a worker's.
    /// - Returns: The configuration.
    /// - Throws: `ExitCode` 1.
    static func configuration(_ program: StudioConfiguration.Program = .worker) throws -> StudioConfiguration {
        do {
            return try StudioConfiguration(environment: variables, program: program, readFile: readText)
        } catch {
            let lines = error.findings.map { "  \($0.pointer): \($0.detail)" }
            let text = (["The configuration breaks these rules:"] + lines).joined(separator: "\n") + "\n"
            FileHandleOutput.standardError(text)
            throw ExitCode.failure
        }
    }

    /// A worker's configuration as far as it goes, and every rule that it breaks.
    static var settings: (StudioConfiguration, [Finding]) {
        StudioConfiguration.read(environment: variables, program: .worker, readFile: readText)
    }

    private static func readText(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Makes every logger of the process write as the configuration says. To be called once.
    static func bootstrapLogging(_ common: StudioConfiguration.Common) {
        let level = Logger.Level(rawValue: common.logLevel) ?? .info
        let format: StudioLogHandler.Format = common.logFormat == .text ? .text : .json
        LoggingSystem.bootstrap { StudioLogHandler(label: $0, format: format, level: level) }
    }

    /// The environment of media children: what the loader and the C library need, nothing that may be secret.
    static var forChildren: [String: String] {
        var environment = variables.filter { ["LD_LIBRARY_PATH", "TZ"].contains($0.key) }
        environment["LC_ALL"] = "C.UTF-8"
        // Every arena reserves address space, which is limited; libav's threads would each have one.
        environment["MALLOC_ARENA_MAX"] = "4"
        // Libraries of linear algebra, which some builds of libavfilter load, begin threads before the program does; a
        // child has to be alone while it confines itself.
        environment["OPENBLAS_NUM_THREADS"] = "1"
        environment["OMP_NUM_THREADS"] = "1"
        // SVT-AV1 tells at length on standard error that it cannot raise its threads' priority; errors are still told.
        environment["SVT_LOG"] = "1"
        // A crash in a codec is an answer, not something to unwind for a minute.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        return environment
    }

    /// The machine's name.
    static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// An absolute path as it stands, a relative one below the working folder.
    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let below = path.split(separator: "/").filter { $0 != "." }
        return ([FileManager.default.currentDirectoryPath] + below.map(String.init)).joined(separator: "/")
    }
}

/// Text for people on the standard streams.
enum FileHandleOutput {
    static func standardError(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}
