import FoundationEssentials
import NIOPosix
import StudioCore
import StudioSystem

/// The folder of the page that people work in, as `Web/build.sh` leaves it: files, and beside those that gain by it the
/// same bytes compressed (`studio.js.br`, `studio.js.gz`).
struct WebFolder: Sendable {
    /// The folder's absolute path. It may come to be later.
    let root: String
    /// Threads that may block, for a short time.
    var threads: NIOThreadPool = .singleton

    /// The most bytes a file of the page has: each is in memory while it is sent.
    static let longest = 16 << 20

    /// What a file is in, in order of preference.
    enum Coding: String, Sendable, CaseIterable {
        /// Brotli.
        case brotli = "br"
        /// Gzip.
        case gzip
        /// The bytes as they are.
        case identity

        /// What stands behind the name of a file that is in it.
        var suffix: String {
            switch self {
            case .brotli: ".br"
            case .gzip: ".gz"
            case .identity: ""
            }
        }

        /// Those that a client takes (RFC 9110, section 12.5.3); the bytes as they are always.
        static func accepted(by header: String?) -> [Coding] {
            var refused: Set<String> = []
            var named: Set<String> = []
            for part in (header ?? "").lowercased().split(separator: ",") {
                let pieces = part.filter { $0 != " " && $0 != "\t" }.split(separator: ";")
                guard let name = pieces.first else { continue }
                let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
                if weight == 0 { refused.insert(String(name)) } else { named.insert(String(name)) }
            }
            return allCases.filter { coding in
                coding == .identity || named.contains(coding.rawValue)
                    || (named.contains("*") && !refused.contains(coding.rawValue))
            }
        }
    }

    /// A file as it is sent.
    struct File: Sendable {
        /// Its bytes, in its coding.
        let bytes: [UInt8]
        /// The coding.
        let coding: Coding
        /// Changes with the bytes.
        let etag: EntityTag
    }

    /// Reads a file in the first coding of a client's that there is.
    ///
    /// - Parameters:
    ///   - path: The path below the folder.
    ///   - codings: What the client takes.
    /// - Returns: The file.
    /// - Throws: `StudioError` with code `not-found` where there is none.
    func file(_ path: RelativePath, in codings: [Coding]) async throws -> File {
        try await threads.runIfActive {
            do {
                let folder = try SafeDirectory(root)
                for coding in codings {
                    let name = coding == .identity ? path : try RelativePath("\(path.text)\(coding.suffix)")
                    guard try coding == .identity || folder.status(of: name)?.kind == .file else { continue }
                    let opened = try folder.open(name)
                    let bytes = try FileBytes.contents(
                        of: opened.raw, path: folder.absolutePath(of: name), atMost: Self.longest)
                    let digest = SHA256.hex(of: bytes).prefix(32)
                    return File(
                        bytes: bytes, coding: coding,
                        etag: EntityTag("\(digest)\(coding.suffix.replacing(".", with: "-"))"))
                }
            } catch let error as FileError where error.code == .notFound {
                throw Self.missing
            } catch is PathError {
                throw Self.missing
            }
            throw Self.missing
        }
    }

    private static var missing: StudioError { StudioError(.notFound, "the page has no such file") }
}
