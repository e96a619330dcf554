import QueueProtocol

/// The fields of one thing, merged from three versions of them.
struct FieldMerge {
    private let base: [[String]: JSONValue]
    private let theirs: [[String]: JSONValue]
    private let yours: [[String]: JSONValue]
    private(set) var merged: [[String]: JSONValue] = [:]
    /// The fields that both sides changed, each in its own way.
    private var clashing: [[String]] = []

    init(base: [[String]: JSONValue], theirs: [[String]: JSONValue], yours: [[String]: JSONValue]) {
        self.base = base
        self.theirs = theirs
        self.yours = yours
        for path in Set(base.keys).union(theirs.keys).union(yours.keys) {
            let (old, left, right) = (base[path], theirs[path], yours[path])
            if right == old {
                merged[path] = left
            } else if left == old || left == right || CanvasFields.drawing.contains(path) {
                merged[path] = right
            } else {
                merged[path] = right
                clashing.append(path)
            }
        }
    }

    /// Takes a node's place from the side that put it into another group, yours where both did.
    mutating func keepPlaceWithGroup() {
        let group = ["parentId"]
        let old = base[group]
        guard theirs[group] != old || yours[group] != old else { return }
        let side = yours[group] != old ? yours : theirs
        for path in [group, ["position"]] { merged[path] = side[path] }
        clashing.removeAll { $0 == group }
    }

    func conflicts(node: String?, edge: String?) -> [CanvasConflict] {
        clashing.map { path in
            CanvasConflict(
                node: node, edge: edge, field: CanvasFields.pointer(path), base: base[path], theirs: theirs[path],
                yours: yours[path])
        }.sorted { $0.field < $1.field }
    }
}
