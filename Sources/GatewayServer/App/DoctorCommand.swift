import ArgumentParser
import FoundationEssentials
import NIOPosix
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem
import StudioTransfer

/// `doctor`: tries everything that the gateway depends on.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try everything that the gateway needs, with a remedy for each failure; exit 1 where there is one.",
        discussion: "Changes nothing. All is tried, also where the first thing fails.")

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Seconds that each thing has for an answer.")
    var timeout = 5

    func validate() throws {
        guard (1...600).contains(timeout) else { throw ValidationError("--timeout is 1 to 600") }
    }

    func run() async throws {
        let variables = ProcessEnvironment.variables
        let (configuration, broken) = ProcessEnvironment.settings
        let doctor = GatewayDoctor(
            configuration: configuration, broken: broken, searchPath: variables["PATH"] ?? "", bound: .seconds(timeout))
        let report = await DiagnosisReport(
            examining: doctor.examinations, within: .seconds(timeout), clock: ContinuousClock())
        print(try json ? report.json() : report.text)
        if !report.healthy { throw ExitCode.failure }
    }
}

/// What the gateway's doctor looks at.
struct GatewayDoctor: Sendable {
    /// Connections that the gateway has beside those for ordinary work: writing to projects, admission, dispatch.
    static let furtherConnections = 6

    let configuration: StudioConfiguration
    let broken: [Finding]
    let searchPath: String
    let bound: Duration

    var examinations: [Examination] {
        let (common, broken, bound) = (configuration.common, broken, bound)
        let workspace = WorkspaceExamination(root: GatewayParts.absolute(common.workspaceRoot))
        var all = [
            Examination("configuration", remedy: "") {
                [Diagnosis](configuration: broken, of: common.environment)
            }
        ]
        if !common.databaseURL.isEmpty {
            let postgres = PostgresExamination(
                common.databaseURL, connections: common.databaseConnections + Self.furtherConnections,
                mustBeDurable: common.environment != .development)
            all.append(
                Examination("postgres", remedy: "look whether a firewall or the name server is in the way") {
                    await postgres.diagnoses(within: bound)
                })
        }
        if !common.redisURL.isEmpty {
            let redis = RedisExamination(common.redisURL, group: MultiThreadedEventLoopGroup.singleton)
            all.append(
                Examination("redis", remedy: "look whether a firewall or the name server is in the way") {
                    await redis.diagnoses(within: bound)
                })
        }
        if let storage = common.storage.remote {
            let examination = StorageExamination(storage)
            all.append(
                Examination(
                    "storage", remedy: "look whether S3_ENDPOINT is right, and whether a firewall is in the way"
                ) {
                    await examination.diagnoses()
                })
        }
        let (searchPath, page) = (searchPath, GatewayParts.absolute(configuration.gateway.webRoot))
        all += [
            blocking("workspace", remedy: "look whether its file system answers: dmesg, mount") { workspace.folder() },
            blocking("functions", remedy: "look whether the workspace's file system answers") { workspace.catalogue() },
            blocking("git-lfs", remedy: "look at the folders of PATH") {
                [
                    WorkspaceExamination.lfsClient(
                        searchPath: searchPath, environment: common.environment, place: common.gitClient)
                ]
            },
            blocking("page", remedy: "look whether the file system of WEB_ROOT answers") { [Self.page(at: page)] },
        ]
        return all
    }

    private func blocking(
        _ check: String, remedy: String, _ look: @escaping @Sendable () -> [Diagnosis]
    ) -> Examination {
        Examination(check, remedy: remedy) { (try? await NIOThreadPool.singleton.runIfActive(look)) ?? [] }
    }

    /// Whether there is a page to serve; without one there is the API alone, which is no fault by itself.
    private static func page(at root: String) -> Diagnosis {
        guard FileManager.default.isReadableFile(atPath: "\(root)/index.html") else {
            return Diagnosis(
                "page", .warning, "\(root) has no index.html: there is the API alone",
                remedy: "build it with Web/build.sh, or let WEB_ROOT name its folder")
        }
        return Diagnosis("page", .ok, root)
    }
}
