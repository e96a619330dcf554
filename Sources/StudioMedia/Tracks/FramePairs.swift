import CMedia
import Glibc

/// Pairs of frames in, their numbers and their difference out: libavfilter's `psnr`, `ssim` and `blend`.
final class FramePairs {
    /// What came out for one pair.
    struct Answer {
        /// Over all channels, of values as they are coded.
        let meanSquaredError: Double
        /// SSIM over all channels.
        let similarity: Double
        /// The amplified difference, 4:2:0 in BT.709 for video, RGB for a picture; lent.
        let difference: Frame
    }

    /// The bits of a channel of what is compared.
    let depth: Int
    private let network: FilterGraph
    private let shapes: [PictureShape]
    private let output: Frame
    private var count: Int64 = 0

    /// - Parameters:
    ///   - sides: A frame of the reference and of the candidate, and where they come from.
    ///   - gain: How much the difference is amplified.
    ///   - evenSides: Whether the difference is for video: an odd last row or column is left out.
    /// - Throws: `MediaError` with `unsupported` where the frames cannot be compared.
    init(_ sides: [(frame: Frame, reader: FrameReader)], gain: Int, evenSides: Bool) throws {
        output = try Frame()
        shapes = sides.map { PictureShape($0.frame) }
        let reference = shapes[0]
        let isDeep = reference.depth > 8 || sides[0].reader.demuxer.isLinearPicture
        let format = Self.format(reference, isDeep)
        depth = !isDeep ? 8 : reference.isRGB || reference.depth > 12 ? 16 : reference.depth > 10 ? 12 : 10
        let seen = sides[0].reader.orientation.turned(Int(reference.width), Int(reference.height))
        let range = reference.isLimitedRange || !reference.isFullRange ? "tv" : "pc"
        func prepared(_ index: Int) -> String {
            let (frame, reader) = sides[index]
            let size = "scale=\(seen.width):\(seen.height):flags=bicubic+accurate_rnd"
            let colours = reference.isRGB ? "" : ":out_range=\(range):out_color_matrix=bt709"
            let filters =
                reader.demuxer.stillFilters(for: frame) + reader.orientation.filters
                + [size + colours, "format=\(format)", "setsar=1"]
            return "[in\(index)]" + filters.joined(separator: ",")
        }
        let deep = isDeep ? "gbrp16" : "gbrp"
        let amplified = "min(maxval,val*\(gain))"
        let end =
            evenSides
            ? "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0,scale=out_range=tv:out_color_matrix=bt709,format=yuv420p"
            : "format=\(isDeep ? "rgb48be" : "rgb24")"
        network = try FilterGraph(
            pictures: sides.map(\.frame), timeBase: AVRational(num: 1, den: 1),
            chains: prepared(0) + "[a];" + prepared(1) + ",split=3[b][c][d];[a][b]psnr[e];[e][c]ssim[f];"
                + "[f]format=\(deep)[g];[d]format=\(deep)[h];[g][h]blend=all_mode=difference,"
                + "lutrgb=r='\(amplified)':g='\(amplified)':b='\(amplified)',\(end)[out]")
    }

    /// Whether frames have the shapes that this was made for.
    func fits(_ first: Frame, _ second: Frame) -> Bool { [PictureShape(first), PictureShape(second)] == shapes }

    /// Compares a pair; `each` gets what is ready, which comes a pair later.
    func push(_ first: Frame, _ second: Frame, each: (Answer) throws -> Void) throws {
        for (input, frame) in [first, second].enumerated() {
            frame.pointer.pointee.pts = count
            try network.push(frame, to: input)
        }
        count += 1
        try drain(each)
    }

    /// Brings out what is still inside.
    func finish(each: (Answer) throws -> Void) throws {
        for input in shapes.indices { try network.push(nil, to: input) }
        try drain(each)
    }

    private func drain(_ each: (Answer) throws -> Void) throws {
        while try network.pull(into: output) {
            guard let error = number("lavfi.psnr.mse_avg"), let similarity = number("lavfi.ssim.All") else {
                throw MediaError(.unsupported, "The frames cannot be compared.")
            }
            try each(Answer(meanSquaredError: error, similarity: similarity, difference: output))
        }
    }

    private func number(_ key: String) -> Double? {
        av_dict_get(output.pointer.pointee.metadata, key, nil, 0)?.pointee.value.map { atof($0) }
    }

    /// The planar format in which two pictures are compared: the reference's own channels, subsampling and depth.
    private static func format(_ shape: PictureShape, _ isDeep: Bool) -> String {
        if shape.isRGB { return isDeep ? "gbrp16" : "gbrp" }
        if shape.isGrey { return isDeep ? "gray16" : "gray" }
        let descriptor = av_pix_fmt_desc_get(AVPixelFormat(rawValue: shape.format))?.pointee
        let chroma: String =
            switch (descriptor?.log2_chroma_w, descriptor?.log2_chroma_h) {
            case (1, 1): "420"
            case (1, 0): "422"
            default: "444"
            }
        let bits = !isDeep ? "" : shape.depth > 12 ? "16" : shape.depth > 10 ? "12" : "10"
        return "yuv\(chroma)p\(bits)"
    }
}

/// Logarithms as they are used for ratios.
enum Logarithm {
    static func decibels(_ ratio: Double) -> Double { 10 * log10(ratio) }
}
