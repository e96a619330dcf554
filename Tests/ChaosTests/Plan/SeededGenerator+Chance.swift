import StudioTestKit

/// Chance that can be had again.
extension SeededGenerator {
    /// A generator.
    ///
    /// - Parameters:
    ///   - seed: The run's seed.
    ///   - stream: Whose numbers these are: every client and the plan of faults have their own.
    init(seed: UInt64, stream: UInt64) {
        var first = SeededGenerator(state: seed)
        // The streams of one seed begin far from each other.
        self.init(state: first.next() ^ (stream &* 0x9E37_79B9_7F4A_7C15))
    }

    /// True so often.
    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }

    /// A whole number of a range.
    mutating func whole(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// One of several; nil where there is none.
    mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &self) }

    /// One of several, as often as its weight says.
    mutating func weighed<Element>(_ elements: [(weight: Int, element: Element)]) -> Element {
        var left = whole(0...(elements.map(\.weight).reduce(0, +) - 1))
        for (weight, element) in elements {
            if left < weight { return element }
            left -= weight
        }
        return elements[elements.count - 1].element
    }
}
