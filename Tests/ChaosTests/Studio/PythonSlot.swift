import Foundation
import Glibc
import StudioTestKit

/// The place of the Python worker of Celery: it dies and is started again here. What Celery promises is not ours to judge,
/// so one that ended by itself is started again and counted, no more.
actor PythonSlot {
    /// The longest it may take to stop.
    private static let patience = Duration.seconds(20)

    private let folder: TemporaryDirectory
    private let broker: String
    private let journal: Journal
    private var child: ChildProcess?
    private var incarnation = 0

    init(broker: String, journal: Journal) throws {
        folder = try TemporaryDirectory("python")
        try folder.write(PythonStudio.source().utf8, to: "tasks.py")
        self.broker = broker
        self.journal = journal
    }

    /// Starts it, if it does not run; it takes a few seconds before it takes tasks, and nobody waits for that.
    func start() throws {
        if let child, child.ended != nil {
            journal.count("Python workers that ended by themselves")
            self.child = nil
        }
        guard child == nil else { return }
        incarnation += 1
        child = try ChildProcess(
            PythonProgram.interpreter(),
            [
                "-u", "-m", "celery", "-A", "tasks", "worker", "--loglevel", "INFO", "--hostname",
                "python.\(incarnation)@test", "--queues", PythonStudio.queue, "--concurrency", "2",
            ],
            environment: [
                "CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": broker, "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONWARNINGS": "ignore",
            ], directory: folder.path)
    }

    /// The last lines of the one that is here now.
    var lines: [String] { child?.lines.map(\.text) ?? [] }

    /// Ends it and its processes with SIGKILL.
    func kill() async throws {
        guard let child else { return }
        child.send(SIGKILL, toGroup: true)
        try await child.exit()
        self.child = nil
    }

    /// Ends one process of its pool with SIGKILL.
    func killProcess() {
        guard let child, child.ended == nil else { return }
        let list = "/proc/\(child.pid)/task/\(child.pid)/children"
        let children = ((try? String(contentsOfFile: list, encoding: .utf8)) ?? "").split(separator: " ")
        if let process = children.last.flatMap({ pid_t($0.trimmingCharacters(in: .whitespaces)) }) {
            _ = Glibc.kill(process, SIGKILL)
        }
    }

    /// Asks it to stop and waits; where it does not, it is killed.
    func stop() async throws {
        guard let child else { return }
        child.send(SIGTERM)
        do {
            try await child.exit(within: Self.patience)
        } catch {
            journal.count("Python workers that did not stop")
            child.send(SIGKILL, toGroup: true)
            try await child.exit()
        }
        self.child = nil
    }
}
