import QueueProtocol

/// What output nodes publish.
struct CanvasOutputs {
    private struct Take: Hashable {
        let source: Int
        let port: String?
        let shot: ShotName
        let version: Int
    }

    let graph: CanvasGraph
    let widths: CanvasWidths

    /// Finds outputs that are in each other's way: two exports of one name, and one result published twice in one place.
    func check(_ order: [Int], _ findings: inout CanvasFindingList) {
        var takes: [Take: Int] = [:]
        var names: [String: Int] = [:]
        for node in order where !widths.isBlocked[node] {
            guard case .output(let step) = graph.steps[node], let link = graph.incoming[node].first else { continue }
            switch step {
            case .take(let shot, let version):
                let take = Take(source: link.source, port: link.port?.name, shot: shot, version: version)
                if let first = takes.updateValue(node, forKey: take) {
                    findings.node(
                        node, "", "output-conflict",
                        "the node \(graph.document.nodes[first].id) publishes the same result under \(shot) already")
                }
            case .export(let name, _):
                for index in 0..<(widths.counts[node] ?? 1) {
                    let fileName = fileName(name, of: node, link, index)
                    // The file system of a person who copies it may not tell letter cases apart.
                    guard let first = names.updateValue(node, forKey: fileName.lowercased()) else { continue }
                    findings.node(
                        node, "/data/export/name", "output-conflict",
                        "the node \(graph.document.nodes[first].id) makes an export named \(fileName) already")
                    break
                }
            }
        }
    }

    /// The name of an export; one of a list has its number behind the name.
    func fileName(_ name: CutName, of node: Int, _ link: CanvasLink, _ index: Int) -> String {
        var number = ""
        if widths.counts[node] != nil {
            let digits = String(index + 1)
            number = "_" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
        return "\(name.text)\(number).\(fileExtension(of: link, index))"
    }

    /// The extension of the file that an edge brings.
    func fileExtension(of link: CanvasLink, _ index: Int) -> String {
        switch graph.steps[link.source] {
        case .files(let files, _):
            let path = files[min(index, files.count - 1)].path
            return path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]).lowercased() } ?? ""
        case .function(let step):
            guard let port = link.port else { return "" }
            guard port.extensionParameter != nil else { return port.fileExtension ?? "" }
            let parameters = CanvasParameters(of: link.source, step, in: graph)
            var values = parameters.effective
            for list in parameters.lists { values[list.name] = list.values[min(index, list.values.count - 1)] }
            return port.fileExtension(with: values) ?? ""
        default: return ""
        }
    }

    /// What kind of file an edge brings.
    func kind(of link: CanvasLink, _ index: Int) -> FunctionManifest.Port.Kind? {
        switch graph.steps[link.source] {
        case .files(let files, _): files[min(index, files.count - 1)].kind
        case .function: link.port?.kind
        default: nil
        }
    }
}
