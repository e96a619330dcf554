import CLinux
import Glibc

/// Limits a child process sets on itself before it touches what came from outside.
///
/// The kernel keeps them; they cannot be raised again. A limit that is lower already stays. Files of core dumps are
/// always switched off, for they would hold whatever was in memory.
public struct ChildLimits: Hashable, Sendable {
    /// The most address space in bytes; an allocation beyond it fails. nil is no limit.
    public var addressSpaceBytes: UInt64?
    /// The most processor seconds; the kernel kills the process beyond them. nil is no limit.
    public var cpuSeconds: UInt64?
    /// The longest file in bytes; a write beyond it fails with `FileError.Code.storageFull`. nil is no limit.
    public var fileSizeBytes: UInt64?
    /// The most open files. nil is no limit.
    public var openFiles: UInt64?

    /// Limits; those left out do not apply.
    ///
    /// - Parameters:
    ///   - addressSpaceBytes: The most address space in bytes.
    ///   - cpuSeconds: The most processor seconds.
    ///   - fileSizeBytes: The longest file in bytes.
    ///   - openFiles: The most open files.
    public init(
        addressSpaceBytes: UInt64? = nil, cpuSeconds: UInt64? = nil, fileSizeBytes: UInt64? = nil,
        openFiles: UInt64? = nil
    ) {
        self.addressSpaceBytes = addressSpaceBytes
        self.cpuSeconds = cpuSeconds
        self.fileSizeBytes = fileSizeBytes
        self.openFiles = openFiles
    }

    /// Sets the limits on this process, for good.
    ///
    /// - Throws: `ProcessError` where the kernel refuses one.
    public func apply() throws(ProcessError) {
        if fileSizeBytes != nil {
            // Otherwise the write that goes too far kills the process before it can say why.
            signal(SIGXFSZ, SIG_IGN)
        }
        let limits: [(CInt, UInt64?)] = [
            (studio_limit_core_size, 0), (studio_limit_address_space, addressSpaceBytes),
            (studio_limit_cpu_seconds, cpuSeconds), (studio_limit_file_size, fileSizeBytes),
            (studio_limit_open_files, openFiles),
        ]
        for case (let resource, let value?) in limits {
            let result = studio_lower_limit(resource, value)
            guard result == 0 else { throw ProcessError(errno: -result, "setting a limit of this process") }
        }
    }
}

/// Ties a child process to the life of its parent.
public enum ParentProcess {
    /// Lets the kernel kill this process as soon as its parent's thread that started it ends.
    ///
    /// - Parameter parent: The parent's process id, handed down by the parent itself: it may be gone before this call.
    /// - Throws: `ProcessError`, `isParentGone` where the parent is gone already: exit then.
    public static func dieWithParent(_ parent: Int32) throws(ProcessError) {
        let result = studio_signal_on_parent_death(SIGKILL)
        guard result == 0 else { throw ProcessError(errno: -result, "tying this process to its parent") }
        guard getppid() == parent else { throw ProcessError.parentGone }
    }
}

/// A process could not be set up.
public struct ProcessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether it is that the parent had gone.
    public let isParentGone: Bool
    /// What happened.
    public let description: String

    init(errno number: Int32, _ action: String) {
        isParentGone = false
        description = "\(action) failed: \(String(cString: strerror(number)))"
    }

    private init(isParentGone: Bool, _ description: String) {
        self.isParentGone = isParentGone
        self.description = description
    }

    static let parentGone = ProcessError(isParentGone: true, "the process that started this one has ended")
}
