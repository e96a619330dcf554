import NIOCore
import QueueProtocol
import StudioPostgres

/// What a client has still to be told, within its bounds: durable events in order and whole, progress newest-wins.
///
/// Decides, sends nothing. A client so slow that its durable events do not fit is to be closed: it can come back and read
/// on from the last event it got. Progress never counts against it.
struct OutgoingQueue {
    /// Durable events that may wait.
    static let durableLimit = 2048
    /// Bytes of durable events that may wait.
    static let byteLimit = 4 * 1024 * 1024
    /// Jobs whose newest progress may wait; of more than that the longest waiting is dropped.
    static let progressLimit = 256

    private var durable = CircularBuffer<OutgoingEvent>()
    private var bytes = 0
    private var progress: [JobID: OutgoingEvent] = [:]
    /// Jobs with waiting progress in the order in which they began to wait.
    private var progressOrder = CircularBuffer<JobID>()

    /// How many durable events wait.
    var durableCount: Int { durable.count }

    var isEmpty: Bool { durable.isEmpty && progress.isEmpty }

    /// Takes a durable event; false where the client is too slow and must be closed.
    mutating func append(_ event: OutgoingEvent) -> Bool {
        guard durable.count < Self.durableLimit, bytes + event.json.readableBytes <= Self.byteLimit else {
            return false
        }
        if event.endsJob, let job = event.job { dropProgress(of: job) }
        durable.append(event)
        bytes += event.json.readableBytes
        return true
    }

    /// Takes progress in place of what the job's older progress was.
    mutating func update(_ event: OutgoingEvent) {
        guard let job = event.job else { return }
        if progress.updateValue(event, forKey: job) == nil { progressOrder.append(job) }
        if progress.count > Self.progressLimit, let oldest = progressOrder.popFirst() { progress[oldest] = nil }
    }

    /// What to send next: durable events before progress, so that a state is known before its progress.
    mutating func next() -> OutgoingEvent? {
        if let event = durable.popFirst() {
            bytes -= event.json.readableBytes
            return event
        }
        while let job = progressOrder.popFirst() {
            if let event = progress.removeValue(forKey: job) { return event }
        }
        return nil
    }

    private mutating func dropProgress(of job: JobID) {
        guard progress.removeValue(forKey: job) != nil else { return }
        progressOrder.removeAll { $0 == job }
    }
}
