import FoundationEssentials
import Glibc
import StudioSystem

/// Signatures of AWS, version 4, with HMAC-SHA256: in a header, or in an address that is good for a while.
///
/// libcurl's own (`CURLOPT_AWS_SIGV4`) signs no query strings properly in the version of Debian 12.
struct SignatureV4: Sendable {
    /// Who signs and for what.
    struct Scope: Sendable {
        var accessKeyID: String
        var secretAccessKey: String
        var sessionToken: String?
        var region: String
        var service = "s3"
    }

    /// What is signed.
    struct Subject: Sendable {
        var method: String
        /// The path, percent-encoded, with a slash in front.
        var path: String
        /// The query's names and values, not encoded.
        var query: [(name: String, value: String)] = []
        /// The headers that are signed, `host` among them.
        var headers: [(name: String, value: String)]
        /// SHA-256 of the body in hexadecimal, or what stands in its place.
        var payload: String
    }

    /// In place of a body's digest: it is not signed.
    static let unsigned = "UNSIGNED-PAYLOAD"
    /// SHA-256 of nothing.
    static let empty = SHA256.hex(of: [UInt8]())

    let scope: Scope

    /// The value of `Authorization` for a request that has the headers of the subject, `x-amz-date` among them.
    func authorization(_ subject: Subject, at time: String) -> String {
        let request = Self.canonical(subject)
        return "AWS4-HMAC-SHA256 Credential=\(scope.accessKeyID)/\(credentialScope(time)),"
            + "SignedHeaders=\(Self.names(subject.headers)),Signature=\(signature(of: request, at: time))"
    }

    /// The whole query of an address that is good for a while, to whoever has it. The only signed header is `host`, and the
    /// body is not signed.
    func query(_ subject: Subject, at time: String, goodFor seconds: Int64) -> String {
        var subject = subject
        subject.payload = Self.unsigned
        subject.query += [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "\(scope.accessKeyID)/\(credentialScope(time))"), ("X-Amz-Date", time),
            ("X-Amz-Expires", String(seconds)), ("X-Amz-SignedHeaders", Self.names(subject.headers)),
        ]
        if let token = scope.sessionToken { subject.query.append(("X-Amz-Security-Token", token)) }
        let signature = signature(of: Self.canonical(subject), at: time)
        return "\(Self.query(subject.query))&X-Amz-Signature=\(signature)"
    }

    /// A query in the one order and form that is signed.
    static func query(_ query: [(name: String, value: String)]) -> String {
        query.map { (encode($0.name), encode($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// Percent-encodes all but letters, digits and `-._~`.
    static func encode(_ text: String, keeping kept: Set<UInt8> = []) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            case _ where kept.contains(byte): bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A path with its slashes as they are.
    static func encode(path: String) -> String { encode(path, keeping: [UInt8(ascii: "/")]) }

    /// A time as signatures say it: `20260101T000000Z`.
    static func text(of date: Date) -> String {
        var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(1900 + parts.tm_year)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))Z"
    }

    static func canonical(_ subject: Subject) -> String {
        let headers = sorted(subject.headers).map { "\($0.name):\(folded($0.value))\n" }.joined()
        return [
            subject.method, subject.path, query(subject.query), headers, names(subject.headers), subject.payload,
        ].joined(separator: "\n")
    }

    private func credentialScope(_ time: String) -> String {
        "\(time.prefix(8))/\(scope.region)/\(scope.service)/aws4_request"
    }

    private func signature(of request: String, at time: String) -> String {
        let toSign = ["AWS4-HMAC-SHA256", time, credentialScope(time), SHA256.hex(of: request.utf8)]
            .joined(separator: "\n")
        var key = Array("AWS4\(scope.secretAccessKey)".utf8)
        for part in [String(time.prefix(8)), scope.region, scope.service, "aws4_request", toSign] {
            key = HMACSHA256(key: key).code(for: part.utf8)
        }
        return Hexadecimal.encode(key)
    }

    private static func sorted(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
        headers.map { (name: $0.name.lowercased(), value: $0.value) }.sorted { $0.name < $1.name }
    }

    private static func names(_ headers: [(name: String, value: String)]) -> String {
        sorted(headers).map(\.name).joined(separator: ";")
    }

    /// Without spaces at the ends, and with single ones between.
    private static func folded(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }
}
