/// The names by which Celery's nodes and monitors speak, as kombu forms them.
extension StudioKeys {
    /// The channel that events for Celery's monitors are told on.
    ///
    /// - Parameter routingKey: The event's routing key, such as `worker.heartbeat`.
    /// - Returns: The channel's name.
    public func celeryEventChannel(_ routingKey: String) -> String { "\(keyPrefix)/\(database).celeryev/\(routingKey)" }

    /// The channel that Celery's nodes are commanded on.
    public var pidboxChannel: String { "\(keyPrefix)/\(database).celery.pidbox" }

    /// The set that says where the answers to a caller go.
    public var pidboxReplyBindings: String { keyPrefix + "_kombu.binding.reply.celery.pidbox" }

    /// The name of the list of a caller's answers, as ``pidboxReplyBindings`` names it; its key has the prefix before it.
    ///
    /// - Parameter routingKey: The caller's own key.
    /// - Returns: The list's name.
    public static func pidboxReplyList(_ routingKey: String) -> String { "\(routingKey).reply.celery.pidbox" }
}
