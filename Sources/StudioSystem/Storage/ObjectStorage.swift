/// Where the bytes of large files are kept for good, by their digests: each project's own.
///
/// An object never changes: its name says what it holds. So whoever keeps the same bytes twice changes nothing, and an
/// object that nothing names is in nobody's way.
///
/// Calls may come from anywhere: none blocks the cooperative pool.
public protocol ObjectStorage: Sendable {
    /// What it is, for logs and for people; no secret.
    var name: String { get }
    /// Whether the workspace's own `.git/lfs/objects` is all there is.
    var isLocal: Bool { get }

    /// Keeps a finished file as an object. When this returns the object is there, whole, whatever happens then; an object
    /// that is there already is left as it is.
    ///
    /// - Parameters:
    ///   - content: The digest and size of the file, known from hashing it.
    ///   - file: Its absolute path; nobody changes it any more.
    ///   - home: Whose it is.
    /// - Throws: `StorageError`; nothing is there then under the object's name that is not whole.
    func put(_ content: FileHash, from file: String, of home: ObjectHome) async throws(StorageError)

    /// Whether an object is there with the right size. Its bytes are not read.
    ///
    /// - Parameters:
    ///   - content: The object's digest and size.
    ///   - home: Whose it is.
    /// - Returns: Whether it is there.
    /// - Throws: `StorageError`.
    func contains(_ content: FileHash, of home: ObjectHome) async throws(StorageError) -> Bool

    /// Writes an object into a file that is not there yet, and holds what came against its name.
    ///
    /// - Parameters:
    ///   - content: The object's digest and size.
    ///   - file: An absolute path; nothing may be there. Where this throws nothing is.
    ///   - home: Whose it is.
    /// - Throws: `StorageError`: `notFound`; `corrupt` where it holds other bytes than it should.
    func fetch(_ content: FileHash, to file: String, of home: ObjectHome) async throws(StorageError)

    /// Removes an object; one that is not there is no error.
    ///
    /// - Parameters:
    ///   - digest: Its digest.
    ///   - home: Whose it is.
    /// - Throws: `StorageError`.
    func remove(_ digest: SHA256Digest, of home: ObjectHome) async throws(StorageError)

    /// The objects of a project in order of their digests, a page at a time.
    ///
    /// - Parameters:
    ///   - home: Whose.
    ///   - last: The last of the page before; nil begins.
    /// - Returns: At most some thousand, none where there are no more.
    /// - Throws: `StorageError`.
    func list(of home: ObjectHome, after last: SHA256Digest?) async throws(StorageError) -> [FileHash]

    /// An address at which whoever has it gets an object's bytes for a while, without more; nil where there is none, and the
    /// bytes have to be handed on.
    ///
    /// - Parameters:
    ///   - content: The object's digest and size. Whether it is there is not looked at.
    ///   - home: Whose it is.
    ///   - terms: What the address is good for.
    /// - Returns: The address, a secret for as long as it is good.
    func link(to content: FileHash, of home: ObjectHome, _ terms: ObjectLinkTerms) -> String?

    /// Whether it can be reached and is there. Writes nothing.
    ///
    /// - Throws: `StorageError`.
    func check() async throws(StorageError)
}

/// What an address of an object is good for.
public struct ObjectLinkTerms: Sendable, Hashable {
    /// The method, `GET` or `HEAD`.
    public var method: String
    /// The media type that the answer is to have.
    public var mediaType: String
    /// The `Content-Disposition` that it is to have.
    public var disposition: String

    /// Terms.
    ///
    /// - Parameters:
    ///   - method: The method; default `GET`.
    ///   - mediaType: The media type that the answer is to have.
    ///   - disposition: The `Content-Disposition` that it is to have.
    public init(method: String = "GET", mediaType: String, disposition: String) {
        self.method = method
        self.mediaType = mediaType
        self.disposition = disposition
    }
}
