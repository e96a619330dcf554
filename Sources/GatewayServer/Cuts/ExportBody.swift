import QueueProtocol
import StudioCore

/// What is sent to make an export:
/// `{"name", "cut": "04_Project_Files/EDLs/x.otio" | [shots], "replace", "gaps", "quality", "priority", "split",
/// "target": {…}}`.
struct ExportBody: Sendable {
    enum CutSource: Sendable {
        case file(String)
        case list(ShotList)
    }

    let name: String
    let cut: CutSource
    let replaces: Bool
    let refusesGaps: Bool
    let quality: QualityTier?
    let priority: Int
    /// Whether the film is made in chunks.
    let split: ChunkPlan.Mode
    /// Parameters of the function `conform` that say how the film is encoded.
    let target: [String: JSONValue]

    private static let known: Set<String> = [
        "name", "cut", "replace", "gaps", "quality", "priority", "split", "target",
    ]
    /// What follows from the rest of the body.
    private static let ours = ["cut", "sources", "title", "gaps", "firstFrame", "frameCount"]

    init(_ body: JSONValue) throws(StudioError) {
        guard let members = body.objectValue else {
            throw .invalid([Finding(pointer: "", code: "type", detail: "the body must be a JSON object")])
        }
        var findings: [Finding] = []
        func refuse(_ pointer: String, _ code: String, _ detail: String) {
            findings.append(Finding(pointer: pointer, code: code, detail: detail))
        }
        for key in members.keys.sorted() where !Self.known.contains(key) {
            refuse("/" + JSONPointer.escaped(key), "unknown-member", "is not known here")
        }
        var name = ""
        do { name = try CutName(members["name"]?.stringValue ?? "", pointer: "/name").text } catch {
            findings += error.findings
        }
        var cut: CutSource?
        switch members["cut"] {
        case .string(let path)?: cut = .file(path)
        case .array?:
            do { cut = .list(try ShotList(members["cut"] ?? .null, pointer: "/cut")) } catch {
                findings += error.findings
            }
        default: refuse("/cut", "required", "the path of a cut, or a list of shots")
        }
        if let value = members["replace"], value.boolValue == nil {
            refuse("/replace", "type", "must be true or false")
        }
        let gaps = members["gaps"]?.stringValue ?? "refuse"
        if !["refuse", "black"].contains(gaps) { refuse("/gaps", "enum", "must be refuse or black") }
        quality = members["quality"]?.stringValue.flatMap(QualityTier.init(rawValue:))
        if members["quality"] != nil, quality == nil { refuse("/quality", "enum", "must be low, standard or high") }
        priority = members["priority"]?.intValue ?? 5
        if let value = members["priority"], !(value.intValue.map((0...9).contains) ?? false) {
            refuse("/priority", "range", "must be a whole number from 0 to 9")
        }
        var split = ChunkPlan.Mode.auto
        do { split = try ChunkPlan.Mode(members["split"], pointer: "/split") } catch { findings += error.findings }
        self.split = split
        target = members["target"]?.objectValue ?? [:]
        if let value = members["target"], value.objectValue == nil { refuse("/target", "type", "must be an object") }
        for key in Self.ours where target[key] != nil { refuse("/target/\(key)", "unknown-member", "is not said here") }
        guard findings.isEmpty, let cut else { throw .invalid(findings) }
        self.name = name
        self.cut = cut
        replaces = members["replace"]?.boolValue ?? false
        refusesGaps = gaps == "refuse"
    }
}
