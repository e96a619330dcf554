/// What S3's answers in XML say: the texts of their elements, without attributes, in order.
///
/// Reads what the servers write, and nothing beyond: no processing instructions but the first, no entities but the five of
/// XML and numbers, no CDATA. Whatever else comes reads as an empty document.
struct S3Document: Sendable {
    /// An element with no elements in it.
    private struct Leaf {
        /// The names from the root down.
        var path: [String]
        /// Which of the elements just below the root it is in, or is.
        var entry: Int
        var text: String
    }

    private var leaves: [Leaf] = []

    init(_ text: String) {
        var entry = 0
        var (path, isLeaf): ([String], Bool) = ([], false)
        var rest = text[...]
        while let open = rest.firstIndex(of: "<") {
            let before = rest[..<open]
            guard let close = rest[open...].firstIndex(of: ">") else { break }
            let tag = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            if tag.hasPrefix("?") || tag.hasPrefix("!") { continue }
            if tag.hasPrefix("/") {
                guard path.last.map({ $0 == tag.dropFirst() }) ?? false else {
                    leaves = []
                    return
                }
                if isLeaf { leaves.append(Leaf(path: path, entry: entry, text: Self.decoded(before))) }
                path.removeLast()
                isLeaf = false
                continue
            }
            let name = tag.prefix { !$0.isWhitespace && $0 != "/" }
            if path.count == 1 { entry += 1 }
            if tag.hasSuffix("/") {
                leaves.append(Leaf(path: path + [String(name)], entry: entry, text: ""))
                isLeaf = false
            } else {
                guard path.count < 16 else {
                    leaves = []
                    return
                }
                path.append(String(name))
                isLeaf = true
            }
        }
    }

    /// The text of the first element of a path below the root; nil where there is none.
    subscript(_ path: String...) -> String? {
        leaves.first { Array($0.path.dropFirst()) == path }?.text
    }

    /// What stands in each element of a name just below the root, by the names in it; of a name that is there more than
    /// once, as that of a checksum's kind may be, the first.
    func all(_ name: String) -> [[String: String]] {
        var found: [[String: String]] = []
        var entry: Int?
        for leaf in leaves where leaf.path.count == 3 && leaf.path[1] == name {
            if leaf.entry != entry { found.append([:]) }
            entry = leaf.entry
            if found[found.count - 1][leaf.path[2]] == nil { found[found.count - 1][leaf.path[2]] = leaf.text }
        }
        return found
    }

    private static func decoded(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        var result = ""
        var rest = text
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            rest = rest[rest.index(after: mark)...]
            guard let end = rest.firstIndex(of: ";") else { return result + "&" + rest }
            let name = rest[..<end]
            rest = rest[rest.index(after: end)...]
            switch name {
            case "amp": result += "&"
            case "lt": result += "<"
            case "gt": result += ">"
            case "quot": result += "\""
            case "apos": result += "'"
            default:
                let digits = name.hasPrefix("#x") ? name.dropFirst(2) : name.dropFirst()
                if name.hasPrefix("#"), let number = UInt32(digits, radix: name.hasPrefix("#x") ? 16 : 10),
                    let scalar = Unicode.Scalar(number)
                {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += "&\(name);"
                }
            }
        }
        return result + rest
    }
}
