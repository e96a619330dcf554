import HTTPTypes
import Hummingbird

/// Which methods each path takes: what the router knows and does not tell. For 405, `Allow` and `OPTIONS`.
struct RouteTable: Sendable {
    private struct Entry: Sendable {
        let components: [RouterPath.Element]
        let isOpenEnded: Bool
        let method: HTTPRequest.Method
    }

    private let entries: [Entry]

    /// The table of a router whose routes have all been added.
    init(_ router: Router<GatewayContext>) {
        entries = router.routes.map { route in
            var components = route.path.components
            let isOpenEnded = components.last == .recursiveWildcard
            if isOpenEnded { components.removeLast() }
            return Entry(components: components, isOpenEnded: isOpenEnded, method: route.method)
        }
    }

    /// The methods a path takes, sorted, with `HEAD` and `OPTIONS` where there are any; empty for an unknown path.
    func methods(for path: String) -> [String] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        var methods: Set<String> = []
        for entry in entries where Self.matches(entry, parts) { methods.insert(entry.method.rawValue) }
        guard !methods.isEmpty else { return [] }
        if methods.contains("GET") { methods.insert("HEAD") }
        methods.insert("OPTIONS")
        return methods.sorted()
    }

    private static func matches(_ entry: Entry, _ parts: [Substring]) -> Bool {
        guard entry.isOpenEnded ? parts.count > entry.components.count : parts.count == entry.components.count else {
            return false
        }
        return zip(entry.components, parts).allSatisfy { $0 ~= $1 }
    }
}
