import CLinux
import Glibc

/// A sandbox's files as rules of Landlock.
///
/// See `landlock(7)`; a right that a kernel does not know yet is left out, and not held there.
struct FileRules {
    private let sandbox: ProcessSandbox
    private let version: Int

    init(_ sandbox: ProcessSandbox, version: Int) {
        self.sandbox = sandbox
        self.version = version
    }

    /// To read files and list folders.
    private static let reading = UInt64(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
    /// To make, change, rename and remove ordinary files and folders; no devices, sockets, pipes or links.
    private static let making = UInt64(
        LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE
            | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)
    /// All rights of the first version.
    private static let first = UInt64(LANDLOCK_ACCESS_FS_MAKE_SYM) << 1 - 1

    private var truncating: UInt64 { version >= 3 ? studio_landlock_truncate : 0 }
    private var linkingAcross: UInt64 { version >= 2 ? UInt64(LANDLOCK_ACCESS_FS_REFER) : 0 }
    private var controlling: UInt64 { version >= 5 ? studio_landlock_device_control : 0 }

    /// Holds this thread, and those it starts, to the rules.
    func enforce() throws(ProcessError) {
        let ruleset = studio_landlock_ruleset(
            Self.first | linkingAcross | truncating | controlling, version >= 4 ? studio_landlock_all_tcp : 0,
            version >= 6 ? studio_landlock_abstract_sockets_and_signals : 0)
        try ProcessSandbox.check(ruleset, "making rules for files")
        defer { close(ruleset) }
        let writing = Self.reading | Self.making | truncating | linkingAcross
        for path in SystemFiles.needed + sandbox.readable { try allow(Self.reading, below: path, in: ruleset) }
        for path in sandbox.writable + SystemFiles.shared { try allow(writing, below: path, in: ruleset) }
        try ProcessSandbox.check(studio_landlock_restrict_self(ruleset), "holding this process to its files")
    }

    private func allow(_ access: UInt64, below path: String, in ruleset: Int32) throws(ProcessError) {
        let file = open(path, studio_O_PATH | O_CLOEXEC)
        // What is not there cannot be opened later either: whoever needs it says so.
        guard file >= 0 else { return }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return }
        // Rights about what is in a folder mean nothing for a file, and are refused there.
        let forFiles = UInt64(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE) | truncating
        let rights = status.st_mode & S_IFMT == S_IFDIR ? access : access & forFiles
        try ProcessSandbox.check(studio_landlock_allow(ruleset, file, rights), "allowing files to this process")
    }
}
