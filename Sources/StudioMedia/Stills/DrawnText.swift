import CMedia
import Glibc

/// Text that libavfilter draws into pictures. It is always data: nothing in it is expanded or read as a filter's language.
public enum DrawnText {
    /// The font, from Debian's package `fonts-dejavu-core`: the letters of Europe's languages, not those of East Asia's.
    public static let font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

    /// Refuses work with text where the font is not installed.
    static func checkFont() throws {
        guard access(font, R_OK) == 0 else {
            throw MediaError(
                .outputFailed, "Text cannot be drawn: this machine has no DejaVu Sans (fonts-dejavu-core).")
        }
    }

    /// The filter for one piece of text.
    /// - Parameters:
    ///   - text: What is drawn, as it stands; line breaks are kept, other control characters are not drawn.
    ///   - size: The font's size in pixels.
    ///   - x: The left edge, an expression of drawtext.
    ///   - y: The upper edge, an expression of drawtext.
    ///   - colour: libav's name or number of the colour, with `@` and its opacity where it has one.
    ///   - more: Further options, ours and already escaped.
    /// - Returns: The filter in libavfilter's language.
    static func filter(
        _ text: String, size: Int, x: String, y: String, colour: String, more: String = ""
    ) -> String {
        let visible = String(text.unicodeScalars.filter { $0 == "\n" || $0.properties.generalCategory != .control })
        return "drawtext=fontfile=\(font):expansion=none:text=\(FilterText.value(visible)):fontsize=\(max(1, size))"
            + ":x=\(FilterText.value(x)):y=\(FilterText.value(y)):fontcolor=\(FilterText.value(colour))" + more
    }
}
