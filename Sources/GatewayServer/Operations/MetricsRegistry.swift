import Synchronization

/// Counters and histograms of this process, and gauges read when asked, as Prometheus text (version 0.0.4).
final class MetricsRegistry: Sendable {
    /// What a metric is, for `# TYPE`.
    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// One line: a metric's name, its labels in order, its value.
    struct Sample: Sendable {
        var name: String
        var labels: [(String, String)] = []
        var value: Double
    }

    /// A metric with its samples.
    struct Family: Sendable {
        let name: String
        let help: String
        let kind: Kind
        let samples: [Sample]
    }

    private let sources: [@Sendable () async -> [Family]]

    /// A registry.
    ///
    /// - Parameter sources: Asked one after the other at every scrape; one that has nothing to say says nothing.
    init(_ sources: [@Sendable () async -> [Family]]) {
        self.sources = sources
    }

    /// Everything as text.
    func text() async -> String {
        var text = ""
        for source in sources {
            for family in await source() { Self.write(family, to: &text) }
        }
        return text
    }

    private static func write(_ family: Family, to text: inout String) {
        text += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.kind.rawValue)\n"
        for sample in family.samples {
            text += sample.name
            if !sample.labels.isEmpty {
                text += "{" + sample.labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",") + "}"
            }
            text += " \(number(sample.value))\n"
        }
    }

    private static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    private static func escaped(_ label: String) -> String {
        var text = ""
        for character in label.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
