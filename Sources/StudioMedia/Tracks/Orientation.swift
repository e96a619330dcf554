import CMedia

/// How a decoded picture is turned and mirrored so that it is seen as it was meant; numbered as Exif does it.
enum Orientation: Int, Sendable {
    case upright = 1
    case mirrored
    case upsideDown
    case mirroredUpsideDown
    case mirroredCounterclockwise
    case clockwise
    case mirroredClockwise
    case counterclockwise

    /// What a stream's display matrix says, to the nearest quarter turn.
    init(displayMatrixOf stream: UnsafeMutablePointer<AVStream>) {
        var size = 0
        guard let data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size), size >= 36 else {
            self = .upright
            return
        }
        self = data.withMemoryRebound(to: Int32.self, capacity: 9) { matrix in
            Orientation(across: (Int(matrix[0]), Int(matrix[1])), down: (Int(matrix[3]), Int(matrix[4])))
        }
    }

    /// - Parameters:
    ///   - across: Where a step to the right leads: to the right and down.
    ///   - down: Where a step down leads: to the right and down.
    private init(across: (Int, Int), down: (Int, Int)) {
        if abs(across.0) + abs(down.1) >= abs(across.1) + abs(down.0) {
            switch (across.0 < 0, down.1 < 0) {
            case (false, false): self = .upright
            case (true, false): self = .mirrored
            case (true, true): self = .upsideDown
            case (false, true): self = .mirroredUpsideDown
            }
        } else {
            switch (across.1 < 0, down.0 < 0) {
            case (false, true): self = .clockwise
            case (true, false): self = .counterclockwise
            case (false, false): self = .mirroredCounterclockwise
            case (true, true): self = .mirroredClockwise
            }
        }
    }

    /// Whether width and height change places.
    var swapsSides: Bool { rawValue >= 5 }

    /// Whether the picture is mirrored left to right, before it is turned.
    var isMirrored: Bool {
        switch self {
        case .upright, .upsideDown, .clockwise, .counterclockwise: false
        case .mirrored, .mirroredUpsideDown, .mirroredClockwise, .mirroredCounterclockwise: true
        }
    }

    /// How far the picture is turned clockwise, in degrees.
    var rotation: Int {
        switch self {
        case .upright, .mirrored: 0
        case .clockwise, .mirroredClockwise: 90
        case .upsideDown, .mirroredUpsideDown: 180
        case .counterclockwise, .mirroredCounterclockwise: 270
        }
    }

    /// The filters that do it.
    var filters: [String] {
        switch self {
        case .upright: []
        case .mirrored: ["hflip"]
        case .upsideDown: ["hflip", "vflip"]
        case .mirroredUpsideDown: ["vflip"]
        case .mirroredCounterclockwise: ["transpose=cclock_flip"]
        case .clockwise: ["transpose=clock"]
        case .mirroredClockwise: ["transpose=clock_flip"]
        case .counterclockwise: ["transpose=cclock"]
        }
    }

    /// A size as it is after turning, or, since twice is none, before.
    func turned<Number>(_ width: Number, _ height: Number) -> (width: Number, height: Number) {
        swapsSides ? (height, width) : (width, height)
    }
}
