import QueueProtocol

extension OTIOReader {
    mutating func clip(_ value: JSONValue, _ place: String) -> Cut.Clip? {
        let name = value["name"]?.stringValue ?? ""
        refuseEffects(value, place, "clip “\(name)”")
        var clip = Cut.Clip(name: name, source: .missing, range: nil)
        clip.others.own = members(
            value, except: ["OTIO_SCHEMA", "name", "source_range", "media_reference", "markers", "enabled"])
        clip.isEnabled = value["enabled"]?.boolValue ?? true
        clip.markers = markers(value, place)
        clip.reel = value["metadata"]?["cmx_3600"]?["reel"]?.stringValue
        if let written = value["source_range"], written != .null {
            guard let range = range(written, "\(place)/source_range") else { return nil }
            clip.range = range
        }
        // Clip.2 has several references by name, of which one is in use.
        let key = value["active_media_reference_key"]?.stringValue ?? "DEFAULT_MEDIA"
        let (reference, pointer) =
            value["media_references"] == nil
            ? (value["media_reference"], "\(place)/media_reference")
            : (value["media_references"]?[key], "\(place)/media_references/\(JSONPointer.escaped(key))")
        if let reference, reference != .null { read(reference, pointer, into: &clip) }
        if clip.range == nil && clip.available == nil {
            findings.add(place, "required", "clip “\(name)” has neither a source_range nor an available_range")
        }
        return clip
    }

    private mutating func read(_ reference: JSONValue, _ place: String, into clip: inout Cut.Clip) {
        let known = ["ExternalReference.1", "MissingReference.1", "GeneratorReference.1"]
        guard let schema = schema(reference, place, oneOf: known, in: "clip “\(clip.name)”") else { return }
        if let available = reference["available_range"], available != .null {
            clip.available = range(available, "\(place)/available_range")
        }
        clip.others.inner = members(reference, except: ["OTIO_SCHEMA", "target_url", "available_range"])
        switch schema {
        case "ExternalReference.1":
            guard let url = reference["target_url"]?.stringValue, !url.isEmpty else {
                findings.add(
                    "\(place)/target_url", "required", "clip “\(clip.name)” has a reference that names nothing")
                return
            }
            clip.source = .reference(url)
        case "GeneratorReference.1":
            let kind = reference["generator_kind"]?.stringValue ?? ""
            guard kind.lowercased() == "black" else {
                findings.add(
                    "\(place)/generator_kind", "unsupported",
                    "clip “\(clip.name)” is made by the generator “\(kind)”; only black can be conformed")
                return
            }
            clip.source = .black
        default: clip.source = .missing
        }
    }

    mutating func markers(_ value: JSONValue, _ place: String) -> [Cut.Marker] {
        var markers: [Cut.Marker] = []
        for (index, item) in (value["markers"]?.arrayValue ?? []).enumerated() {
            let pointer = "\(place)/markers/\(index)"
            guard schema(item, pointer, oneOf: ["Marker.1", "Marker.2"]) != nil,
                let range = range(item["marked_range"], "\(pointer)/marked_range")
            else { continue }
            var marker = Cut.Marker(
                name: item["name"]?.stringValue ?? "", range: range, colour: item["color"]?.stringValue ?? "",
                comment: item["comment"]?.stringValue ?? "")
            marker.others.own = members(item, except: ["OTIO_SCHEMA", "name", "marked_range", "color", "comment"])
            markers.append(marker)
        }
        return markers
    }

    /// A change of speed, a freeze, or a look that another program would apply.
    mutating func refuseEffects(_ value: JSONValue, _ place: String, _ what: String) {
        for (index, effect) in (value["effects"]?.arrayValue ?? []).enumerated() {
            let kind = effect["OTIO_SCHEMA"]?.stringValue ?? "an effect"
            let name = effect["effect_name"]?.stringValue ?? effect["name"]?.stringValue ?? ""
            let detail =
                "\(what) has the effect “\(name)” (\(kind)), which cannot be conformed; render it into a take first"
            findings.add("\(place)/effects/\(index)", "unsupported", detail)
        }
    }

    mutating func schema(
        _ value: JSONValue, _ place: String, oneOf known: [String], in what: String = ""
    ) -> String? {
        let schema = value["OTIO_SCHEMA"]?.stringValue
        if let schema, known.contains(schema) { return schema }
        let name = value["name"]?.stringValue ?? ""
        let told = (schema ?? "something without an OTIO_SCHEMA") + (name.isEmpty ? "" : " “\(name)”")
        findings.add(
            place, "unsupported",
            "\(told)\(what.isEmpty ? "" : " in \(what)") cannot be conformed; here belongs "
                + known.joined(separator: " or "))
        return nil
    }

    mutating func children(_ value: JSONValue, _ place: String) -> [JSONValue] {
        guard let children = value["children"]?.arrayValue else {
            findings.add("\(place)/children", "required", "a list of children")
            return []
        }
        return children
    }

    mutating func range(_ value: JSONValue?, _ place: String) -> EditRange? {
        guard let value, value["OTIO_SCHEMA"]?.stringValue == "TimeRange.1" else {
            findings.add(place, "required", "a TimeRange.1")
            return nil
        }
        let start = time(value["start_time"], "\(place)/start_time")
        guard let duration = time(value["duration"], "\(place)/duration"), let start else { return nil }
        guard duration.frames >= 0 else {
            findings.add("\(place)/duration", "minimum", "a length below zero")
            return nil
        }
        return EditRange(start: start, duration: duration)
    }

    mutating func optionalTime(_ value: JSONValue?, _ place: String) -> EditTime? {
        guard let value, value != .null else { return nil }
        return time(value, place)
    }

    /// A RationalTime.1; a value within a thousandth of a whole number is that number, as programs that count in seconds
    /// write it.
    mutating func time(_ value: JSONValue?, _ place: String) -> EditTime? {
        guard let value, value["OTIO_SCHEMA"]?.stringValue == "RationalTime.1",
            let frames = value["value"]?.doubleValue, let rate = value["rate"]?.doubleValue
        else {
            findings.add(place, "required", "a RationalTime.1 with value and rate")
            return nil
        }
        guard let exact = EditRate(decimal: rate) else {
            findings.add("\(place)/rate", "range", "\(rate) frames a second are not possible")
            return nil
        }
        guard abs(frames) <= Double(EditTime.mostFrames), abs(frames - frames.rounded()) <= 0.001 else {
            findings.add("\(place)/value", "range", "\(frames) is not a whole number of frames, or too many")
            return nil
        }
        return EditTime(Int(frames.rounded()), at: exact)
    }

    func members(_ value: JSONValue, except known: Set<String>) -> [String: JSONValue] {
        (value.objectValue ?? [:]).filter { !known.contains($0.key) }
    }
}
