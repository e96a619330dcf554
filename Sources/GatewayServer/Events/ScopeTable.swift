import StudioPostgres

/// Values by scope. Nearly every client has one subscription and every event asks for it, so one is kept by itself, without
/// a hash or a table.
struct ScopeTable<Value> {
    private enum Storage {
        case none
        case one(EventScope, Value)
        case many([EventScope: Value])
    }

    private var storage = Storage.none

    /// How many there are.
    var count: Int {
        switch storage {
        case .none: 0
        case .one: 1
        case .many(let table): table.count
        }
    }

    /// All of them, in no order.
    var values: [Value] {
        switch storage {
        case .none: []
        case .one(_, let value): [value]
        case .many(let table): Array(table.values)
        }
    }

    /// The value of a scope; nil where there is none, and to take it away.
    subscript(scope: EventScope) -> Value? {
        get {
            switch storage {
            case .none: nil
            case .one(let only, let value): only == scope ? value : nil
            case .many(let table): table[scope]
            }
        }
        set {
            switch (storage, newValue) {
            case (.none, let value?): storage = .one(scope, value)
            case (.none, nil): break
            case (.one(let only, _), let value) where only == scope:
                storage = value.map { .one(scope, $0) } ?? .none
            case (.one(let only, let first), let value?): storage = .many([only: first, scope: value])
            case (.one, nil): break
            case (.many(var table), let value):
                // Let go of first, so that the change does not copy the table.
                storage = .none
                table[scope] = value
                storage = .many(table)
            }
        }
    }
}
