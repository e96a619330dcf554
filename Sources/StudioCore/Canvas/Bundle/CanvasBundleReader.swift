import QueueProtocol

/// Reads the parts of a canvas' one-file form and gathers what is wrong with them.
struct CanvasBundleReader {
    private(set) var findings: [Finding] = []

    mutating func canvas(_ value: JSONValue?) -> CanvasDocument? {
        do {
            return try CanvasDocument(value ?? .null, pointer: "/canvas")
        } catch {
            findings += error.findings
            return nil
        }
    }

    mutating func functions(_ value: JSONValue?, sha256: ([UInt8]) -> String) -> [CanvasFunction] {
        list(value, "/functions") { item, place, findings in
            let manifest: FunctionManifest
            do throws(StudioError) {
                manifest = try FunctionManifest(item["manifest"] ?? .null)
            } catch {
                findings += error.findings.map {
                    Finding(pointer: "\(place)/manifest\($0.pointer)", code: $0.code, detail: $0.detail)
                }
                return nil
            }
            for (member, told) in [("name", manifest.name), ("version", manifest.version)]
            where item[member]?.stringValue != told {
                findings.append(
                    Finding(
                        pointer: "\(place)/\(member)", code: "const", detail: "is another than its manifest's, \(told)")
                )
            }
            var bytes: [UInt8] = []
            _ = manifest.document.write(to: &bytes, sortedKeys: true)
            let digest = sha256(bytes)
            if item["digest"]?.stringValue != digest {
                findings.append(
                    Finding(pointer: "\(place)/digest", code: "digest", detail: "is not the digest of the manifest"))
            }
            return CanvasFunction(manifest, digest: digest)
        }
    }

    mutating func files(_ value: JSONValue?) -> [CanvasBundle.File] {
        list(value, "/files") { item, place, findings in
            guard let path = item["path"]?.stringValue, !path.isEmpty else {
                findings.append(Finding(pointer: place + "/path", code: "required", detail: "is required: a path"))
                return nil
            }
            guard let digest = Self.digest(item, place, &findings) else { return nil }
            return CanvasBundle.File(path: path, sha256: digest, bytes: item["bytes"]?.intValue.map(Int64.init))
        }
    }

    mutating func takes(_ value: JSONValue?) -> [CanvasBundle.Take] {
        list(value, "/takes") { item, place, findings in
            guard let id = item["take"]?.stringValue.flatMap({ TakeID($0) }) else {
                findings.append(
                    Finding(pointer: place + "/take", code: "format", detail: "must be a take's id, a UUID"))
                return nil
            }
            return Self.digest(item, place, &findings).map { CanvasBundle.Take(id: id, sha256: $0) }
        }
    }

    private static func digest(_ item: JSONValue, _ place: String, _ findings: inout [Finding]) -> String? {
        guard let text = item["sha256"]?.stringValue, text.wholeMatch(of: #/[0-9a-f]{64}/#) != nil else {
            findings.append(
                Finding(pointer: place + "/sha256", code: "format", detail: "must be 64 small hexadecimal digits"))
            return nil
        }
        return text
    }

    private mutating func list<Item>(
        _ value: JSONValue?, _ place: String, read: (JSONValue, String, inout [Finding]) -> Item?
    ) -> [Item] {
        guard let value, !value.isNull else { return [] }
        guard let items = value.arrayValue else {
            findings.append(Finding(pointer: place, code: "type", detail: "must be a list"))
            return []
        }
        var list: [Item] = []
        for (index, item) in items.enumerated() {
            guard findings.count < CanvasReader.mostTold else {
                findings.append(Finding(pointer: place, code: "more", detail: "and more"))
                return []
            }
            if let item = read(item, "\(place)/\(index)", &findings) { list.append(item) }
        }
        return list
    }
}
