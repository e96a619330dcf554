public import FoundationEssentials

/// Where the bytes of large files are kept for good (`STORAGE`, default `file`).
public enum StorageSettings: Sendable, Hashable {
    /// In the workspace, in each project's `.git/lfs/objects`.
    case file
    /// In a bucket that speaks S3; the workspace has copies of what is at work.
    case s3(S3Settings)
}

/// A bucket, and how it is reached.
public struct S3Settings: Sendable, Hashable {
    /// The bucket's name.
    public var bucket: String
    /// What stands before every key, without slashes at its ends; empty for nothing.
    public var prefix: String
    /// The server's address (`S3_ENDPOINT`, such as `http://minio:9000`); the bucket is the first part of its paths. Nil is
    /// Amazon's own.
    public var endpoint: URL?
    /// The server's address as those see it who are sent there for a file (`S3_PUBLIC_ENDPOINT`); nil is the same.
    public var publicEndpoint: URL?
    /// The region (`S3_REGION`, default `us-east-1`).
    public var region: String
    /// Who signs (`AWS_ACCESS_KEY_ID` or `…_FILE`; secret).
    public var accessKeyID: String
    /// What they sign with (`AWS_SECRET_ACCESS_KEY` or `…_FILE`; secret).
    public var secretAccessKey: String
    /// What goes with a key for a time (`AWS_SESSION_TOKEN` or `…_FILE`; default none; secret).
    public var sessionToken: String?
    /// How long an address that people are sent to is good (`S3_LINK_SECONDS`, default 3600, 60 to 604800).
    public var linkLifetime: Duration

    /// Settings.
    ///
    /// - Parameters:
    ///   - bucket: The bucket's name.
    ///   - prefix: What stands before every key; default nothing.
    ///   - endpoint: The server's address; nil, the default, is Amazon's own.
    ///   - publicEndpoint: The address that others are sent to; nil, the default, is the same.
    ///   - region: The region; default `us-east-1`.
    ///   - accessKeyID: Who signs.
    ///   - secretAccessKey: What they sign with.
    ///   - sessionToken: What goes with a key for a time; default none.
    ///   - linkLifetime: How long an address is good that people are sent to; default an hour.
    public init(
        bucket: String, prefix: String = "", endpoint: URL? = nil, publicEndpoint: URL? = nil,
        region: String = "us-east-1", accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil,
        linkLifetime: Duration = .seconds(3600)
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.endpoint = endpoint
        self.publicEndpoint = publicEndpoint
        self.region = region
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.linkLifetime = linkLifetime
    }
}

extension S3Settings: CustomStringConvertible, CustomReflectable {
    /// The bucket and what stands before its keys; the keys stay secret.
    public var description: String { prefix.isEmpty ? "s3://\(bucket)" : "s3://\(bucket)/\(prefix)" }

    /// Shows no secret.
    public var customMirror: Mirror { Mirror(self, children: ["place": description]) }
}

extension ConfigurationReader {
    /// Where large files are kept. The variables of S3 are read, and held to their rules, only where it is S3.
    mutating func storage(in tier: StudioEnvironment) -> StorageSettings {
        let text = text("STORAGE", default: "file")
        guard text != "file" else { return .file }
        guard let place = S3Settings.Place(text) else {
            find(
                "STORAGE",
                "must be file, or s3://bucket or s3://bucket/prefix: a bucket has 3 to 63 of a-z, 0-9, . and -, a prefix "
                    + "letters, digits and . _ - /")
            return .file
        }
        let endpoint = s3Address("S3_ENDPOINT", tier)
        let publicEndpoint = s3Address("S3_PUBLIC_ENDPOINT", tier)
        let region = self.text("S3_REGION", default: "us-east-1")
        let isRegion = (1...64).contains(region.utf8.count) && region.utf8.allSatisfy { S3Settings.isNameByte($0) }
        if !isRegion { find("S3_REGION", "has letters, digits and - only, such as eu-central-1") }
        let (key, secret) = (
            required("AWS_ACCESS_KEY_ID", secret: true), required("AWS_SECRET_ACCESS_KEY", secret: true)
        )
        let token = optional("AWS_SESSION_TOKEN", secret: true)
        for (name, value) in [("AWS_ACCESS_KEY_ID", key), ("AWS_SESSION_TOKEN", token ?? "")]
        where !value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            find(name, "has characters that no key has")
        }
        return .s3(
            S3Settings(
                bucket: place.bucket, prefix: place.prefix, endpoint: endpoint, publicEndpoint: publicEndpoint,
                region: region, accessKeyID: key, secretAccessKey: secret, sessionToken: token,
                linkLifetime: .seconds(whole("S3_LINK_SECONDS", default: 3600, in: 60...604_800))))
    }

    /// A server's address without path, query and password.
    private mutating func s3Address(_ name: String, _ tier: StudioEnvironment) -> URL? {
        guard let text = optional(name) else { return nil }
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), let host = url.host(), !host.isEmpty,
            ["http", "https"].contains(scheme), ["", "/"].contains(url.path()), url.query() == nil,
            url.fragment() == nil, url.user() == nil
        else {
            find(name, "must be an http:// or https:// address without a path or a password")
            return nil
        }
        if scheme == "http", tier == .staging || tier == .production {
            find(name, "must be https:// in \(tier.rawValue)")
        }
        return url
    }
}

extension S3Settings {
    /// What `s3://bucket/prefix` names.
    struct Place {
        let bucket: String
        let prefix: String

        init?(_ text: String) {
            guard text.hasPrefix("s3://") else { return nil }
            let parts = text.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, (3...63).contains(name.utf8.count),
                name.utf8.allSatisfy({ byte in
                    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
                }), !name.hasPrefix("."), !name.hasPrefix("-"), !name.hasSuffix("."), !name.hasSuffix("-"),
                !name.contains("..")
            else { return nil }
            bucket = String(name)
            var rest = parts.count > 1 ? parts[1] : ""
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            let folders = rest.split(separator: "/", omittingEmptySubsequences: false)
            guard
                rest.isEmpty
                    || folders.allSatisfy({ folder in
                        !folder.isEmpty && folder != "." && folder != ".."
                            && folder.utf8.allSatisfy { S3Settings.isNameByte($0) || $0 == 0x2E || $0 == 0x5F }
                    }), rest.utf8.count <= 256
            else { return nil }
            prefix = String(rest)
        }
    }

    /// Letters, digits and `-`.
    static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
    }
}
