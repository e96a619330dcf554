import CGit2
import FoundationEssentials

/// A person and a time as libgit2 takes them.
struct Signature: Hashable, Sendable {
    let name: String
    let email: String
    let seconds: Int64

    /// Cleans name and address like `git` does: no line ends, no angle brackets, nothing odd at the ends.
    init(_ author: CommitRequest.Author, time: Date) throws(GitError) {
        let email = Self.clean(author.email)
        guard !email.isEmpty else { throw GitError(.invalid, message: "a commit needs its author's e-mail address") }
        let name = Self.clean(author.name)
        self.name = name.isEmpty ? email : name
        self.email = email
        let time = time.timeIntervalSince1970.rounded(.down)
        guard time >= 0, time < 253_402_300_800 else {
            throw GitError(.invalid, message: "a commit's time lies between 1970 and 9999")
        }
        seconds = Int64(time)
    }

    init?(_ signature: UnsafePointer<git_signature>?) {
        guard let signature = signature?.pointee, let name = signature.name, let email = signature.email else {
            return nil
        }
        self.name = String(cString: name)
        self.email = String(cString: email)
        seconds = signature.when.time
    }

    /// Lends the signature to libgit2, in UTC.
    func lend<Result>(_ body: (UnsafePointer<git_signature>) throws -> Result) throws -> Result {
        var made: UnsafeMutablePointer<git_signature>?
        try git("naming the author", git_signature_new(&made, name, email, seconds, 0))
        defer { git_signature_free(made) }
        guard let made else { throw GitError(.ioFailed, message: "naming the author failed") }
        return try body(made)
    }

    private static func clean(_ text: String) -> String {
        let kept = text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 && $0 != "<" && $0 != ">" }
        let crud: Set<Unicode.Scalar> = [" ", ".", ",", ":", ";", "\"", "\\", "'"]
        let trimmed = kept.drop { crud.contains($0) }.reversed().drop { crud.contains($0) }.reversed()
        return String(String.UnicodeScalarView(trimmed))
    }
}
