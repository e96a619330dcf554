import StudioCore
import StudioPostgres

/// All projects of the caller's tenant at once.
extension EventSession {
    /// A subscription to everything of the caller's tenant, from the fan-out's position on, which is returned. Progress is
    /// told of projects that are subscribed to as well.
    ///
    /// Throws `conflict` where there is one already.
    func beginTenant() throws(StudioError) -> EventCursor {
        guard tenantFrom == nil else {
            throw StudioError(.conflict, "this connection is subscribed to that already")
        }
        let position = fanOut.position
        guard !isOver else { return position }
        tenantFrom = position
        fanOut.attach(self, to: caller.tenantID)
        return position
    }

    /// Ends that subscription; one that is not there is ended already.
    func endTenant() {
        guard tenantFrom != nil else { return }
        tenantFrom = nil
        fanOut.detach(self, from: caller.tenantID)
    }
}
