public import FoundationEssentials
public import QueueProtocol

extension Cut {
    /// The cut as an OpenTimelineIO file: a `Timeline.1` with `Clip.2` and `Marker.2`, which OpenTimelineIO 0.15 and later
    /// read.
    ///
    /// - Returns: UTF-8 JSON, keys sorted, one member a line.
    /// - Throws: `EncodingError` where a member that was kept holds a number JSON cannot say.
    public func otioFile() throws -> Data { try JSONText.document(otio) }

    /// The cut as OpenTimelineIO's objects.
    public var otio: JSONValue {
        var stack = others.inner
        stack["OTIO_SCHEMA"] = "Stack.1"
        stack["name"] = stack["name"] ?? "tracks"
        stack["source_range"] = .null
        stack["effects"] = []
        stack["metadata"] = stack["metadata"] ?? [:]
        stack["markers"] = .array(markers.map(\.otio))
        stack["children"] = .array(tracks.map(\.otio))
        var timeline = others.own
        timeline["OTIO_SCHEMA"] = "Timeline.1"
        timeline["name"] = .string(name)
        timeline["global_start_time"] = globalStart?.otio ?? .null
        timeline["tracks"] = .object(stack)
        var studio: [String: JSONValue] = ["rate": .string(rate.description)]
        if isDropFrame { studio["dropFrame"] = true }
        timeline["metadata"] = Self.laid(studio, over: "studio", in: timeline["metadata"])
        return .object(timeline)
    }

    /// Members of one program's section of OTIO's metadata, laid over those that are there.
    fileprivate static func laid(
        _ members: [String: JSONValue], over section: String, in metadata: JSONValue?
    ) -> JSONValue {
        var all = metadata?.objectValue ?? [:]
        guard !members.isEmpty else { return .object(all) }
        all[section] = .object((all[section]?.objectValue ?? [:]).merging(members) { $1 })
        return .object(all)
    }
}

extension Cut.Track {
    fileprivate var otio: JSONValue {
        var track = others.own
        track["OTIO_SCHEMA"] = "Track.1"
        track["name"] = .string(name)
        track["kind"] = .string(kind.rawValue)
        track["enabled"] = .bool(isEnabled)
        track["source_range"] = .null
        track["effects"] = []
        track["markers"] = .array(markers.map(\.otio))
        track["children"] = .array(items.map(\.otio))
        let studio: [String: JSONValue] = channel.map { ["channel": .integer(Int64($0))] } ?? [:]
        track["metadata"] = Cut.laid(studio, over: "studio", in: track["metadata"])
        return .object(track)
    }
}

extension Cut.Item {
    fileprivate var otio: JSONValue {
        switch self {
        case .clip(let clip): return clip.otio
        case .gap(let gap):
            var members = gap.others.own
            members["OTIO_SCHEMA"] = "Gap.1"
            members["name"] = members["name"] ?? ""
            members["source_range"] =
                EditRange(start: EditTime(0, at: gap.duration.rate), duration: gap.duration).otio
            members["effects"] = []
            members["enabled"] = members["enabled"] ?? true
            members["markers"] = members["markers"] ?? []
            members["metadata"] = members["metadata"] ?? [:]
            return .object(members)
        case .transition(let transition):
            var members = transition.others.own
            members["OTIO_SCHEMA"] = "Transition.1"
            members["name"] = .string(transition.name)
            members["transition_type"] = .string(Cut.Transition.dissolve)
            members["in_offset"] = transition.before.otio
            members["out_offset"] = transition.after.otio
            members["metadata"] = members["metadata"] ?? [:]
            return .object(members)
        }
    }
}

extension Cut.Clip {
    fileprivate var otio: JSONValue {
        var clip = others.own
        clip["OTIO_SCHEMA"] = "Clip.2"
        clip["name"] = .string(name)
        clip["source_range"] = range?.otio ?? .null
        clip["enabled"] = .bool(isEnabled)
        clip["effects"] = []
        clip["markers"] = .array(markers.map(\.otio))
        clip["metadata"] = Cut.laid(reel.map { ["reel": .string($0)] } ?? [:], over: "cmx_3600", in: clip["metadata"])
        let key = clip["active_media_reference_key"]?.stringValue ?? "DEFAULT_MEDIA"
        var references = clip["media_references"]?.objectValue ?? [:]
        references[key] = mediaReference
        clip["active_media_reference_key"] = .string(key)
        clip["media_references"] = .object(references)
        return .object(clip)
    }

    private var mediaReference: JSONValue {
        var reference = others.inner
        reference["available_range"] = available?.otio ?? .null
        reference["metadata"] = reference["metadata"] ?? [:]
        reference["name"] = reference["name"] ?? ""
        switch source {
        case .reference(let url):
            reference["OTIO_SCHEMA"] = "ExternalReference.1"
            reference["target_url"] = .string(url)
        case .black:
            reference["OTIO_SCHEMA"] = "GeneratorReference.1"
            reference["generator_kind"] = "black"
            reference["parameters"] = reference["parameters"] ?? [:]
        case .missing: reference["OTIO_SCHEMA"] = "MissingReference.1"
        }
        return .object(reference)
    }
}

extension Cut.Marker {
    fileprivate var otio: JSONValue {
        var marker = others.own
        marker["OTIO_SCHEMA"] = "Marker.2"
        marker["name"] = .string(name)
        marker["color"] = .string(colour)
        marker["comment"] = .string(comment)
        marker["marked_range"] = range.otio
        marker["metadata"] = marker["metadata"] ?? [:]
        return .object(marker)
    }
}

extension EditTime {
    fileprivate var otio: JSONValue {
        [
            "OTIO_SCHEMA": "RationalTime.1", "value": .number(Double(frames)), "rate": .number(rate.framesPerSecond),
        ]
    }
}

extension EditRange {
    fileprivate var otio: JSONValue {
        ["OTIO_SCHEMA": "TimeRange.1", "start_time": start.otio, "duration": duration.otio]
    }
}
