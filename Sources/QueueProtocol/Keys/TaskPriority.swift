/// How urgent a task is, in the two ways of counting that meet in this project.
///
/// Our contract counts from 0 (whenever) to 9 (at once). Celery on Redis serves 0 first and 9 last, and keeps one list
/// for each of the steps 0, 3, 6 and 9. The translation is here and nowhere else.
public struct TaskPriority: Sendable, Hashable, Comparable {
    /// The steps of the wire that have a list of their own, in the order in which they are served.
    public static let wireSteps = [0, 3, 6, 9]

    /// The priority as our contract counts: 0…9, 9 is the most urgent.
    public let urgency: Int

    /// A priority as our contract counts.
    ///
    /// - Parameter urgency: 0…9, 9 is the most urgent; values outside count as the nearest inside.
    public init(urgency: Int) { self.urgency = min(9, max(0, urgency)) }

    /// A priority as Celery on Redis counts.
    ///
    /// - Parameter wire: 0…9, 0 is served first; values outside count as the nearest inside.
    public init(wire: Int) { urgency = 9 - min(9, max(0, wire)) }

    /// The number that the message carries: 0 is served first.
    public var wire: Int { 9 - urgency }

    /// The step whose list the message goes to: the wire number rounded down to 0, 3, 6 or 9.
    public var wireStep: Int { wire / 3 * 3 }

    /// Whether the left one is less urgent.
    public static func < (left: Self, right: Self) -> Bool { left.urgency < right.urgency }
}
