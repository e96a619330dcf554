import QueueProtocol

extension SchemaNode {
    /// Holds a value against this schema and adds all that is wrong.
    func check(_ value: JSONValue, pointer: String, findings: inout [Finding]) {
        func find(_ code: String, _ detail: String) {
            findings.append(Finding(pointer: pointer, code: code, detail: detail))
        }
        if !types.isEmpty, !types.contains(where: { $0.holds(value) }) {
            find("type", "must be of type " + types.map(\.rawValue).sorted().joined(separator: " or "))
            return
        }
        if let allowed, !allowed.contains(where: { JSONNumber.equal($0, value) }) {
            let names = allowed.map { (try? JSONText.string($0)) ?? "" }.joined(separator: ", ")
            find("enum", allowed.count == 1 ? "must be \(names)" : "must be one of \(names)")
        }
        switch value {
        case .integer, .unsigned, .number: for (code, detail) in numberFaults(value) { find(code, detail) }
        case .string(let text): for (code, detail) in textFaults(text) { find(code, detail) }
        case .array(let list): checkList(list, pointer: pointer, findings: &findings)
        case .object(let members): checkObject(members, pointer: pointer, findings: &findings)
        case .null, .bool: break
        }
    }

    private func numberFaults(_ value: JSONValue) -> [(code: String, detail: String)] {
        func text(_ bound: JSONValue) -> String { (try? JSONText.string(bound)) ?? "" }
        var faults: [(code: String, detail: String)] = []
        if let minimum, JSONNumber.less(value, minimum) {
            faults.append(("minimum", "must be at least \(text(minimum))"))
        }
        if let maximum, JSONNumber.less(maximum, value) {
            faults.append(("maximum", "must be at most \(text(maximum))"))
        }
        if let bound = exclusiveMinimum, !JSONNumber.less(bound, value) {
            faults.append(("exclusiveMinimum", "must be above \(text(bound))"))
        }
        if let bound = exclusiveMaximum, !JSONNumber.less(value, bound) {
            faults.append(("exclusiveMaximum", "must be below \(text(bound))"))
        }
        if let multipleOf, !JSONNumber.isMultiple(value, of: multipleOf) {
            faults.append(("multipleOf", "must be a multiple of \(text(multipleOf))"))
        }
        return faults
    }

    private func textFaults(_ text: String) -> [(code: String, detail: String)] {
        // JSON Schema counts characters as Unicode code points.
        let length = text.unicodeScalars.count
        var faults: [(code: String, detail: String)] = []
        if let minLength, length < minLength {
            let detail = minLength == 1 ? "must not be empty" : "must have at least \(minLength) characters"
            faults.append(("minLength", detail))
        }
        if let maxLength, length > maxLength {
            faults.append(("maxLength", "must have at most \(maxLength) characters"))
        }
        if let pattern, !pattern.isFound(in: text) {
            faults.append(("pattern", "must match \(pattern.text)"))
        }
        return faults
    }

    private func checkList(_ list: [JSONValue], pointer: String, findings: inout [Finding]) {
        func find(_ code: String, _ detail: String) {
            findings.append(Finding(pointer: pointer, code: code, detail: detail))
        }
        if let minItems, list.count < minItems { find("minItems", "must have at least \(minItems) items") }
        if let maxItems, list.count > maxItems { find("maxItems", "must have at most \(maxItems) items") }
        if uniqueItems, Set(list).count != list.count { find("uniqueItems", "must not have an item twice") }
        guard let items else { return }
        for (index, item) in list.enumerated() {
            items.check(item, pointer: "\(pointer)/\(index)", findings: &findings)
        }
    }

    private func checkObject(_ members: [String: JSONValue], pointer: String, findings: inout [Finding]) {
        for name in required where members[name] == nil {
            findings.append(
                Finding(pointer: pointer + "/" + JSONPointer.escaped(name), code: "required", detail: "is required"))
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let place = pointer + "/" + JSONPointer.escaped(name)
            if let schema = properties[name] {
                schema.check(value, pointer: place, findings: &findings)
                continue
            }
            switch additional {
            case .allowed: break
            case .held(let schema): schema.check(value, pointer: place, findings: &findings)
            case .refused:
                let known = properties.keys.sorted().joined(separator: ", ")
                findings.append(
                    Finding(
                        pointer: place, code: "additionalProperties",
                        detail: "is not a parameter; known: \(known.isEmpty ? "none" : known)"))
            }
        }
    }
}

/// Comparisons of JSON numbers that stay exact for 64-bit whole numbers.
enum JSONNumber {
    static func less(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.integer(let a), .integer(let b)): a < b
        case (.unsigned(let a), .unsigned(let b)): a < b
        case (.integer, .unsigned): true
        case (.unsigned, .integer): false
        default: (left.doubleValue ?? .nan) < (right.doubleValue ?? .nan)
        }
    }

    static func equal(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if left == right { return true }
        guard let a = left.doubleValue, let b = right.doubleValue else { return false }
        return a == b && !less(left, right) && !less(right, left)
    }

    static func isMultiple(_ value: JSONValue, of divisor: JSONValue) -> Bool {
        if case .integer(let a) = value, case .integer(let b) = divisor { return a % b == 0 }
        if case .unsigned(let a) = value, case .integer(let b) = divisor { return a % UInt64(b) == 0 }
        guard let a = value.doubleValue, let b = divisor.doubleValue else { return false }
        let quotient = a / b
        // A decimal such as 0.1 is not exact in binary: near enough to a whole number counts.
        return abs(quotient - quotient.rounded()) <= 1e-9 * max(1, abs(quotient))
    }
}
