import Foundation

/// A folder of one test's own, removed with the object.
final class Scratch {
    let folder: String

    init() throws {
        let template = FileManager.default.temporaryDirectory.path + "/studio-media-XXXXXX"
        var name = Array(template.utf8CString)
        guard mkdtemp(&name) != nil else { throw ToolFailure(text: "mkdtemp: \(errno)") }
        folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { folder + "/" + name }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path(name))) }

    /// Copies the first part of a file.
    func cut(_ name: String, to part: Double, as other: String) throws {
        let bytes = try bytes(name)
        try write(other, Array(bytes.prefix(Int(Double(bytes.count) * part))))
    }

    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } }
}
