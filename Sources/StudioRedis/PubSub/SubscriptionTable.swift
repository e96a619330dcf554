/// Who listens to what, and what the server has confirmed. Decides; sends nothing itself.
///
/// The server answers SUBSCRIBE and UNSUBSCRIBE in the order in which they were sent, so a channel is live when as many
/// SUBSCRIBEs were confirmed as were sent on this connection and somebody still listens.
struct SubscriptionTable {
    /// What a confirmation brought about.
    struct Confirmed: Equatable {
        /// Subscriptions that hold now for the first time.
        var live: [UInt64] = []
        /// Subscriptions that hold again.
        var restored: [UInt64] = []
    }

    private struct Listeners {
        var subscriptions: Set<UInt64> = []
        var unconfirmed = 0
    }

    private struct Subscription {
        let channels: Set<String>
        var unconfirmed: Set<String>
        /// Whether its owner was let go on before it held, so that it must be told when it does.
        var mustTell: Bool
    }

    private var channels: [String: Listeners] = [:]
    private var subscriptions: [UInt64: Subscription] = [:]
    private(set) var isConnected = false

    /// A new subscription; returns the channels to send SUBSCRIBE for, and whether it holds already.
    mutating func add(_ id: UInt64, _ names: Set<String>) -> (subscribe: [String], isLive: Bool) {
        var fresh: [String] = []
        var unconfirmed: Set<String> = []
        for name in names {
            var listeners = channels[name] ?? Listeners()
            if isConnected, listeners.subscriptions.isEmpty {
                listeners.unconfirmed += 1
                fresh.append(name)
            }
            listeners.subscriptions.insert(id)
            if !isConnected || listeners.unconfirmed > 0 { unconfirmed.insert(name) }
            channels[name] = listeners
        }
        subscriptions[id] = Subscription(channels: names, unconfirmed: unconfirmed, mustTell: !isConnected)
        return (fresh, unconfirmed.isEmpty)
    }

    /// A subscription is over; returns the channels to send UNSUBSCRIBE for.
    mutating func remove(_ id: UInt64) -> [String] {
        guard let subscription = subscriptions.removeValue(forKey: id) else { return [] }
        var deserted: [String] = []
        for name in subscription.channels {
            guard var listeners = channels[name] else { continue }
            listeners.subscriptions.remove(id)
            if listeners.subscriptions.isEmpty, isConnected { deserted.append(name) }
            let isNeeded = !listeners.subscriptions.isEmpty || listeners.unconfirmed > 0
            channels[name] = isNeeded ? listeners : nil
        }
        return deserted
    }

    /// There is a connection; returns all channels to send SUBSCRIBE for.
    mutating func connected() -> [String] {
        isConnected = true
        for name in channels.keys { channels[name]?.unconfirmed = 1 }
        for (id, subscription) in subscriptions { subscriptions[id]?.unconfirmed = subscription.channels }
        return Array(channels.keys)
    }

    /// The connection is gone; returns the subscriptions that did not hold yet and whose owners wait for it.
    mutating func disconnected() -> [UInt64] {
        isConnected = false
        var waiting: [UInt64] = []
        for (id, subscription) in subscriptions {
            if !subscription.unconfirmed.isEmpty, !subscription.mustTell { waiting.append(id) }
            subscriptions[id]?.mustTell = true
        }
        for (name, listeners) in channels {
            channels[name] = listeners.subscriptions.isEmpty ? nil : Listeners(subscriptions: listeners.subscriptions)
        }
        return waiting
    }

    /// The server confirmed a SUBSCRIBE.
    mutating func confirmed(_ name: String) -> Confirmed {
        var result = Confirmed()
        guard var listeners = channels[name], listeners.unconfirmed > 0 else { return result }
        listeners.unconfirmed -= 1
        let isNeeded = !listeners.subscriptions.isEmpty || listeners.unconfirmed > 0
        channels[name] = isNeeded ? listeners : nil
        guard listeners.unconfirmed == 0 else { return result }
        for id in listeners.subscriptions {
            guard var subscription = subscriptions[id], subscription.unconfirmed.remove(name) != nil else { continue }
            if subscription.unconfirmed.isEmpty {
                if subscription.mustTell { result.restored.append(id) } else { result.live.append(id) }
                subscription.mustTell = false
            }
            subscriptions[id] = subscription
        }
        return result
    }

    /// Who listens to a channel.
    func listeners(_ name: String) -> Set<UInt64> { channels[name]?.subscriptions ?? [] }
}
