public import FoundationEssentials
public import StudioSystem

/// One commit the program makes: what changes, who did it, and what to say about it.
public struct CommitRequest: Sendable {
    /// The person a commit is attributed to.
    public struct Author: Hashable, Sendable {
        /// The person's name; what Git does not allow in it (`<`, `>`, line ends) is left out.
        public let name: String
        /// The person's address, cleaned in the same way.
        public let email: String

        /// A person.
        ///
        /// - Parameters:
        ///   - name: The name; the address stands for one that is empty.
        ///   - email: The address, not empty.
        public init(name: String, email: String) {
            self.name = name
            self.email = email
        }
    }

    /// What a path holds from this commit on.
    public enum Content: Hashable, Sendable {
        /// A large file that is in its place in the checkout, whose bytes are in ``LFSObjectStore`` already, and that
        /// nobody changes any more. `.gitattributes` must send the path through LFS.
        case largeFile(FileHash)
        /// These bytes, which the commit also writes to the checkout. A file that a person changed since its last commit is
        /// not overwritten: the commit is refused as a conflict. `.gitattributes` must not send the path through LFS.
        case bytes([UInt8])
        /// What the file in the checkout holds now, at most 64 MiB. `.gitattributes` must not send the path through LFS.
        case workingFile
    }

    /// The most bytes of a file that does not go through LFS.
    public static let longestFile = 64 << 20

    /// What changes, by path.
    public var entries: [RelativePath: Content]
    /// The paths that are no longer tracked. The files in the checkout are not touched: the caller removes them before;
    /// what is left becomes an untracked file. A path that is not tracked is passed over.
    public var removals: Set<RelativePath>
    /// Who did it.
    public var author: Author
    /// When.
    public var time: Date
    /// What to say: a line, and perhaps an empty line and more lines.
    public var message: String

    /// A commit to be made.
    ///
    /// - Parameters:
    ///   - entries: What changes, by path.
    ///   - removals: The paths that are no longer tracked; default none.
    ///   - author: Who did it.
    ///   - time: When.
    ///   - message: What to say about it.
    public init(
        entries: [RelativePath: Content], removals: Set<RelativePath> = [], author: Author, time: Date, message: String
    ) {
        self.entries = entries
        self.removals = removals
        self.author = author
        self.time = time
        self.message = message
    }
}
