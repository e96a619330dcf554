import CLinux
import Glibc

/// Reading and writing whole buffers, with interrupted calls made again.
package enum FileBytes {
    /// The size of a buffer for streaming, 1 MiB: larger ones leave the processor's cache.
    package static let bufferSize = 1 << 20

    package static func write(_ bytes: [UInt8], to descriptor: CInt, path: String) throws(FileError) {
        var failure: Int32 = 0
        bytes.withUnsafeBytes { failure = writeAll($0, to: descriptor) }
        if failure != 0 { throw FileError(errno: failure, "writing", path) }
    }

    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, path: String) throws(FileError) {
        let failure = writeAll(bytes, to: descriptor)
        if failure != 0 { throw FileError(errno: failure, "writing", path) }
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written < 0 && errno != EINTR {
                return errno
            } else if written == 0 {
                return ENOSPC
            }
        }
        return 0
    }

    /// Fills the buffer as far as the file goes; 0 is the end of the file.
    package static func read(
        from descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, path: String
    ) throws(FileError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw FileError(errno: errno, "reading", path) }
        }
    }

    /// A whole file, refused where it is longer than the bound.
    package static func contents(of descriptor: CInt, path: String, atMost bound: Int) throws(FileError) -> [UInt8] {
        let size = try FileStatus(descriptor: descriptor, path: path).size
        let refusal = FileError(
            .ioFailed, message: "the file is longer than the \(bound) bytes it may have here", detail: path)
        guard size <= bound else { throw refusal }
        var bytes = [UInt8](repeating: 0, count: Int(size) + 1)
        var filled = 0
        while true {
            let count: Int
            do {
                count = try bytes.withUnsafeMutableBytes { buffer in
                    try read(
                        from: descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), path: path)
                }
            } catch let error as FileError { throw error } catch {
                throw FileError(.ioFailed, message: "reading failed", detail: "\(path): \(error)")
            }
            if count == 0 { break }
            filled += count
            guard filled <= bound else { throw refusal }
            if filled == bytes.count { bytes += [UInt8](repeating: 0, count: min(bytes.count, bound + 1 - filled)) }
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// Copies everything from the source's position on, inside the kernel where it can.
    package static func copy(
        from source: CInt, to destination: CInt, path: String, check: () throws -> Void
    ) throws {
        var copied = 0
        while true {
            try check()
            let count = studio_copy_file_range(source, destination, 64 << 20)
            if count > 0 {
                copied += count
            } else if count == 0 {
                // Some file systems answer 0 for files they cannot copy this way: the plain copy finds the end itself.
                break
            } else if copied == 0 && [-EXDEV, -EINVAL, -ENOSYS, -EOPNOTSUPP, -EPERM].contains(Int32(count)) {
                break
            } else if count != -Int(EINTR) {
                throw FileError(errno: Int32(-count), "copying to", path)
            }
        }
        try withUnsafeTemporaryAllocation(byteCount: bufferSize, alignment: 4096) { buffer in
            while true {
                try check()
                let count = try read(from: source, into: buffer, path: path)
                if count == 0 { return }
                try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: destination, path: path)
            }
        }
    }
}
