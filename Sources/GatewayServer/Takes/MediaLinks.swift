import HTTPTypes
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// A file that is served, and what it is served as.
struct MediaPlace: Sendable {
    var path: String
    var sha256: String
    var size: Int64?
    var mediaType: String
    var fileName: String
}

/// Sends whoever asks for a large file to the storage, where that has addresses of its own: films need not come through a
/// gateway then.
///
/// A client that wants the bytes from here says `Prefer: inline-media`, as the studio's own page does, whose policy allows no
/// other address.
struct MediaLinks: Sendable {
    /// The preference of clients that are not to be sent elsewhere.
    static let preference = "inline-media"

    let folders: ProjectFolders
    /// The objects that were seen in the storage: what is there stays there.
    private let seen = ExpiringCache<String, Bool>(lifetime: .seconds(600))
    /// Remembered under `true`: the storage did not answer just now, and nobody else is to wait for it.
    private let silent = ExpiringCache<Bool, Bool>(lifetime: .seconds(10))
    /// As long a client waits for the storage's word before it gets the workspace's copy.
    private static let patience = Duration.seconds(2)

    init(folders: ProjectFolders) { self.folders = folders }

    /// The answer that sends a client on.
    ///
    /// - Parameters:
    ///   - request: What was asked for.
    ///   - place: The file.
    ///   - project: Its project.
    /// - Returns: The answer, 307, or 304 where the client has the bytes; nil where they are to come from here.
    func response(to request: Request, for place: MediaPlace, in project: ProjectRecord) async -> Response? {
        guard !folders.objects.storage.isLocal, !Self.wantsBytes(request),
            let content = TakeFiles.object(place.path, sha256: place.sha256, size: place.size)
        else { return nil }
        let tag = EntityTag(place.sha256)
        if let header = request.headers[.ifMatch], !EntityTagCondition(header).matchesStrongly(tag) { return nil }
        if let header = request.headers[.ifNoneMatch], EntityTagCondition(header).matchesWeakly(tag) {
            return Response(status: .notModified, headers: [.eTag: tag.description])
        }
        guard await isThere(content, of: project.objects),
            let address = folders.objects.storage.link(
                to: content, of: project.objects,
                ObjectLinkTerms(
                    method: request.method == .head ? "HEAD" : "GET", mediaType: place.mediaType,
                    disposition: ContentDisposition.inline.header(fileName: place.fileName)))
        else { return nil }
        // The address lets whoever has it read the file: nobody on the way is to keep it.
        return Response(
            status: .temporaryRedirect,
            headers: [.location: address, .cacheControl: "no-store", .eTag: tag.description])
    }

    private func isThere(_ content: FileHash, of home: ObjectHome) async -> Bool {
        let key = home.key(of: content.digest)
        if seen[key] != nil { return true }
        guard silent[true] == nil else { return false }
        guard let isThere = await answer(content, of: home) else {
            // The workspace may still have it.
            silent.remember(true, for: true)
            return false
        }
        if isThere { seen.remember(true, for: key) }
        return isThere
    }

    /// What the storage says of an object; nil where it says nothing for a while.
    private func answer(_ content: FileHash, of home: ObjectHome) async -> Bool? {
        await withTaskGroup(of: Bool?.self) { group in
            group.addTask { try? await folders.objects.storage.contains(content, of: home) }
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    static func wantsBytes(_ request: Request) -> Bool {
        request.headers[values: .prefer].contains { value in
            value.split(separator: ",").contains {
                $0.trimming(while: { $0 == " " }).lowercased() == preference
            }
        }
    }
}

extension HTTPField.Name {
    /// What a client would rather have (RFC 7240).
    fileprivate static let prefer = HTTPField.Name(known: "prefer")
}
