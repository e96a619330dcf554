import CMedia

/// An owned `AVFrame`: a picture or a block of samples. Reused for every frame of a stream.
final class Frame {
    let pointer: UnsafeMutablePointer<AVFrame>

    init() throws {
        guard let pointer = av_frame_alloc() else {
            throw MediaError(.limitExceeded, "There is no memory for a frame.")
        }
        self.pointer = pointer
    }

    /// A picture with planes of its own.
    convenience init(width: Int, height: Int, format: AVPixelFormat) throws {
        try self.init()
        pointer.pointee.width = Int32(width)
        pointer.pointee.height = Int32(height)
        pointer.pointee.format = format.rawValue
        let status = av_frame_get_buffer(pointer, 0)
        guard status >= 0 else { throw MediaError.libav(status, .limitExceeded, "There is no memory for a picture.") }
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVFrame>? = pointer
        av_frame_free(&pointer)
    }

    /// Lets go of the content, keeps the frame.
    func unreference() { av_frame_unref(pointer) }

    /// Gives the planes back to the writer: an encoder may still be reading the last picture painted into them.
    func makeWritable() throws {
        let status = av_frame_make_writable(pointer)
        guard status >= 0 else { throw MediaError.libav(status, .limitExceeded, "There is no memory for a picture.") }
    }

    /// Whether the decoder says that it guessed part of this frame.
    var isDamaged: Bool {
        pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 || pointer.pointee.decode_error_flags != 0
    }
}

/// An owned `AVPacket`: coded bytes of one frame.
final class Packet {
    let pointer: UnsafeMutablePointer<AVPacket>

    init() throws {
        guard let pointer = av_packet_alloc() else {
            throw MediaError(.limitExceeded, "There is no memory for a packet.")
        }
        self.pointer = pointer
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVPacket>? = pointer
        av_packet_free(&pointer)
    }

    /// Lets go of the content, keeps the packet.
    func unreference() { av_packet_unref(pointer) }

    /// Fills the packet with a copy of `bytes` and the padding that decoders need.
    ///
    /// It counts as a key frame: libav's PNG decoder adds any other to the picture before it.
    func fill(_ bytes: [UInt8]) throws {
        unreference()
        guard bytes.count < Int(Int32.max) - 64 else {
            throw MediaError(.limitExceeded, "A picture file is over 2 GiB.")
        }
        let status = av_new_packet(pointer, Int32(bytes.count))
        guard status >= 0, let data = pointer.pointee.data else {
            throw MediaError.libav(status, .limitExceeded, "There is no memory for a packet.")
        }
        pointer.pointee.flags |= AV_PKT_FLAG_KEY
        bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { data.update(from: base, count: source.count) }
        }
    }

    /// Adds something that is said of the packet beside its bytes.
    func add(_ type: AVPacketSideDataType, _ bytes: [UInt8]) throws {
        guard let data = av_packet_new_side_data(pointer, type, bytes.count) else {
            throw MediaError(.limitExceeded, "There is no memory for a packet.")
        }
        data.update(from: bytes, count: bytes.count)
    }
}

/// Options by name for the libav calls that take a dictionary. What a call did not understand is our own mistake.
struct Options: ~Copyable {
    private var dictionary: OpaquePointer?

    init(_ values: KeyValuePairs<String, String>) {
        for (key, value) in values { av_dict_set(&dictionary, key, value, 0) }
    }

    /// Adds an option, or gives it another value.
    mutating func set(_ key: String, _ value: String) { av_dict_set(&dictionary, key, value, 0) }

    deinit {
        var dictionary = dictionary
        av_dict_free(&dictionary)
    }

    /// Lends the dictionary to a call that takes out what it uses.
    mutating func lend<Result>(_ body: (UnsafeMutablePointer<OpaquePointer?>) -> Result) -> Result { body(&dictionary) }
}
