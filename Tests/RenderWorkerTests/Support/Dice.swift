import StudioTestKit

/// What a random sequence of steps is thrown with.
typealias Dice = SeededGenerator

extension SeededGenerator {
    /// One of so many sides, from 0.
    mutating func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &self) }
}
