extension Duration {
    /// For people who read many lines: `12ms`, `3.2s`, `4m07s`, `2h05m`.
    var short: String {
        let milliseconds = Int(self / .milliseconds(1))
        let seconds = milliseconds / 1000
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return switch seconds {
        case ..<1: "\(milliseconds)ms"
        case ..<60: "\(seconds).\(milliseconds % 1000 / 100)s"
        case ..<3600: "\(seconds / 60)m\(two(seconds % 60))s"
        default: "\(seconds / 3600)h\(two(seconds / 60 % 60))m"
        }
    }
}
