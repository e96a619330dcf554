import CMedia

/// Makes the bytes of a JPEG of a decoded picture.
struct JPEGPicture {
    var width: Int
    var height: Int
    /// The filters in front, such as tone mapping.
    var before: [String] = []
    /// How the picture is turned after it was scaled; width and height are those before.
    var orientation = Orientation.upright
    /// JPEG's quantiser scale, 1 (best) to 31.
    var quantiser: Int

    /// Scales and encodes. The picture's timestamp is set to 0.
    func encode(_ picture: Frame) throws -> [UInt8] {
        let chain =
            before
            // JPEG is always BT.601 in full range.
            + ["scale=\(width):\(height):flags=area:out_range=pc:out_color_matrix=bt601", "format=yuvj420p"]
            + orientation.filters
        let base = AVRational(num: 1, den: 1)
        let kept = picture.pointer.pointee.pts
        defer { picture.pointer.pointee.pts = kept }
        picture.pointer.pointee.pts = 0
        let graph = try FilterGraph(pictures: picture, timeBase: base, chain: chain.joined(separator: ","))
        let small = try Frame()
        try graph.push(picture)
        try graph.push(nil)
        guard try graph.pull(into: small) else { throw MediaError(.inputInvalid, "The picture cannot be converted.") }
        let scale = Int32(quantiser) * FF_QP2LAMBDA
        let turned = orientation.turned(width, height)
        let encoder = try Encoder("mjpeg", options: Options([:])) { context in
            context.pointee.width = Int32(turned.width)
            context.pointee.height = Int32(turned.height)
            context.pointee.pix_fmt = AV_PIX_FMT_YUVJ420P
            context.pointee.time_base = base
            context.pointee.flags |= AV_CODEC_FLAG_QSCALE
            context.pointee.global_quality = scale
            context.pointee.thread_count = 1
        }
        small.pointer.pointee.pts = 0
        small.pointer.pointee.quality = scale
        small.pointer.pointee.pict_type = AV_PICTURE_TYPE_NONE
        return try encoder.encodePicture(small)
    }
}
