import QueueProtocol
import StudioCore
import StudioMedia

/// What a request says of the file to be made. The parameters have the same names in every function that has them.
extension MediaJobRequest {
    /// The kind of file, the pictures and the sound that a request asks for: MP4 with H.264 and AAC where it says nothing.
    ///
    /// Throws `MediaError` with `parametersInvalid` for what cannot be, with the names of what does not go together.
    func target() throws -> MediaTarget {
        let container: ContainerKind = try choice("container") ?? .mp4
        return try MediaTarget(
            container: container, video: try videoTarget(in: container), audio: try audioTarget(in: container))
    }

    /// The pictures; `nil` where they are not to be kept, or the kind of file has no place for them.
    func videoTarget(in container: ContainerKind) throws -> VideoTarget? {
        if text("videoCodec") == "none" { return nil }
        guard let codec: VideoCodec = try choice("videoCodec") ?? container.usualVideo else { return nil }
        var target = VideoTarget(codec: codec, profile: try choice("profile"), quality: quality)
        if let factor = try whole("rateFactor") { target.rate = .factor(factor) }
        if let bits = try whole("videoBitRate") { target.rate = .bits(bits) }
        if text("bitDepth") == "10" { target.depth = .ten }
        if let chroma: ChromaSampling = try choice("chroma") { target.chroma = chroma }
        if let seconds = parameters["keyFrameSeconds"]?.doubleValue { target.keyFrames = .atMost(seconds: seconds) }
        return target
    }

    /// The sound; `nil` where it is not to be kept.
    func audioTarget(in container: ContainerKind) throws -> AudioTarget? {
        if text("audioCodec") == "none" { return nil }
        return AudioTarget(
            codec: try choice("audioCodec") ?? container.usualAudio, quality: quality,
            bitRate: try whole("audioBitRate"),
            sampleRate: try whole("sampleRate"), channels: try choice("channels") ?? .keep)
    }

    /// What is done to pictures on their way.
    func pictureChange() throws -> PictureChange {
        PictureChange(
            width: try whole("width"), height: try whole("height"), fit: try choice("fit") ?? .fit,
            crop: PictureChange.Crop(
                left: try whole("cropLeft") ?? 0, top: try whole("cropTop") ?? 0, right: try whole("cropRight") ?? 0,
                bottom: try whole("cropBottom") ?? 0),
            frameRate: parameters["frameRate"].map(\.isNull) ?? true ? nil : try frameRate())
    }
}
