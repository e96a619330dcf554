extension WireJSON {
    /// A value to be written: members in order of name.
    ///
    /// - Parameter value: The value.
    public init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = .number(String(number))
        case .unsigned(let number): self = .number(String(number))
        case .number(let number):
            self = .number(number.isNaN ? "NaN" : number.isFinite ? "\(number)" : number > 0 ? "Infinity" : "-Infinity")
        case .string(let text): self = .string(text)
        case .array(let items): self = .array(items.map { WireJSON($0) })
        case .object(let members):
            self = .object(
                WireObject(members.sorted { $0.key < $1.key }.map { WireObject.Member($0.key, WireJSON($0.value)) }))
        }
    }
}
