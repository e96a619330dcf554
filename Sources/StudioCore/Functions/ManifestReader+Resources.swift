import QueueProtocol

extension ManifestReader {
    mutating func resources() -> FunctionManifest.Resources {
        var told = FunctionManifest.Resources(queue: queue())
        told.gpus = count(["resources", "gpu"], default: told.gpus, in: 0...64)
        told.memoryMegabytes = count(["resources", "memoryMB"], default: told.memoryMegabytes, in: 16...4_194_304)
        if let value = members["resources"]?["cpus"] {
            if let cpus = value.doubleValue, cpus >= 0.1, cpus <= 1024 {
                told.cpus = cpus
            } else {
                find("/resources/cpus", "must be a number of cores from 0.1 to 1024")
            }
        }
        for key in (members["resources"]?.objectValue ?? [:]).keys.sorted()
        where !["queue", "gpu", "memoryMB", "cpus"].contains(key) {
            find("/resources/" + JSONPointer.escaped(key), "is not a member of resources", code: "unknown-member")
        }
        return told
    }

    mutating func models() -> [FunctionManifest.Model] {
        guard let value = members["models"] else { return [] }
        guard let list = value.arrayValue else {
            find("/models", "must be a list of the model files that a run reads")
            return []
        }
        var models: [FunctionManifest.Model] = []
        for (index, item) in list.enumerated() {
            let place = "/models/\(index)"
            let path = item.stringValue ?? item["path"]?.stringValue ?? ""
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.isEmpty,
                parts.allSatisfy({ $0.wholeMatch(of: #/[A-Za-z0-9_][A-Za-z0-9_.+ -]{0,127}/#) != nil })
            else {
                find(place, "must be a file's path below the models' folder, such as upscale/4x.safetensors")
                continue
            }
            let sha256 = item["sha256"]?.stringValue
            if let told = item["sha256"], sha256?.wholeMatch(of: #/[0-9a-f]{64}/#) == nil {
                find(place + "/sha256", told.isNull ? "must not be null" : "must be 64 small hexadecimal digits")
            }
            for key in (item.objectValue ?? [:]).keys.sorted() where !["path", "sha256"].contains(key) {
                find("\(place)/\(JSONPointer.escaped(key))", "is not a member of a model", code: "unknown-member")
            }
            models.append(FunctionManifest.Model(path: path, sha256: sha256))
        }
        if Set(models.map(\.path)).count != models.count { find("/models", "names a file twice") }
        return models
    }

    private mutating func queue() -> String {
        guard let value = members["resources"]?["queue"] else { return "studio" }
        guard let text = value.stringValue, text.wholeMatch(of: #/[a-z0-9][a-z0-9._-]{0,62}/#) != nil else {
            find("/resources/queue", "a queue's name has small letters, digits, ., _ and -")
            return "studio"
        }
        return text
    }
}
