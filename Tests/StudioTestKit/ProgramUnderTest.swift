import FoundationEssentials
import Glibc

/// The programs as the build made them, beside the test bundle: what the tests run is what this build is. `STUDIO_PROGRAMS`
/// names another folder, such as that of the release build.
public enum ProgramUnderTest: String, Sendable, CaseIterable {
    /// The gateway.
    case gateway = "GatewayServer"
    /// The render worker.
    case worker = "RenderWorker"

    /// Where the program is.
    ///
    /// - Returns: Its absolute path.
    /// - Throws: `TestKitError` when the build did not make it.
    public func path() throws -> String {
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let beside = bundle.lastIndex(of: "/").map { String(bundle[..<$0]) } ?? "."
        let named = getenv("STUDIO_PROGRAMS").map { String(cString: $0) } ?? ""
        let folder = named.isEmpty ? beside : named
        let path = "\(folder)/\(rawValue)"
        guard access(path, X_OK) == 0 else { throw TestKitError("\(rawValue) was not built in \(folder)") }
        return path
    }

    /// Starts the program with nothing but the environment the test names.
    ///
    /// - Parameters:
    ///   - arguments: Its arguments.
    ///   - environment: Its settings.
    ///   - directory: The working folder; `nil` is the test's own.
    /// - Returns: The running program.
    /// - Throws: `TestKitError` when it was not built or cannot be started.
    public func start(
        _ arguments: [String] = [], environment: [String: String], directory: String? = nil
    ) throws -> ChildProcess {
        try ChildProcess(path(), arguments, environment: environment, directory: directory)
    }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: Its arguments.
    ///   - environment: Its settings.
    ///   - directory: The working folder; `nil` is the test's own.
    ///   - bound: The longest it may take.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: `TestKitError` when it was not built or cannot be started, `WaitTimedOut` when it took too long.
    public func run(
        _ arguments: [String] = [], environment: [String: String], directory: String? = nil,
        within bound: Duration = .seconds(60)
    ) async throws -> ChildProcess.Completed {
        try await ChildProcess.run(path(), arguments, environment: environment, directory: directory, within: bound)
    }

    /// A port on 127.0.0.1 that nobody listened on a moment ago.
    ///
    /// It is below those that the system gives to connections: whoever calls a program that is down could otherwise be given
    /// its very port, reach itself, and keep the program from coming back.
    ///
    /// - Returns: The port.
    /// - Throws: `TestKitError` when none is to be had.
    public static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            if try isFree(port) { return port }
        }
        throw TestKitError("none of a hundred ports is free")
    }

    private static func isFree(_ port: Int) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw TestKitError.system("socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
