import StudioTestKit

/// Lets a number of tests in at a time.
actor Turnstile {
    private var places: Int
    private var waiting: [Signal] = []

    init(places: Int) {
        self.places = places
    }

    /// Waits for a place.
    func enter() async throws {
        guard places == 0 else {
            places -= 1
            return
        }
        let turn = Signal("a place among the tests")
        waiting.append(turn)
        // Whoever leaves gives its place to this one.
        try await turn.wait()
    }

    /// Gives the place back.
    func leave() {
        if waiting.isEmpty { places += 1 } else { waiting.removeFirst().fire() }
    }
}
