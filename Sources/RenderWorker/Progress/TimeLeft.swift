/// Guesses how long a run will still take from how fast it went so far. A pure value; time comes from outside.
struct TimeLeft: Sendable {
    private var stage = ""
    private var startedAt = Duration.zero
    private var startedWith = 0.0

    /// A stage's first second and its first hundredth say little about its pace.
    private static let leastTime = Duration.seconds(1)
    private static let leastShare = 0.01

    /// Takes progress in.
    ///
    /// - Parameters:
    ///   - progress: How far the run is.
    ///   - now: The time since any fixed moment.
    /// - Returns: The seconds left; nil while that cannot be told.
    mutating func seconds(after progress: RunProgress, at now: Duration) -> Double? {
        guard let fraction = progress.fraction else { return nil }
        if progress.stage != stage || fraction < startedWith {
            stage = progress.stage
            startedAt = now
            startedWith = fraction
        }
        let share = fraction - startedWith
        let time = now - startedAt
        guard time >= Self.leastTime, share >= Self.leastShare else { return nil }
        return (time / .seconds(1)) * (1 - fraction) / share
    }
}
