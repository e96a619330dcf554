import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore

/// What a worker's doctor finds out about its container engine.
struct EngineExamination: Sendable {
    let engine: ContainerEngine
    /// The workspace's absolute path.
    let root: String
    /// What an operator says the workspace is for the engine.
    let override: HostPaths.Place?

    /// Looks.
    ///
    /// - Parameter isNamed: Whether an operator named the engine: one that is only missed is no failure.
    /// - Returns: What was found out.
    func diagnoses(isNamed: Bool) async -> [Diagnosis] {
        let version: EngineVersion
        do throws(EngineError) {
            version = try await engine.version()
        } catch {
            return [
                Diagnosis(
                    "engine", isNamed ? .failed : .warning, error.message,
                    remedy:
                        "let DOCKER_HOST name an engine or an engine gate, and this user open its socket (its group)")
            ]
        }
        let seen = "version \(version.engine), API \(version.oldest) to \(version.newest)"
        guard version.newest >= ContainerEngine.writtenAgainst else {
            return [
                Diagnosis(
                    "engine", .failed, seen + ": older than \(ContainerEngine.writtenAgainst)",
                    remedy: "run Docker 20.10 or newer")
            ]
        }
        return [Diagnosis("engine", .ok, seen), await paths()]
    }

    /// Whether the engine sees the workspace under the path that it is told: it looks for what a container mounts before it
    /// looks for the container's image, and none has this name.
    private func paths() async -> Diagnosis {
        let here = "\(root)/.studio-doctor-\(UUID().uuidString.lowercased())"
        guard (try? await Blocking.run({ mkdir(here, 0o755) })) == 0 else {
            return Diagnosis(
                "engine-paths", .warning, "not tried: the workspace cannot be written",
                remedy: "see to the workspace first")
        }
        let found = await found(here)
        _ = try? await Blocking.run { rmdir(here) }
        return found
    }

    private func found(_ here: String) async -> Diagnosis {
        var there = here
        do throws(EngineError) {
            there = try await HostPaths.find(by: engine, override: override).path(here)
            var spec = ContainerSpec(
                image: "studio-doctor/no-such-image:none", user: ContainerUser(ofWorker: geteuid(), getegid()),
                memory: 64 << 20, cpus: 1, processes: 16, temporary: 1 << 20, largestFile: 1 << 20)
            spec.labels = [ContainerHost.Label.worker: "doctor"]
            spec.mounts = [ContainerSpec.Mount(source: there, target: "/studio/inputs")]
            let made = try await engine.create(spec, name: "studio-doctor-\(UUID().uuidString.lowercased())")
            try await engine.remove(made)
        } catch {
            if error.code != .notFound || error.message.contains("bind source") {
                return Diagnosis(
                    "engine-paths", .failed, "the engine does not see the workspace: \(error.message)",
                    remedy: "let WORKSPACE_HOST_ROOT name the workspace as the engine's machine has it")
            }
        }
        return Diagnosis("engine-paths", .ok, here == there ? "the same for both" : "the engine sees the workspace too")
    }
}
