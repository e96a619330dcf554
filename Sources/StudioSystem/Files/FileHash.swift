import Glibc

/// What a file's bytes are: their digest and number, from one reading.
public struct FileHash: Hashable, Sendable {
    /// The SHA-256 of the bytes.
    public let digest: SHA256Digest
    /// How many bytes there are.
    public let size: Int64

    /// Takes a digest and a size that are known already, such as those of bytes hashed while they were written.
    ///
    /// - Parameters:
    ///   - digest: The SHA-256 of the bytes.
    ///   - size: How many bytes there are.
    public init(digest: SHA256Digest, size: Int64) {
        self.digest = digest
        self.size = size
    }

    /// Reads a file once, 1 MiB at a time. Blocks for about 0.7 s a GiB where the file is in memory.
    ///
    /// - Parameters:
    ///   - path: The path of a regular file; a symbolic link in the last place is refused.
    ///   - check: Called for every MiB; what it throws ends the reading.
    /// - Throws: `FileError`, or what `check` throws.
    public init(file path: String, check: () throws -> Void = {}) throws {
        let opened = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(errno: errno, "opening", path) }
        try self.init(descriptor: OwnedDescriptor(owning: opened), path: path, check: check)
    }

    /// Reads an open file from its position to its end, 1 MiB at a time, and closes it. Blocks.
    ///
    /// - Parameters:
    ///   - descriptor: The open file.
    ///   - path: Its path, for errors.
    ///   - check: Called for every MiB; what it throws ends the reading.
    /// - Throws: `FileError`, or what `check` throws.
    public init(descriptor: consuming OwnedDescriptor, path: String, check: () throws -> Void = {}) throws {
        guard try FileStatus(descriptor: descriptor.raw, path: path).kind == .file else {
            throw FileError(.notFound, message: "it is not a file", detail: path)
        }
        // The kernel reads further ahead. Advice only: whether it was taken does not matter.
        posix_fadvise(descriptor.raw, 0, 0, POSIX_FADV_SEQUENTIAL)
        var hasher = SHA256Hasher()
        var size: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: FileBytes.bufferSize, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try check()
            let count = try FileBytes.read(from: descriptor.raw, into: buffer, path: path)
            if count == 0 { break }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += Int64(count)
        }
        digest = hasher.finish()
        self.size = size
    }
}

extension FileHash {
    /// Reads a part of a file, 1 MiB at a time. Blocks.
    ///
    /// - Parameters:
    ///   - path: The path of a regular file; a symbolic link in the last place is refused.
    ///   - start: Where the part begins.
    ///   - count: How many bytes it has.
    /// - Throws: `FileError`, `ioFailed` where the file ends before the part does.
    package init(file path: String, from start: Int64, count: Int64) throws(FileError) {
        let opened = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(errno: errno, "opening", path) }
        let file = OwnedDescriptor(owning: opened)
        guard lseek(file.raw, off_t(start), SEEK_SET) == off_t(start) else {
            throw FileError(errno: errno, "reading", path)
        }
        var hasher = SHA256Hasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: FileBytes.bufferSize, alignment: 4096)
        defer { buffer.deallocate() }
        var left = count
        while left > 0 {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(left, Int64(buffer.count)))])
            let read = try FileBytes.read(from: file.raw, into: room, path: path)
            guard read > 0 else {
                throw FileError(.ioFailed, message: "the file is shorter than it was", detail: path)
            }
            hasher.update(UnsafeRawBufferPointer(rebasing: room[..<read]))
            left -= Int64(read)
        }
        self.init(digest: hasher.finish(), size: count)
    }
}
