/// A JSON value as it stood on the wire: members in their order, numbers as they were spelt.
///
/// Messages that other programs made are written back the way they came, so nothing may be lost that `JSONValue` would
/// drop: order of members, `1.0` beside `1`, integers beyond 64 bits.
public enum WireJSON: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number by its spelling; Python's `NaN`, `Infinity` and `-Infinity` too.
    case number(String)
    /// Text.
    case string(String)
    /// An ordered list.
    case array([WireJSON])
    /// Members in order.
    case object(WireObject)

    /// A whole number.
    ///
    /// - Parameter value: The number.
    /// - Returns: Its spelling as a value.
    public static func integer(_ value: Int) -> WireJSON { .number(String(value)) }

    /// The text, where this is text.
    public var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The whole number, where this is one that fits `Int`; a text that spells one counts, as kombu takes it.
    public var intValue: Int? {
        switch self {
        case .number(let text), .string(let text): Int(text)
        default: nil
        }
    }

    /// The members, where this is an object.
    public var objectValue: WireObject? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    /// The same value for computing with: order of members is dropped, whole numbers beyond 64 bits and all other
    /// numbers become `Double`.
    public var value: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let text):
            if let value = Int64(text) {
                .integer(value)
            } else if let value = UInt64(text) {
                .unsigned(value)
            } else {
                .number(Double(text) ?? .nan)
            }
        case .string(let value): .string(value)
        case .array(let items): .array(items.map(\.value))
        case .object(let object):
            .object(Dictionary(object.members.map { ($0.name, $0.value.value) }, uniquingKeysWith: { $1 }))
        }
    }
}

/// The members of a JSON object in the order in which they stood.
public struct WireObject: Sendable, Hashable {
    /// One member.
    public struct Member: Sendable, Hashable {
        /// The name.
        public var name: String
        /// The value.
        public var value: WireJSON

        /// A member.
        ///
        /// - Parameters:
        ///   - name: The name.
        ///   - value: The value.
        public init(_ name: String, _ value: WireJSON) {
            self.name = name
            self.value = value
        }
    }

    /// All members in order; a name may stand twice, then the last counts.
    public var members: [Member]

    /// An object.
    ///
    /// - Parameter members: Its members in order; default none.
    public init(_ members: [Member] = []) { self.members = members }

    /// The member of that name; setting keeps the place of one that is there and appends one that is not, nil removes.
    ///
    /// - Parameter name: The member's name.
    public subscript(name: String) -> WireJSON? {
        get { members.last { $0.name == name }?.value }
        set {
            guard let newValue else {
                members.removeAll { $0.name == name }
                return
            }
            if let index = members.lastIndex(where: { $0.name == name }) {
                members[index].value = newValue
            } else {
                members.append(Member(name, newValue))
            }
        }
    }
}

extension WireObject: ExpressibleByDictionaryLiteral {
    /// Members in the order in which they are written.
    public init(dictionaryLiteral elements: (String, WireJSON)...) {
        members = elements.map { Member($0.0, $0.1) }
    }
}
