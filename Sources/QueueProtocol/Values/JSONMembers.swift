/// Writes one JSON object member by member, for documents that are written so often that a tree of values, or a coder, would
/// cost more than all else that is done for them.
///
/// Members stand in the order in which they are written; a name is written as it is, so that it must need no escapes.
public struct JSONMembers: Sendable {
    private var text: [UInt8]
    private var isEmpty = true

    /// An object without members.
    ///
    /// - Parameter capacity: Bytes to make room for; default 512.
    public init(capacity: Int = 512) {
        text = []
        text.reserveCapacity(capacity)
        text.append(UInt8(ascii: "{"))
    }

    /// A text.
    ///
    /// - Parameters:
    ///   - name: The member's name.
    ///   - value: Its value.
    public mutating func add(_ name: StaticString, _ value: String) {
        begin(name)
        JSONValue.write(value, to: &text)
    }

    /// A whole number.
    ///
    /// - Parameters:
    ///   - name: The member's name.
    ///   - value: Its value.
    public mutating func add(_ name: StaticString, _ value: Int) {
        begin(name)
        text += String(value).utf8
    }

    /// An object.
    ///
    /// - Parameters:
    ///   - name: The member's name.
    ///   - value: Its members.
    public mutating func add(_ name: StaticString, _ value: JSONMembers) {
        begin(name)
        text += value.text
        text.append(UInt8(ascii: "}"))
    }

    /// A value that is JSON already.
    ///
    /// - Parameters:
    ///   - name: The member's name.
    ///   - json: The value's text.
    public mutating func add(_ name: StaticString, written json: [UInt8]) {
        begin(name)
        text += json
    }

    /// A list of values that are JSON already.
    ///
    /// - Parameters:
    ///   - name: The member's name.
    ///   - items: The items' text, each one JSON value.
    public mutating func add(_ name: StaticString, items: some Sequence<[UInt8]>) {
        begin(name)
        var separator = UInt8(ascii: "[")
        for item in items {
            text.append(separator)
            text += item
            separator = UInt8(ascii: ",")
        }
        if separator == UInt8(ascii: "[") { text.append(separator) }
        text.append(UInt8(ascii: "]"))
    }

    /// The whole object, as UTF-8.
    public var document: [UInt8] { text + CollectionOfOne(UInt8(ascii: "}")) }

    private mutating func begin(_ name: StaticString) {
        if !isEmpty { text.append(UInt8(ascii: ",")) }
        isEmpty = false
        text.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { text += $0 }
        text.append(UInt8(ascii: "\""))
        text.append(UInt8(ascii: ":"))
    }
}
