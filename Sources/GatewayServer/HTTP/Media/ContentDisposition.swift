/// `Content-Disposition` that is safe for any file name (RFC 6266, RFC 8187).
enum ContentDisposition: Sendable {
    /// Shown where it stands, such as a video in the page.
    case inline
    /// Saved as a file.
    case attachment

    /// The header's value.
    ///
    /// The plain `filename` holds what every client reads: ASCII without quotes, backslashes, separators, percent signs
    /// and control characters, each replaced by `_`. Where that changed the name, `filename*` says it whole.
    func header(fileName: String) -> String {
        let kind = self == .inline ? "inline" : "attachment"
        let base = fileName.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        let plain = String(
            base.unicodeScalars.map { scalar in
                let forbidden: Set<Unicode.Scalar> = ["\"", "\\", "/", "%", ":"]
                return (32...126).contains(scalar.value) && !forbidden.contains(scalar) ? Character(scalar) : "_"
            })
        guard !plain.isEmpty else { return kind }
        let header = "\(kind); filename=\"\(plain)\""
        return plain == base ? header : header + "; filename*=UTF-8''\(PercentCoding.encode(base))"
    }
}
