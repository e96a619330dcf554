import CMedia

/// What the numbers of a picture mean as light, and how they become those of a film for a display.
///
/// The product's films are tagged BT.709. Pictures that are coded for a display already (PNG, JPEG, WebP, TIFF, most DPX)
/// keep their numbers: sRGB and BT.709 are not told apart, as everywhere in video.
public enum PictureLight: String, Sendable, Codable, CaseIterable {
    /// Coded for a display: the numbers stay.
    case display
    /// In proportion to the scene's light, with BT.709's primaries, 1 as white: gets BT.709's curve (ITU-R BT.709-6, item
    /// 1.2). What is brighter than 1 becomes white.
    case linear
    /// Density of a film negative in Cineon's 10-bit code, as in DPX: 95 is black, 685 is white, 0.002 density a code value,
    /// gamma 0.6 (Kodak, "Conversion of 10-bit Log Film Data To 8-bit Linear or Video Data"); made linear, then as `linear`.
    case log

    /// What a picture file says.
    ///
    /// OpenEXR is linear. A DPX is log where its header says printing density or logarithmic; one that says linear is taken
    /// to be coded for a display like the rest, since writers, libav's among them, say it of any RGB.
    init(of bytes: [UInt8]) {
        switch StillKind(bytes) {
        case .exr: self = .linear
        case .dpx where bytes.count > 801 && (bytes[801] == 1 || bytes[801] == 3): self = .log
        default: self = .display
        }
    }

    /// The light as a share of white, as an expression of `value`, which is 0 to 1; `nil` where it is coded for a display.
    private var linearised: String? {
        switch self {
        case .display: nil
        case .linear: "val/maxval"
        // 0.0107977 is 10^((95 − 685) · 0.002 / 0.6).
        case .log: "max(0,(pow(10,(val/maxval*1023-685)*0.002/0.6)-0.0107977)/(1-0.0107977))"
        }
    }

    /// The filters that bring a picture with 16 bits a channel, RGB, to BT.709's curve.
    var toDisplay: [String] {
        guard let light = linearised else { return [] }
        let curve = "st(0,min(1,\(light)));maxval*if(lt(ld(0),0.018),4.5*ld(0),1.099*pow(ld(0),0.45)-0.099)"
        return ["lutrgb=r='\(curve)':g='\(curve)':b='\(curve)'"]
    }

    /// The filter that brings BT.709's curve, in 16 bits a channel, RGB, to linear light.
    static var toLinear: String {
        let value = "val/maxval"
        let curve = "maxval*if(lt(\(value),0.081),\(value)/4.5,pow((\(value)+0.099)/1.099,1/0.45))"
        return "lutrgb=r='\(curve)':g='\(curve)':b='\(curve)'"
    }
}
