import CMedia

/// What pictures of high dynamic range say of themselves beside their colour tags: the display they were graded on
/// (SMPTE ST 2086) and their brightest light (CTA-861.3).
struct HighDynamicRange {
    /// The display that the pictures were graded on.
    var display: AVMasteringDisplayMetadata?
    /// The brightest pixel and the brightest frame on average.
    var light: AVContentLightMetadata?

    private init(display: AVMasteringDisplayMetadata?, light: AVContentLightMetadata?) {
        self.display = display
        self.light = light
    }

    /// What a container says of a stream; `nil` where it says nothing.
    init?(of stream: UnsafeMutablePointer<AVStream>) {
        func read<Value>(_ type: AVPacketSideDataType, _ value: Value.Type) -> Value? {
            var size = 0
            guard let data = av_stream_get_side_data(stream, type, &size), size >= MemoryLayout<Value>.size else {
                return nil
            }
            return UnsafeRawPointer(data).loadUnaligned(as: Value.self)
        }
        self.init(
            some: read(AV_PKT_DATA_MASTERING_DISPLAY_METADATA, AVMasteringDisplayMetadata.self),
            read(AV_PKT_DATA_CONTENT_LIGHT_LEVEL, AVContentLightMetadata.self))
    }

    /// What a decoded frame says; `nil` where it says nothing.
    init?(of frame: Frame) {
        func read<Value>(_ type: AVFrameSideDataType, _ value: Value.Type) -> Value? {
            guard let side = av_frame_get_side_data(frame.pointer, type), let data = side.pointee.data,
                side.pointee.size >= MemoryLayout<Value>.size
            else { return nil }
            return UnsafeRawPointer(data).loadUnaligned(as: Value.self)
        }
        self.init(
            some: read(AV_FRAME_DATA_MASTERING_DISPLAY_METADATA, AVMasteringDisplayMetadata.self),
            read(AV_FRAME_DATA_CONTENT_LIGHT_LEVEL, AVContentLightMetadata.self))
    }

    private init?(some display: AVMasteringDisplayMetadata?, _ light: AVContentLightMetadata?) {
        guard display != nil || light != nil else { return nil }
        self.init(display: display, light: light)
    }

    /// libx265's parameters: chromaticities in units of 0.00002, luminance in units of 0.0001 cd/m².
    var x265Parameters: [String] {
        var parameters: [String] = []
        if let display, display.has_primaries != 0, display.has_luminance != 0 {
            func point(_ at: (AVRational, AVRational)) -> String {
                "(\(Self.units(at.0, 50_000)),\(Self.units(at.1, 50_000)))"
            }
            let (red, green, blue) = display.display_primaries
            let light = "(\(Self.units(display.max_luminance, 10_000)),\(Self.units(display.min_luminance, 10_000)))"
            parameters.append(
                "master-display=G\(point(green))B\(point(blue))R\(point(red))WP\(point(display.white_point))L\(light)")
        }
        if let light { parameters.append("max-cll=\(light.MaxCLL),\(light.MaxFALL)") }
        return parameters
    }

    /// Says the same in the container.
    func write(to stream: UnsafeMutablePointer<AVStream>) throws {
        func add<Value>(_ value: Value?, _ type: AVPacketSideDataType) throws {
            guard let value else { return }
            let size = MemoryLayout<Value>.size
            guard let data = av_stream_new_side_data(stream, type, size) else {
                throw MediaError(.limitExceeded, "There is no memory for a stream.")
            }
            UnsafeMutableRawPointer(data).storeBytes(of: value, as: Value.self)
        }
        try add(display, AV_PKT_DATA_MASTERING_DISPLAY_METADATA)
        try add(light, AV_PKT_DATA_CONTENT_LIGHT_LEVEL)
    }

    private static func units(_ value: AVRational, _ scale: Int32) -> Int64 {
        av_rescale(Int64(value.num), Int64(scale), Int64(max(1, value.den)))
    }
}
