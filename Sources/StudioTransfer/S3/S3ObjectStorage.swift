public import FoundationEssentials
public import StudioCore
public import StudioSystem

/// Objects in a bucket that speaks S3, below `<prefix>/<tenant>/<project>/lfs/aa/bb/<oid>`.
///
/// Every upload carries the SHA-256 of its bytes, signed: a server takes nothing else in. What is fetched is hashed on its
/// way to the disk. A large file is sent in parts; one that fails leaves no parts behind, but a process that dies does: let
/// the bucket forget unfinished uploads after a day.
public struct S3ObjectStorage: ObjectStorage {
    /// Files from this size on are sent in parts.
    static let partsFrom: Int64 = 256 << 20
    /// The least size of a part; S3 takes 10,000 of them.
    static let partSize: Int64 = 64 << 20
    /// How many parts are on their way at a time.
    static let partsAtOnce = 3

    let client: S3Client
    let partsFrom: Int64
    let partSize: Int64

    /// The objects of a bucket.
    ///
    /// - Parameters:
    ///   - settings: The bucket and how it is reached.
    ///   - patience: How often and how long something is tried.
    ///   - now: The time that is signed; default the machine's.
    ///   - wait: Waits between tries; default for so long.
    public init(
        _ settings: S3Settings, patience: S3Patience = S3Patience(), now: @escaping @Sendable () -> Date = { Date() },
        wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.init(
            settings, patience: patience, partsFrom: Self.partsFrom, partSize: Self.partSize, now: now, wait: wait)
    }

    init(
        _ settings: S3Settings, patience: S3Patience = S3Patience(), partsFrom: Int64, partSize: Int64,
        now: @escaping @Sendable () -> Date = { Date() },
        wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        client = S3Client(settings, patience: patience, now: now, wait: wait)
        self.partsFrom = partsFrom
        self.partSize = partSize
    }

    /// The bucket and what stands before its keys.
    public var name: String { client.settings.description }
    /// False.
    public var isLocal: Bool { false }

    /// Sends a file, unless it is there already. See ``ObjectStorage/put(_:from:of:)``.
    public func put(_ content: FileHash, from file: String, of home: ObjectHome) async throws(StorageError) {
        // Asked first: what may not be done is refused here, before anything is sent.
        if try await contains(content, of: home) { return }
        let key = client.key(home.key(of: content.digest))
        guard content.size < partsFrom else { return try await putInParts(content, from: file, key: key) }
        _ = try await client.send(
            S3Request(
                method: "PUT", key: key, body: .filePart(file, from: 0, count: content.size),
                payload: content.digest.hex, isLarge: true))
    }

    /// Asks for its size. See ``ObjectStorage/contains(_:of:)``.
    public func contains(_ content: FileHash, of home: ObjectHome) async throws(StorageError) -> Bool {
        do {
            let found = try await client.send(
                S3Request(method: "HEAD", key: client.key(home.key(of: content.digest))))
            return found.headers["content-length"].flatMap { Int64($0) } == content.size
        } catch {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    /// Fetches an object. See ``ObjectStorage/fetch(_:to:of:)``.
    public func fetch(_ content: FileHash, to file: String, of home: ObjectHome) async throws(StorageError) {
        let response = try await client.send(
            S3Request(
                method: "GET", key: client.key(home.key(of: content.digest)),
                sink: .file(path: file, limit: content.size), isLarge: true))
        guard response.content == content else {
            await Self.remove(file)
            throw StorageError(
                .corrupt, "the kept bytes are not those of the file",
                detail: "\(content.digest): \(response.content.map { "\($0.digest), \($0.size) bytes" } ?? "nothing")")
        }
    }

    /// Removes an object. See ``ObjectStorage/remove(_:of:)``.
    public func remove(_ digest: SHA256Digest, of home: ObjectHome) async throws(StorageError) {
        do {
            _ = try await client.send(S3Request(method: "DELETE", key: client.key(home.key(of: digest))))
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    /// Lists objects. See ``ObjectStorage/list(of:after:)``.
    public func list(of home: ObjectHome, after last: SHA256Digest?) async throws(StorageError) -> [FileHash] {
        let prefix = client.key(home.folder) + "/"
        var after = last.map { client.key(home.key(of: $0)) }
        while true {
            var query: [(name: String, value: String)] = [
                ("list-type", "2"), ("max-keys", "1000"), ("prefix", prefix),
            ]
            if let after { query.append(("start-after", after)) }
            let answer = S3Document(try await client.send(S3Request(method: "GET", key: "", query: query)).text)
            let found = answer.all("Contents")
            let objects = found.compactMap { entry -> FileHash? in
                guard let key = entry["Key"], let size = entry["Size"].flatMap({ Int64($0) }),
                    let digest = SHA256Digest(hex: key.split(separator: "/").last ?? ""),
                    client.key(home.key(of: digest)) == key
                else { return nil }
                return FileHash(digest: digest, size: size)
            }
            // A page of other people's files alone is no end.
            guard objects.isEmpty, answer["IsTruncated"] == "true", let key = found.last?["Key"] else { return objects }
            after = key
        }
    }

    /// Signs an address. See ``ObjectStorage/link(to:of:_:)``.
    public func link(to content: FileHash, of home: ObjectHome, _ terms: ObjectLinkTerms) -> String? {
        client.link(
            terms.method, key: client.key(home.key(of: content.digest)),
            query: [
                ("response-content-type", terms.mediaType), ("response-content-disposition", terms.disposition),
                ("response-cache-control", "private, max-age=31536000, immutable"),
            ])
    }

    /// Asks for the bucket. See ``ObjectStorage/check()``.
    public func check() async throws(StorageError) {
        do {
            _ = try await client.send(S3Request(method: "HEAD", key: ""))
        } catch {
            // An answer to HEAD has no words in it.
            guard error.code == .notFound else { throw error }
            throw StorageError(.noBucket, "the bucket of STORAGE is not there", detail: error.detail)
        }
    }

    private static func remove(_ file: String) async {
        _ = try? await FileThreads.run { try FileManager.default.removeItem(atPath: file) }
    }
}
