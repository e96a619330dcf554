import FoundationEssentials
import Glibc
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

    /// For how many times the settle time a sequence of pictures must have been left alone: what is made of it is made of all
    /// of it, so that a renderer's next picture is waited for.
    static let patience = 30

    /// How many files may be unsettled at a time; beyond that the watch waits, and the kernel keeps what changes.
    static let limit = 20_000

    private struct State {
        var table: Table
        var sequences: SettleTable<AssetSequencePlace, ContinuousClock.Instant>
        var isRescanDue = false
        var isStopping = false
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
        state = Mutex(
            State(
                table: Table(settle: settle, limit: Self.limit),
                sequences: SettleTable(settle: settle * Self.patience, limit: Self.limit)))
    }

    /// Takes files in until the task is cancelled or the process is asked to stop.
    func run() async throws {
        guard settle > .zero else { return await cancelWhenGracefulShutdown { await self.bell.wait() } }
        let watch: AssetWatch
        do {
            watch = try AssetWatch(
                root: folders.root, logger: logger, onChange: { [weak self] in self?.note($0) },
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
                    self.state.withLock { $0.isStopping = true }
                    watch.stop()
                }
            }
        }
        try await thread.shutdownGracefully()
    }

    /// Notes that a file may have changed. Blocks the watch's thread while there is no room: a folder of a million files is
    /// taken in piece by piece.
    private func note(_ place: AssetPlace) {
        while true {
            let isDone = state.withLock { $0.isStopping || $0.table.touch(place, now: .now) }
            bell.ring()
            if isDone { return }
            usleep(20_000)
        }
    }

    private func rescan() {
        state.withLock { $0.isRescanDue = true }
        bell.ring()
    }

    private func work() async {
        rescan()
        while !Task.isCancelled {
            let (settled, sequences, isRescanDue, next) = state.withLock { state in
                defer { state.isRescanDue = false }
                let (settled, sequences) = (
                    state.table.takeSettled(now: .now), state.sequences.takeSettled(now: .now)
                )
                let next = [state.table.next, state.sequences.next].compactMap(\.self).min()
                return (settled, sequences, state.isRescanDue, next)
            }
            for place in settled where !Task.isCancelled { await take(place) }
            for place in sequences where !Task.isCancelled { await take(place) }
            if isRescanDue { await lookAtAll() }
            guard settled.isEmpty, sequences.isEmpty, !isRescanDue else { continue }
            if let next {
                await bell.wait(atMost: ContinuousClock.now.duration(to: next), clock: ContinuousClock())
            } else {
                await bell.wait()
            }
        }
    }

    /// One file; what the studio could not do is tried again when it has settled anew, a file that cannot be read when it
    /// changes.
    private func take(_ place: AssetPlace) async {
        do {
            switch try await look.look(at: place, settle: settle) {
            case .done: break
            case .unsettled: putBack(place)
            case .frame(let sequence): putBack(sequence)
            }
        } catch {
            guard !Task.isCancelled else { return }
            let isTheFiles =
                error is FileError || error is PathError || (error as? StudioError)?.code == .notFound
            logger.warning(
                "a file could not be taken in", error: error,
                metadata: [
                    LogKey.project: "\(place.project)", "file": "\(place.path)", "again": "\(!isTheFiles)",
                ])
            if !isTheFiles { putBack(place) }
        }
    }

    /// One sequence; what the studio could not do is tried again when it has settled anew.
    private func take(_ place: AssetSequencePlace) async {
        do {
            try await look.look(at: place)
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "a sequence could not be taken in and is looked at later", error: error,
                metadata: [LogKey.project: "\(place.project)", "sequence": "\(place.sequence.beginning)"])
            putBack(place)
        }
    }

    private func putBack(_ place: AssetPlace) {
        state.withLock { $0.table.putBack(place, now: .now) }
    }

    /// There are as many as folders with many pictures: so many fewer than files that none is turned away.
    private func putBack(_ place: AssetSequencePlace) {
        state.withLock { $0.sequences.putBack(place, now: .now) }
    }

    /// Files whose rows are left over from a time in which nobody watched: those that are there are told by the watch.
    private func lookAtAll() async {
        do {
            try await look.eachKnownPlace { place in
                await take(place)
                return !Task.isCancelled
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning("the known assets cannot be read and are looked at later", error: error)
            try? await Task.sleep(for: settle)
            rescan()
        }
    }
}
