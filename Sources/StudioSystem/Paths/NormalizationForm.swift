// The standard library normalises to compare strings, but shows it only to Foundation. Full Foundation, which would
// bring ICU into both programs, is the only other way to ask.
@_spi(_Unicode) import Swift

extension StringProtocol {
    /// Whether the text is in Unicode's normalization form C, so that equal looks mean equal bytes.
    var isNormalized: Bool {
        utf8.allSatisfy { $0 < 0x80 } || unicodeScalars.elementsEqual(String(self)._nfc)
    }
}
