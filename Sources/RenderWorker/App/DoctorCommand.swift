import ArgumentParser
import FoundationEssentials
import NIOPosix
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem
import StudioTransfer

/// `doctor`: tries everything that a worker depends on.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try everything that a worker needs, with a remedy for each failure; exit 1 where there is one.",
        discussion: "Changes nothing. All is tried, also where the first thing fails.")

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Seconds that each thing has for an answer.")
    var timeout = 5

    func validate() throws {
        guard (1...600).contains(timeout) else { throw ValidationError("--timeout is 1 to 600") }
    }

    func run() async throws {
        let (configuration, broken) = ProcessEnvironment.settings
        let doctor = WorkerDoctor(
            configuration: configuration, broken: broken, variables: ProcessEnvironment.variables,
            bound: .seconds(timeout))
        let report = await DiagnosisReport(
            examining: doctor.examinations, within: .seconds(timeout), clock: ContinuousClock())
        print(try json ? report.json() : report.text)
        if !report.healthy { throw ExitCode.failure }
    }
}

/// What a worker's doctor looks at.
struct WorkerDoctor: Sendable {
    let configuration: StudioConfiguration
    let broken: [Finding]
    let variables: [String: String]
    let bound: Duration

    private var root: String { ProcessEnvironment.absolute(configuration.common.workspaceRoot) }

    var examinations: [Examination] {
        let (common, broken) = (configuration.common, broken)
        let configured = Examination("configuration", remedy: "") {
            [Diagnosis](configuration: broken, of: common.environment)
        }
        return [configured] + stores + files + media + engine + comfyServers
    }

    private var stores: [Examination] {
        let (common, bound) = (configuration.common, bound)
        let remedy = "look whether a firewall or the name server is in the way"
        var all: [Examination] = []
        if !common.databaseURL.isEmpty {
            // Heartbeats have a connection of their own.
            let postgres = PostgresExamination(
                common.databaseURL, connections: common.databaseConnections + 1,
                mustBeDurable: common.environment != .development)
            all.append(Examination("postgres", remedy: remedy) { await postgres.diagnoses(within: bound) })
        }
        if !common.redisURL.isEmpty {
            let redis = RedisExamination(common.redisURL, group: MultiThreadedEventLoopGroup.singleton)
            all.append(Examination("redis", remedy: remedy) { await redis.diagnoses(within: bound) })
        }
        if let storage = common.storage.remote {
            let examination = StorageExamination(storage)
            all.append(Examination("storage", remedy: remedy) { await examination.diagnoses() })
        }
        return all
    }

    private var files: [Examination] {
        let workspace = WorkspaceExamination(root: root)
        let common = configuration.common
        let searchPath = variables["PATH"] ?? ""
        let models = ProcessEnvironment.absolute(configuration.worker.modelsRoot)
        let temporary = FileManager.default.temporaryDirectory.path
        return [
            blocking("workspace", remedy: "look whether its file system answers: dmesg, mount") { workspace.folder() },
            blocking("functions", remedy: "look whether the workspace's file system answers") { workspace.catalogue() },
            blocking("models", remedy: "look whether the file system of MODELS_ROOT answers") {
                [Self.models(at: models)]
            },
            blocking("temporary", remedy: "look whether the file system of TMPDIR answers") {
                [Self.temporary(at: temporary)]
            },
            blocking("git-lfs", remedy: "look at the folders of PATH") {
                [
                    WorkspaceExamination.lfsClient(
                        searchPath: searchPath, environment: common.environment, place: common.gitClient)
                ]
            },
        ]
    }

    private var media: [Examination] {
        [
            Examination("sandbox", remedy: "give it more time (--timeout), or look with RenderWorker sandbox") {
                await SandboxCommand.diagnoses()
            },
            blocking("codecs", remedy: "install the studio's own libav again") { MediaDiagnosis.codecs() },
        ]
    }

    private var engine: [Examination] {
        let address = configuration.worker.engine
        // Nobody who has not said that there is an engine misses one.
        let isNamed = !(variables["DOCKER_HOST"] ?? "").isEmpty
        if case .unixSocket(let path) = address, !isNamed, !FileManager.default.fileExists(atPath: path) { return [] }
        let examination = EngineExamination(
            engine: ContainerEngine(address), root: root,
            override: configuration.worker.workspaceHostRoot.map { HostPaths.Place(here: root, there: $0) })
        return [
            Examination("engine", remedy: "look whether DOCKER_HOST names an engine that answers") {
                await examination.diagnoses(isNamed: isNamed)
            }
        ]
    }

    private var comfyServers: [Examination] {
        configuration.worker.comfyServers.compactMap(ComfyAddress.init).map { address in
            Examination("comfyui \(address.label)", remedy: "start it, or take it out of COMFYUI_URLS") {
                await ComfyServer.diagnoses(of: address)
            }
        }
    }

    private func blocking(
        _ check: String, remedy: String, _ look: @escaping @Sendable () -> [Diagnosis]
    ) -> Examination {
        Examination(check, remedy: remedy) { (try? await Blocking.run(look)) ?? [] }
    }

    private static func models(at root: String) -> Diagnosis {
        guard FileManager.default.isReadableFile(atPath: root) else {
            return Diagnosis(
                "models", .warning, "\(root) cannot be read: functions that name models fail",
                remedy: "mount the studio's models there, or let MODELS_ROOT name their folder")
        }
        return Diagnosis("models", .ok, root)
    }

    private static func temporary(at folder: String) -> Diagnosis {
        let place = "\(folder)/studio-doctor-\(UUID().uuidString)"
        do {
            try Data("studio".utf8).write(to: URL(filePath: place))
            try FileManager.default.removeItem(atPath: place)
        } catch {
            return Diagnosis(
                "temporary", .failed, "\(folder) cannot be written",
                remedy: "mount a tmpfs there, or let TMPDIR name a folder that can be written")
        }
        return Diagnosis("temporary", .ok, "\(folder) can be written")
    }
}
