import Glibc

/// What commands tell people beside their answer.
enum StandardError {
    /// Writes text and a newline to standard error.
    static func write(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        var offset = 0
        while offset < bytes.count {
            let written = bytes[offset...].withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard written > 0 || errno == EINTR else { return }
            offset += max(written, 0)
        }
    }
}
