import CMedia

extension MediaProbe {
    /// The display that pictures were graded on (SMPTE ST 2086).
    public struct MasteringDisplay: Sendable, Equatable, Codable {
        /// The chromaticities x and y (CIE 1931) of red, green, blue and white; `nil` where they are not told.
        public var red: [Double]?
        /// The chromaticity of green.
        public var green: [Double]?
        /// The chromaticity of blue.
        public var blue: [Double]?
        /// The chromaticity of white.
        public var white: [Double]?
        /// The darkest light, in cd/m²; `nil` where it is not told.
        public var minLuminance: Double?
        /// The brightest light, in cd/m².
        public var maxLuminance: Double?
    }

    /// The brightest light in pictures (CTA-861.3), in cd/m².
    public struct ContentLight: Sendable, Equatable, Codable {
        /// The brightest pixel.
        public var max: Int
        /// The brightest average of a frame.
        public var frameAverage: Int
    }
}

extension MediaProbe.MasteringDisplay {
    init(_ display: AVMasteringDisplayMetadata) {
        func value(_ number: AVRational) -> Double {
            Double(number.num) / Double(Swift.max(1, number.den))
        }
        func point(_ at: (AVRational, AVRational)) -> [Double] { [value(at.0), value(at.1)] }
        if display.has_primaries != 0 {
            red = point(display.display_primaries.0)
            green = point(display.display_primaries.1)
            blue = point(display.display_primaries.2)
            white = point(display.white_point)
        }
        if display.has_luminance != 0 {
            minLuminance = value(display.min_luminance)
            maxLuminance = value(display.max_luminance)
        }
    }
}

extension MediaProbe.ContentLight {
    init(_ light: AVContentLightMetadata) {
        max = Int(light.MaxCLL)
        frameAverage = Int(light.MaxFALL)
    }
}
