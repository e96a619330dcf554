import QueueProtocol

/// This worker as a node of Celery: seen by monitors, obeying remote control.
struct CeleryNode: Sendable {
    let heart: NodeHeart<ContinuousClock>
    let control: NodeControl
    let events: NodeEvents

    /// Is there until the task is cancelled, which must not be before the last job is over.
    func run() async {
        await withTaskGroup(of: Void.self) { parts in
            parts.addTask { await heart.run() }
            parts.addTask { await control.run() }
            parts.addTask { await events.run() }
        }
    }

    /// Tells what is still to be told, and goes.
    func signOff() async {
        await events.flush()
        await heart.signOff()
    }
}
