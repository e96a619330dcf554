import FoundationEssentials
import Logging
import NIOPosix
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioSystem
import Synchronization

/// The function catalogue in use, kept as the folder `Library/Pipeline_Templates` says.
///
/// It is read anew when its files change. An entry that is bad is told once, with what is wrong and where; its last good
/// version stays in use, and jobs keep the version they were submitted with in any case.
final class FunctionLibrary: Service {
    private struct State {
        var catalogue = FunctionCatalogue()
        /// By function name.
        var digests: [String: String] = [:]
        var fingerprint: CatalogueFingerprint?
    }

    private let folder: CatalogueFolder
    private let threads: NIOThreadPool
    private let interval: Duration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state = Mutex(State())

    /// A library, empty until ``reload()``.
    ///
    /// - Parameters:
    ///   - path: The catalogue's folder.
    ///   - threads: Where files are read.
    ///   - interval: How often the files are looked at.
    ///   - clock: What the interval is measured with.
    ///   - logger: Where it tells what changed and what is wrong.
    init(
        path: String, threads: NIOThreadPool = .singleton, interval: Duration = .seconds(2),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        folder = CatalogueFolder(path: path)
        self.threads = threads
        self.interval = interval
        self.clock = clock
        self.logger = logger
    }

    /// The catalogue as it is now.
    var current: FunctionCatalogue { state.withLock { $0.catalogue } }

    /// The catalogue as it is now, with the digest of each function's manifest.
    var revisions: FunctionRevisions {
        state.withLock { FunctionRevisions(catalogue: $0.catalogue, digests: $0.digests) }
    }

    /// The queues that the catalogue's functions use, and the default one.
    var queues: [String] {
        var queues = Set(current.functions.values.map(\.queue))
        queues.insert(StudioKeys.defaultQueue)
        return queues.sorted()
    }

    /// Looks at the files and reads them where they changed.
    ///
    /// - Returns: Whether they were read.
    @discardableResult
    func reload() async throws -> Bool {
        let known = state.withLock { $0.fingerprint }
        let folder = folder
        let found = try await threads.runIfActive { () -> (CatalogueFingerprint, [FunctionCatalogue.Source])? in
            let fingerprint = folder.fingerprint()
            return fingerprint == known ? nil : (fingerprint, folder.read())
        }
        guard let (fingerprint, sources) = found else { return false }
        let (before, after) = state.withLock { state in
            let before = state.catalogue
            state.catalogue = before.reloaded(from: sources)
            state.digests = FunctionRevisions.digests(of: state.catalogue)
            state.fingerprint = fingerprint
            return (before, state.catalogue)
        }
        tell(before: before, after: after)
        return true
    }

    /// Keeps the catalogue up to date until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await self.reload()
                } catch is CancellationError {
                    return
                } catch {
                    self.logger.warning("the function catalogue could not be looked at", error: error)
                }
                try? await self.clock.sleep(for: self.interval)
            }
        }
    }

    private func tell(before: FunctionCatalogue, after: FunctionCatalogue) {
        for (name, function) in after.functions.sorted(by: { $0.key < $1.key })
        where before.functions[name]?.document != function.document {
            logger.info("function loaded", metadata: [LogKey.function: "\(name)", "version": "\(function.version)"])
        }
        for name in before.functions.keys.sorted() where after.functions[name] == nil {
            logger.notice("function removed", metadata: [LogKey.function: "\(name)"])
        }
        for (folder, fault) in after.faults.sorted(by: { $0.key < $1.key }) where before.faults[folder] != fault {
            let reasons = fault.findings.map { "\($0.pointer): \($0.detail)" }.joined(separator: "; ")
            logger.error(
                "a function's manifest is not valid",
                metadata: [
                    "folder": "\(folder)", "reason": "\(reasons.isEmpty ? fault.detail : reasons)",
                    "in_use": "\(after.functions[folder]?.version ?? "none")",
                ])
        }
    }
}
