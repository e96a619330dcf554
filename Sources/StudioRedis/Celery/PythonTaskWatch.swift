import QueueProtocol

/// What is known of one task's whereabouts. Decides; asks nobody itself.
///
/// A task gives a sign of life when its message stands in its queue, when a node says that it has it, and when its result
/// says something new. One that gives none for as many rounds of questions as it may be silent is lost: its worker was
/// killed, or took the message and forgot it. Rounds that Redis did not carry count for nothing.
struct PythonTaskWatch: Sendable, Equatable {
    /// Where the task is.
    enum Place: Sendable, Equatable {
        /// In its queue, as far as anybody knows.
        case queue
        /// With a node.
        case node(String, NodeReply.Hold)
    }

    /// What one round brought to light.
    enum Finding: Sendable, Equatable {
        /// The message stands in its queue.
        case queued
        /// A node says that it has the task.
        case held(node: String, NodeReply.Hold)
        /// Neither.
        case nothing
    }

    /// How many rounds without a sign of life are too many.
    let patience: Int
    private(set) var place = Place.queue
    private(set) var isLost = false
    private var silentRounds = 0
    /// Whether the nodes were asked for this task, so that silence means something.
    private var wasAsked = false
    private var spoke = false

    init(patience: Int) { self.patience = max(1, patience) }

    /// Whether the next round has to ask the nodes; where the message was seen in its queue just now it need not.
    var isSilent: Bool { silentRounds > 0 }

    /// The result said something new.
    mutating func heard() { spoke = true }

    /// The nodes are being asked; their answers come with the next round.
    mutating func asked() { wasAsked = true }

    /// Redis was away: what was asked got no fair answer, and nodes need time to come back too.
    mutating func forgive() {
        silentRounds = 0
        wasAsked = false
    }

    /// Takes in what a round brought.
    ///
    /// - Returns: Where the task is now, where that has changed.
    mutating func judge(_ finding: Finding) -> Place? {
        let before = place
        defer { (spoke, wasAsked) = (false, false) }
        switch finding {
        case .queued: (place, silentRounds) = (.queue, 0)
        case .held(let node, let hold): (place, silentRounds) = (.node(node, hold), 0)
        case .nothing:
            if spoke {
                silentRounds = 0
            } else if wasAsked {
                silentRounds += 1
                isLost = silentRounds >= patience
            }
        }
        return place == before ? nil : place
    }
}
