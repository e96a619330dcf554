import Glibc

/// Hears from the kernel (inotify) what changes in folders. One thread asks; any thread adds folders or stops it.
public final class FolderWatch: Sendable {
    /// A watched folder.
    public struct Token: Hashable, Sendable {
        let number: CInt
    }

    /// What was heard.
    public enum Change: Hashable, Sendable {
        /// Something of that name was made, written to its end, renamed or removed in a folder; look what it is now.
        case entry(Token, name: String, isFolder: Bool)
        /// A folder was renamed, within what is watched or out of it; it is still watched.
        case moved(Token)
        /// A folder is gone; it is not watched any more.
        case ended(Token)
        /// So much changed at once that the kernel forgot some: everything must be looked at.
        case overflow
    }

    private let queue: OwnedDescriptor
    private let stopReader: OwnedDescriptor
    private let stopWriter: OwnedDescriptor

    private static let mask =
        UInt32(IN_CLOSE_WRITE) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM) | UInt32(IN_MOVED_TO)
        | UInt32(IN_MOVE_SELF) | UInt32(IN_DELETE_SELF) | UInt32(IN_ONLYDIR) | UInt32(IN_EXCL_UNLINK)

    /// Begins with no folder.
    ///
    /// - Throws: `FileError` where the machine has no more watches or descriptors to give.
    public init() throws(FileError) {
        let opened = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard opened >= 0 else { throw FileError(errno: errno, "watching", "folders") }
        queue = OwnedDescriptor(owning: opened)
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw FileError(errno: errno, "watching", "folders") }
        stopReader = OwnedDescriptor(owning: ends[0])
        stopWriter = OwnedDescriptor(owning: ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    /// Watches a folder; not what lies in its folders. Watching it again gives the same token.
    ///
    /// - Parameter path: Its absolute path; a symbolic link is followed.
    /// - Returns: What its changes are told by.
    /// - Throws: `FileError`, `notFound` where there is no such folder, `storageFull` where the machine gives no more
    ///   watches (`fs.inotify.max_user_watches`).
    public func watch(_ path: String) throws(FileError) -> Token {
        let number = inotify_add_watch(queue.raw, path, Self.mask)
        guard number >= 0 else { throw FileError(errno: errno, "watching", path) }
        return Token(number: number)
    }

    /// Watches a folder no longer. What was heard before may still be told.
    ///
    /// - Parameter token: The folder.
    public func unwatch(_ token: Token) { inotify_rm_watch(queue.raw, token.number) }

    /// Has ``next()`` return nil, now and from then on.
    public func stop() {
        var byte: UInt8 = 0
        _ = write(stopWriter.raw, &byte, 1)
    }

    /// Waits for changes. Blocks until there are some; at most 64 KiB of them are read at a time, the rest stays with the
    /// kernel.
    ///
    /// - Returns: The changes in their order; nil once it was stopped.
    /// - Throws: `FileError`.
    public func next() throws(FileError) -> [Change]? {
        while true {
            var ready = [
                pollfd(fd: queue.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopReader.raw, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&ready, 2, -1) < 0 {
                if errno == EINTR { continue }
                throw FileError(errno: errno, "watching", "folders")
            }
            if ready[1].revents != 0 { return nil }
            let changes = try read()
            if !changes.isEmpty { return changes }
        }
    }

    private func read() throws(FileError) -> [Change] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 64 << 10, alignment: MemoryLayout<inotify_event>.alignment)
        defer { buffer.deallocate() }
        let count = Glibc.read(queue.raw, buffer.baseAddress, buffer.count)
        guard count >= 0 else {
            if errno == EAGAIN || errno == EINTR { return [] }
            throw FileError(errno: errno, "watching", "folders")
        }
        var changes: [Change] = []
        var place = 0
        let header = MemoryLayout<inotify_event>.size
        while place + header <= count {
            let event = buffer.loadUnaligned(fromByteOffset: place, as: inotify_event.self)
            let name = buffer[place + header..<min(count, place + header + Int(event.len))].prefix { $0 != 0 }
            place += header + Int(event.len)
            let token = Token(number: event.wd)
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                changes.append(.overflow)
            } else if event.mask & UInt32(IN_IGNORED) != 0 {
                changes.append(.ended(token))
            } else if event.mask & UInt32(IN_MOVE_SELF) != 0 {
                changes.append(.moved(token))
            } else if let text = String(validating: name, as: UTF8.self), !text.isEmpty {
                changes.append(.entry(token, name: text, isFolder: event.mask & UInt32(IN_ISDIR) != 0))
            }
        }
        return changes
    }
}
