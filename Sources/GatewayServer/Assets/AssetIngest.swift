import FoundationEssentials
import Logging
import NIOPosix
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioSystem
import Synchronization

/// Takes in what is uploaded to, dropped into, renamed in and removed from the projects' asset folders: notes what it is, tells
/// of it, and has derivatives made of media.
///
/// Every gateway may do it at the same time: a file is told once, by the row, and a derivative is made once, for its place is
/// named by the content and a place has one job at a time. So it also goes on after a restart where it was.
final class AssetIngest: Service {
    private typealias Table = SettleTable<AssetPlace, ContinuousClock.Instant>

    /// How many files may be unsettled at a time; beyond that everything is looked at when they are done.
    static let limit = 20_000

    private struct State {
        var table: Table
        var isRescanDue = false
    }

    private let look: AssetLook
    private let settle: Duration
    private let folders: ProjectFolders
    private let state: Mutex<State>
    private let bell = Bell()
    private let logger: Logger

    /// - Parameters:
    ///   - look: What is done with a file that has settled.
    ///   - settle: How long a file must have been left alone; zero takes nothing in.
    ///   - folders: Where the projects lie.
    ///   - logger: Where it tells what it does.
    init(look: AssetLook, settle: Duration, folders: ProjectFolders, logger: Logger) {
        self.look = look
        self.settle = settle
        self.folders = folders
        self.logger = logger
        state = Mutex(State(table: Table(settle: settle, limit: Self.limit)))
    }

    /// Takes files in until the task is cancelled or the process is asked to stop.
    func run() async throws {
        guard settle > .zero else { return await cancelWhenGracefulShutdown { await self.bell.wait() } }
        let watch: AssetWatch
        do {
            watch = try AssetWatch(
                root: folders.root, logger: logger, onChange: { [weak self] in self?.touch($0) },
                onOverflow: { [weak self] in self?.rescan() })
        } catch {
            // All else works without it.
            logger.error("asset folders are not watched: the machine gives no watches", error: error)
            return await cancelWhenGracefulShutdown { await self.bell.wait() }
        }
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await thread.runIfActive { watch.run() } }
                group.addTask {
                    await self.work()
                    watch.stop()
                }
            }
        }
        try await thread.shutdownGracefully()
    }

    /// Notes that a file may have changed.
    func touch(_ place: AssetPlace) {
        state.withLock { state in
            if !state.table.touch(place, now: .now) { state.isRescanDue = true }
        }
        bell.ring()
    }

    private func rescan() {
        state.withLock { $0.isRescanDue = true }
        bell.ring()
    }

    private func work() async {
        rescan()
        while !Task.isCancelled {
            let (settled, isRescanDue, next) = state.withLock { state in
                let settled = state.table.takeSettled(now: .now)
                let isDue = state.isRescanDue && state.table.count == 0 && settled.isEmpty
                if isDue { state.isRescanDue = false }
                return (settled, isDue, state.table.next)
            }
            for place in settled where !Task.isCancelled { await take(place) }
            if isRescanDue { await lookAtAll() }
            guard settled.isEmpty, !isRescanDue else { continue }
            if let next {
                await bell.wait(atMost: ContinuousClock.now.duration(to: next), clock: ContinuousClock())
            } else {
                await bell.wait()
            }
        }
    }

    /// One file; what could not be done is tried again when it has settled anew.
    private func take(_ place: AssetPlace) async {
        do {
            if try await look.look(at: place, settle: settle) == .unsettled { touch(place) }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "a file could not be taken in and is tried again", error: error,
                metadata: [LogKey.project: "\(place.project)", "file": "\(place.path)"])
            touch(place)
        }
    }

    /// Files whose rows are left over from a time in which nobody watched: those that are there are told by the watch.
    private func lookAtAll() async {
        do {
            for place in try await look.knownPlaces() { touch(place) }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning("the known assets cannot be read and are looked at later", error: error)
            try? await Task.sleep(for: settle)
            rescan()
        }
    }
}
