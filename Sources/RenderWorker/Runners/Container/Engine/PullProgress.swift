import QueueProtocol

/// How far a pull is, summed over an image's layers. A pure value.
struct PullProgress: Sendable, Hashable {
    private struct Layer: Sendable, Hashable {
        var done = 0
        var total = 0
    }

    private static let most = 1000

    private var layers: [String: Layer] = [:]
    /// The registry's or the engine's words for why it failed; nil while it has not.
    private(set) var failure: String?

    /// Bytes that are there.
    var done: Int { layers.values.reduce(0) { $0 + $1.done } }
    /// Bytes of the layers whose size is known by now.
    var total: Int { layers.values.reduce(0) { $0 + $1.total } }
    /// How much is there, for people; empty while nothing is known.
    var text: String { total == 0 ? "" : "\(done >> 20) of \(total >> 20) MiB" }

    /// Takes one line of the engine's in.
    mutating func take(_ line: String) {
        guard let news = EngineJSON.value(Array(line.utf8)) else { return }
        if let words = news["error"]?.stringValue ?? news["errorDetail"]?["message"]?.stringValue {
            failure = String(words.prefix(1000))
        }
        guard let id = news["id"]?.stringValue, let status = news["status"]?.stringValue,
            layers[id] != nil || layers.count < Self.most
        else { return }
        switch status {
        case "Downloading":
            let detail = news["progressDetail"] ?? .null
            guard let current = detail["current"]?.intValue, current >= 0 else { return }
            let total = max(current, detail["total"]?.intValue ?? 0)
            layers[id] = Layer(done: current, total: total)
        case "Verifying Checksum", "Download complete", "Extracting", "Pull complete":
            if let total = layers[id]?.total { layers[id]?.done = total }
        default: break
        }
    }
}
