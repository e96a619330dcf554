import CMedia

/// Brings pictures of any size, format, light and orientation to one size, upright, BT.709 in limited range, for an encoder.
final class StillConformer {
    private struct Kind: Equatable {
        let shape: PictureShape
        let traits: StillTraits
    }

    private let width: Int
    private let height: Int
    private let target: VideoTarget
    private let output: Frame
    private var graph: FilterGraph?
    private var kind: Kind?

    init(width: Int, height: Int, target: VideoTarget) throws {
        self.width = width
        self.height = height
        self.target = target
        output = try Frame()
    }

    func conform(_ frame: Frame, _ traits: StillTraits) throws -> Frame {
        let kind = Kind(shape: PictureShape(frame), traits: traits)
        if graph == nil || kind != self.kind {
            graph = try FilterGraph(pictures: frame, timeBase: AVRational(num: 1, den: 1), chain: chain(for: kind))
            self.kind = kind
        }
        frame.pointer.pointee.pts = 0
        try graph?.push(frame)
        guard try graph?.pull(into: output) == true else {
            throw MediaError(.inputInvalid, "The picture cannot be converted.")
        }
        return output
    }

    /// Turned last, when all pictures have the encoder's format, and then put on black.
    private func chain(for kind: Kind) -> String {
        let (shape, orientation) = (kind.shape, kind.traits.orientation)
        let conversion = StillConversion(shape, kind.traits.light, keepsAlpha: target.alpha)
        let colours = "out_range=tv:out_color_matrix=bt709" + conversion.inputColours
        let coded = orientation.turned(width, height)
        let isSameSize = Int(shape.width) & ~1 == coded.width && Int(shape.height) & ~1 == coded.height
        let fit =
            isSameSize
            ? ["crop=\(coded.width):\(coded.height):0:0", "scale=\(colours)"]
            : [PictureFit.inside(coded.width, coded.height) + ":" + colours]
        let padding = isSameSize ? [] : [PictureFit.centred(width, height, target.alpha ? "black@0" : "black")]
        return
            (conversion.filters + fit + ["format=\(target.pixelFormatName)"] + orientation.filters + padding + [
                "setsar=1"
            ])
            .joined(separator: ",")
    }
}
