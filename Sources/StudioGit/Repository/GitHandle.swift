import CGit2
import StudioSystem

/// One object of libgit2, freed when its owner goes.
struct GitHandle: ~Copyable {
    let pointer: OpaquePointer
    private let free: @convention(c) (OpaquePointer?) -> Void

    /// Makes an object with a call that hands it out.
    init(
        _ action: String, free: @escaping @convention(c) (OpaquePointer?) -> Void,
        _ make: (inout OpaquePointer?) -> Int32
    ) throws(GitError) {
        var made: OpaquePointer?
        try git(action, make(&made))
        guard let made else { throw GitError(.ioFailed, message: "\(action) failed", detail: "no object") }
        pointer = made
        self.free = free
    }

    deinit {
        free(pointer)
    }

    /// Looks for an object; nil where there is none.
    static func find(
        _ action: String, free: @escaping @convention(c) (OpaquePointer?) -> Void,
        _ look: (inout OpaquePointer?) -> Int32
    ) throws(GitError) -> GitHandle? {
        var found: OpaquePointer?
        let status = look(&found)
        if git_error_code(status) == GIT_ENOTFOUND {
            git_error_clear()
            return nil
        }
        try git(action, status)
        guard let found else { return nil }
        return GitHandle(owning: found, free: free)
    }

    private init(owning pointer: OpaquePointer, free: @escaping @convention(c) (OpaquePointer?) -> Void) {
        self.pointer = pointer
        self.free = free
    }
}

/// The name of a Git object.
struct ObjectID: Hashable, Sendable {
    static let byteCount = 20

    private let bytes: [UInt8]

    init(_ oid: git_oid) {
        var oid = oid
        bytes = withUnsafeBytes(of: &oid) { Array($0.prefix(Self.byteCount)) }
    }

    init?(hex: some StringProtocol) {
        guard hex.utf8.count == Self.byteCount * 2, let bytes = Hexadecimal.decode(hex) else { return nil }
        self.bytes = bytes
    }

    var hex: String { Hexadecimal.encode(bytes) }

    /// The same for libgit2.
    var oid: git_oid {
        var oid = git_oid()
        withUnsafeMutableBytes(of: &oid) { $0.copyBytes(from: bytes) }
        return oid
    }
}

/// The name of a commit.
public struct CommitID: Hashable, Sendable, CustomStringConvertible {
    let object: ObjectID

    init(_ object: ObjectID) {
        self.object = object
    }

    /// Reads the text form.
    ///
    /// - Parameter hex: 40 lower-case hexadecimal digits; anything else gives nil.
    public init?(hex: some StringProtocol) {
        guard let object = ObjectID(hex: hex) else { return nil }
        self.object = object
    }

    /// 40 lower-case hexadecimal digits.
    public var hex: String { object.hex }

    /// The same as ``hex``.
    public var description: String { hex }
}
