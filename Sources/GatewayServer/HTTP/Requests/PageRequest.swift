import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioSystem

/// Which page of a list is asked for: `?limit=` (1…200, default 50) and `?cursor=`, opaque to clients.
struct PageRequest: Sendable, Hashable {
    /// How many items, 1…200.
    let limit: Int
    /// The key after which the page begins, as the server put it into the cursor; nil for the first page.
    let cursor: String?

    /// Reads the query; `validation-failed` where the limit or the cursor is none.
    init(_ request: Request) throws(StudioError) {
        let query = request.uri.queryParameters
        limit = try Self.limit(query["limit"])
        cursor = try query["cursor"].map(Self.key)
    }

    /// The cursor as an id; `validation-failed` where it was made for another list.
    func after<Subject>(_ type: Identifier<Subject>.Type = Identifier<Subject>.self)
        throws(StudioError) -> Identifier<Subject>?
    {
        guard let cursor else { return nil }
        guard let id = Identifier<Subject>(cursor) else { throw Self.badCursor }
        return id
    }

    /// What a list without such a key refuses with.
    static let badCursor = StudioError.invalid([
        Finding(pointer: "/cursor", code: "cursor-invalid", detail: "this cursor did not come from this list")
    ])

    private static func limit(_ text: Substring?) throws(StudioError) -> Int {
        guard let text else { return 50 }
        guard let limit = Int(text), (1...200).contains(limit) else {
            throw .invalid([Finding(pointer: "/limit", code: "range", detail: "limit is a whole number from 1 to 200")])
        }
        return limit
    }

    private static func key(_ text: Substring) throws(StudioError) -> String {
        guard text.utf8.count <= 512, let bytes = Base64URL.decode(String(text)),
            let key = String(validating: bytes, as: UTF8.self), !key.utf8.contains(0)
        else { throw badCursor }
        return key
    }
}

/// A page of a list: `{"items": […], "nextCursor": string|null}`.
struct Page<Item: Encodable & Sendable>: Encodable, Sendable {
    /// The items of the page.
    let items: [Item]
    /// Where the next page begins; nil after the last.
    let nextCursor: String?

    /// A page.
    ///
    /// - Parameters:
    ///   - items: The items.
    ///   - nextKey: The key of the last item where there are more; nil on the last page.
    init(_ items: [Item], nextKey: String?) {
        self.items = items
        nextCursor = nextKey.map { Base64URL.encode(Array($0.utf8)) }
    }

    /// A page of what a store found when it was asked for one item more than the page has.
    ///
    /// - Parameters:
    ///   - rows: At most `request.limit + 1` rows.
    ///   - request: The page that was asked for.
    ///   - key: A row's key, which the cursor carries.
    ///   - item: What is answered of a row.
    init<Row>(_ rows: [Row], for request: PageRequest, key: (Row) -> String, item: (Row) throws -> Item) rethrows {
        let shown = rows.prefix(request.limit)
        self.init(try shown.map(item), nextKey: rows.count > request.limit ? shown.last.map(key) : nil)
    }

    private enum Key: String, CodingKey { case items, nextCursor }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(items, forKey: .items)
        // Written as null, not left out: clients read the end of a list from it.
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}
