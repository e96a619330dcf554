/// What a person may do in their tenant; a user has one or more.
public enum Role: String, Sendable, Hashable, Codable, CaseIterable {
    /// Everything, users and credits included.
    case admin
    /// Makes and archives projects, and all that an artist does.
    case producer
    /// Submits, cancels and retries jobs, uploads files, rates takes.
    case artist
    /// Reads.
    case viewer
}

/// What a route asks of the one who calls it.
public enum Permission: Sendable, Hashable, CaseIterable {
    /// Read projects, jobs, takes, files, events.
    case read
    /// Submit, cancel, retry; upload; rate.
    case work
    /// Make, change, archive and restore projects.
    case produce
    /// Users, credits, workers.
    case administer

    /// Whether any of the roles allows it.
    ///
    /// - Parameter roles: The caller's roles.
    /// - Returns: Whether the caller may.
    public func isGranted(to roles: Set<Role>) -> Bool {
        switch self {
        case .read: !roles.isEmpty
        case .work: !roles.isDisjoint(with: [.admin, .producer, .artist])
        case .produce: !roles.isDisjoint(with: [.admin, .producer])
        case .administer: roles.contains(.admin)
        }
    }
}
