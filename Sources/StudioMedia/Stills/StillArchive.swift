import CArchive

/// A ZIP file of pictures, in which they are stored as they are: pictures are compressed already.
///
/// Whatever ends it before `finish()` removes the file. The same pictures give the same bytes. Files over 4 GiB and more
/// than 65,535 entries are written as ZIP64.
public final class StillArchive {
    /// The most files that are counted.
    private static let maxEntries = 10_000_000

    private let output: OutputFile
    private let archive: OpaquePointer
    private let entry: OpaquePointer

    init(path: String) throws {
        output = try OutputFile(path: path)
        guard let archive = archive_write_new() else {
            throw MediaError(.limitExceeded, "There is no memory for an archive.")
        }
        guard let entry = archive_entry_new() else {
            archive_write_free(archive)
            throw MediaError(.limitExceeded, "There is no memory for an archive.")
        }
        self.archive = archive
        self.entry = entry
        try checked(archive_write_set_format_zip(archive))
        try checked(archive_write_zip_set_compression_store(archive))
        try checked(archive_write_open_filename(archive, path))
    }

    deinit {
        archive_entry_free(entry)
        archive_write_free(archive)
    }

    /// Adds a file.
    func add(_ name: String, _ bytes: [UInt8]) throws {
        archive_entry_clear(entry)
        archive_entry_set_pathname(entry, name)
        archive_entry_set_filetype(entry, studio_archive_regular_file())
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_size(entry, Int64(bytes.count))
        // ZIP's earliest time: the same work gives the same bytes.
        archive_entry_set_mtime(entry, 315_532_800, 0)
        try checked(archive_write_header(archive, entry))
        let written = bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
        guard written == bytes.count else { throw failure() }
        try checked(archive_write_finish_entry(archive))
    }

    /// Writes the directory and keeps the file. `last` is called when it is complete; what it throws still removes it.
    func finish(_ last: () throws -> Void) throws {
        try checked(archive_write_close(archive))
        try last()
        output.keep()
    }

    /// Counts the files of a ZIP file, without unpacking them. Blocks.
    /// - Parameter path: The file. Its name plays no part.
    /// - Returns: Their number, or `nil` where the file is no ZIP file.
    /// - Throws: `MediaError` with `inputInvalid` where it is cut off or damaged, `inputUnreadable`.
    public static func countEntries(path: String) throws -> Int? {
        let source = try SourceFile(path: path)
        guard source.bytes(at: 0, count: 4) == Array("PK\u{3}\u{4}".utf8) else { return nil }
        let damaged = MediaError(.inputInvalid, "\(source.name) is damaged or cut off.")
        guard let archive = archive_read_new() else {
            throw MediaError(.limitExceeded, "There is no memory for an archive.")
        }
        defer { archive_read_free(archive) }
        guard archive_read_support_format_zip(archive) == ARCHIVE_OK,
            archive_read_open_filename(archive, path, 1 << 16) == ARCHIVE_OK
        else { throw damaged }
        var entry: OpaquePointer?
        for count in 0..<maxEntries {
            switch archive_read_next_header(archive, &entry) {
            case ARCHIVE_OK: continue
            case ARCHIVE_EOF: return count
            default: throw damaged
            }
        }
        throw MediaError(.limitExceeded, "\(source.name) has over \(maxEntries) files.")
    }

    private func checked(_ status: Int32) throws { guard status == ARCHIVE_OK else { throw failure() } }

    private func failure() -> MediaError {
        MediaError.system(archive_errno(archive), .outputFailed, "\(fileName(output.path)) cannot be written.")
    }
}
