import FoundationEssentials
import StudioCore
import Testing

@Suite("Where large files are kept") struct StorageSettingsTests {
    private static let keys = ["AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "very secret indeed"]

    private func read(_ changes: [String: String], files: [String: String] = [:]) -> (StudioConfiguration, [Finding]) {
        struct Missing: Error {}
        return StudioConfiguration.read(
            environment: ConfigurationTests.good.merging(changes) { $1 }, program: .worker,
            readFile: {
                guard let text = files[$0] else { throw Missing() }
                return text
            })
    }

    @Test func `It is the workspace where nothing else is said`() {
        let (configuration, findings) = read([:])
        #expect(findings.isEmpty)
        #expect(configuration.common.storage == .file)
        #expect(read(["STORAGE": "file"]).0.common.storage == .file)
        #expect(!configuration.effective.contains { $0.name.hasPrefix("AWS_") })
    }

    @Test func `A bucket has a prefix, a server, keys from files, and shows no secret`() throws {
        let (configuration, findings) = read(
            [
                "STORAGE": "s3://films/productions/2026/", "S3_ENDPOINT": "http://minio:9000",
                "S3_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID_FILE": "/key", "AWS_SECRET_ACCESS_KEY_FILE": "/secret", "S3_LINK_SECONDS": "600",
                "AWS_SESSION_TOKEN": "a token for a while", "S3_PUBLIC_ENDPOINT": "https://media.example",
            ], files: ["/key": "AKIAEXAMPLE\n", "/secret": "very secret indeed\n"])
        // A token has no spaces.
        #expect(findings.map(\.pointer) == ["AWS_SESSION_TOKEN"])
        guard case .s3(let settings) = configuration.common.storage else {
            Issue.record("no bucket")
            return
        }
        #expect(settings.bucket == "films" && settings.prefix == "productions/2026")
        #expect(settings.endpoint?.absoluteString == "http://minio:9000" && settings.region == "eu-central-1")
        #expect(settings.accessKeyID == "AKIAEXAMPLE" && settings.secretAccessKey == "very secret indeed")
        #expect(settings.linkLifetime == .seconds(600))
        let shown = configuration.effective.map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
        for secret in ["AKIAEXAMPLE", "very secret", "a token"] { #expect(!shown.contains(secret)) }
        #expect(shown.contains("STORAGE=s3://films/productions/2026/"))
    }

    @Test(arguments: [
        "s3:films", "s3://", "s3://ab", "s3://Films", "s3://films//x", "s3://films/../x", "s3://films/a b",
        "s3://-films",
        "s3://a..b", "gs://films", "S3://films", "s3://films/ü", "none",
    ])
    func `What names no bucket is refused`(_ text: String) {
        let (configuration, findings) = read(Self.keys.merging(["STORAGE": text]) { $1 })
        #expect(findings.map(\.pointer) == ["STORAGE"])
        #expect(configuration.common.storage == .file)
    }

    @Test func `Every broken rule is named at once`() {
        let findings = read([
            "STORAGE": "s3://films", "S3_ENDPOINT": "http://user:pass@minio", "S3_PUBLIC_ENDPOINT": "ftp://x",
            "S3_REGION": "eu central", "S3_LINK_SECONDS": "5",
        ]).1
        #expect(
            Set(findings.map(\.pointer)) == [
                "S3_ENDPOINT", "S3_PUBLIC_ENDPOINT", "S3_REGION", "S3_LINK_SECONDS", "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
            ])
    }

    @Test(arguments: ["staging", "production"])
    func `Bytes go over TLS where it counts`(_ tier: String) {
        let settings = Self.keys.merging(
            ["STORAGE": "s3://films", "STUDIO_ENV": tier, "S3_ENDPOINT": "http://minio:9000"]) { $1 }
        #expect(read(settings).1.map(\.pointer) == ["S3_ENDPOINT"])
        #expect(read(settings.merging(["S3_ENDPOINT": "https://minio:9000"]) { $1 }).1.isEmpty)
    }
}
