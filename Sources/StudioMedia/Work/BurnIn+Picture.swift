import StudioCore

extension BurnIn {
    /// A picture that lies over all pictures of a film: a watermark, a logo.
    public struct Picture: Sendable, Hashable {
        /// The picture's path: PNG, JPEG, TIFF, OpenEXR, DPX or WebP, told apart by content. What is transparent in it lets the
        /// film through.
        public var path: String
        /// Where it stands.
        public var place: Place
        /// Its width as a share of the film's, 0.01 to 1; its height follows. It is made smaller where it does not fit
        /// between the margins.
        public var size: Double
        /// How far it keeps from the edges, as a share of the film's width, 0 to 0.4.
        public var margin: Double
        /// How much it covers what is below where it is opaque itself, 0 to 1.
        public var opacity: Double

        /// Describes a picture.
        /// - Parameters:
        ///   - path: The picture's path.
        ///   - place: Where it stands.
        ///   - size: Its width as a share of the film's.
        ///   - margin: How far it keeps from the edges, as a share of the film's width.
        ///   - opacity: How much it covers what is below, 0 to 1.
        public init(
            path: String, place: Place = .topRight, size: Double = 0.15, margin: Double = 0.02, opacity: Double = 1
        ) {
            self.path = path
            self.place = place
            self.size = size
            self.margin = margin
            self.opacity = opacity
        }

        func check() throws {
            guard (0.01...1).contains(size), (0...0.4).contains(margin), (0...1).contains(opacity) else {
                throw MediaError(
                    .parametersInvalid,
                    "A watermark of \(size) of the width, \(margin) from the edges and \(opacity) opaque is not "
                        + "possible; 0.01 to 1, 0 to 0.4 and 0 to 1 are.")
            }
        }

        /// Where it stands on a film's picture.
        ///
        /// - Parameters:
        ///   - natural: Its own size in square pixels.
        ///   - film: The film's size in pixels.
        ///   - pixel: How wide the film's pixels are for their height.
        /// - Returns: The left and upper edge, the width and the height, in the film's pixels.
        func box(
            of natural: (width: Int, height: Int), on film: (width: Int, height: Int), pixel: Double
        ) -> (x: Int, y: Int, width: Int, height: Int) {
            let edge = Int((margin * Double(film.width)).rounded())
            let room = (width: max(1, film.width - 2 * edge), height: max(1, film.height - 2 * edge))
            let proportion = Double(natural.height) * pixel / Double(max(1, natural.width))
            let wide = min(size * Double(film.width), Double(room.width), Double(room.height) / max(1e-9, proportion))
            let width = min(room.width, max(1, Int(wide.rounded())))
            let height = min(room.height, max(1, Int((wide * proportion).rounded())))
            let x =
                switch place {
                case .topLeft, .bottomLeft: min(edge, film.width - width)
                case .top, .centre, .bottom: (film.width - width) / 2
                case .topRight, .bottomRight: max(0, film.width - width - edge)
                }
            let y =
                switch place {
                case .topLeft, .top, .topRight: min(edge, film.height - height)
                case .centre: (film.height - height) / 2
                case .bottomLeft, .bottom, .bottomRight: max(0, film.height - height - edge)
                }
            return (x, y, width, height)
        }
    }
}
