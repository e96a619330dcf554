/// Text for libavfilter's descriptions, where it can mean nothing but itself.
enum FilterText {
    /// A value of a filter's option: every character that is not a letter or digit of ASCII or beyond ASCII has a backslash
    /// in front, once for the option's value and once for the description ("Notes on filtergraph escaping").
    static func value(_ text: String) -> String { escaped(escaped(text)) }

    private static func escaped(_ text: String) -> String {
        var made = ""
        for scalar in text.unicodeScalars {
            let isPlain = !scalar.isASCII || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            if !isPlain { made.unicodeScalars.append("\\") }
            made.unicodeScalars.append(scalar)
        }
        return made
    }
}
