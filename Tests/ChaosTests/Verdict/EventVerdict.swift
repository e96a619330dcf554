import StudioTestKit

/// Whether each watcher saw what the database tells, all of it, in its order.
enum EventVerdict {
    static func breaches(_ watcher: EventWatcher, _ studio: ChaosStudio) async throws -> [String] {
        let who = "the watcher of \(watcher.project.tenant)/\(watcher.project.name)"
        guard let start = watcher.start else { return ["\(who) never knew where it began"] }
        let place = start.split(separator: ".")
        let told = try await studio.rows(
            """
            SELECT e.xid || '.' || e.id, e.kind, coalesce(e.job_id::text, ''), coalesce(e.payload->>'state', '')
            FROM events e JOIN projects p ON p.id = e.project_id JOIN tenants t ON t.id = p.tenant_id
            WHERE p.name = '\(watcher.project.name)' AND (t.name = 'second') = \(watcher.project.tenant == 1)
                AND (e.xid, e.id) > ('\(place[0])'::xid8, \(place[1])) ORDER BY e.xid, e.id
            """
        ).map { SeenEvent(id: $0[0], kind: $0[1], job: $0[2], state: $0[3]) }
        do {
            try await eventually("\(who) has seen \(told.last?.id ?? "nothing")", within: .seconds(60)) {
                told.isEmpty || watcher.seen.contains { $0.id == told.last?.id }
            }
        } catch {
            return [
                "\(error); it has seen \(watcher.seen.count) of \(told.count), the last \(watcher.seen.last?.id ?? "")"
            ]
        }
        return watcher.faults.map { "\(who): \($0)" } + compare(watcher.seen, told, who)
    }

    /// Delivered at least once and in order: an event may come again after the stream was cut, with what followed it.
    static func compare(_ seen: [SeenEvent], _ told: [SeenEvent], _ who: String) -> [String] {
        var breaches: [String] = []
        let places = Dictionary(told.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
        var next = 0
        for event in seen {
            guard let place = places[event.id], told[place] == event else {
                breaches.append("\(who) saw an event that is not told: \(event)")
                continue
            }
            if place > next {
                breaches.append("\(who) missed \(place - next) events before \(event), from \(told[next])")
            }
            next = max(next, place + 1)
        }
        if next < told.count { breaches.append("\(who) missed the last \(told.count - next) events") }
        let repeats = seen.count - Set(seen.map(\.id)).count
        if repeats > 0 { breaches.append("\(who) got \(repeats) events again after it had said that it has them") }
        return breaches
    }
}
