extension WireJSON {
    /// A value of ours as it goes on the wire, members in order of name.
    ///
    /// - Parameter value: The value.
    public init(_ value: JSONValue) {
        self =
            switch value {
            case .null: .null
            case .bool(let flag): .bool(flag)
            case .integer(let number): .number(String(number))
            case .unsigned(let number): .number(String(number))
            case .number(let number) where number.isNaN: .number("NaN")
            case .number(let number) where number.isInfinite: .number(number < 0 ? "-Infinity" : "Infinity")
            case .number(let number): .number("\(number)")
            case .string(let text): .string(text)
            case .array(let items): .array(items.map { WireJSON($0) })
            case .object(let members):
                .object(
                    WireObject(
                        members.sorted { $0.key < $1.key }.map { WireObject.Member($0.key, WireJSON($0.value)) }))
            }
    }
}
