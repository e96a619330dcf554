import CMedia
import Synchronization

/// Takes libav's log away from standard error and keeps the last few error lines for `MediaError.detail`.
///
/// The lines belong to the process, not to one piece of work: libav logs from its own threads. A worker's media
/// process does one job, so that they are that job's.
enum MediaLog {
    private static let capacity = 6
    private static let lines = Mutex<[String]>([])
    /// How often each part that is watched has complained, by its address.
    private static let complaints = Mutex<[UInt: Int]>([:])

    /// Installed once, on first use of libav by this module.
    static let installed: Void = av_log_set_callback { context, level, format, arguments in
        guard level <= AV_LOG_ERROR, let format, let arguments else { return }
        complaints.withLock { $0[UInt(bitPattern: context)]? += 1 }
        var prefix: Int32 = 1
        var buffer = [CChar](repeating: 0, count: 512)
        av_log_format_line2(context, level, format, arguments, &buffer, Int32(buffer.count), &prefix)
        let line = text(buffer).trimmingNewlines()
        guard !line.isEmpty else { return }
        lines.withLock { lines in
            if lines.count == capacity { lines.removeFirst() }
            lines.append(line)
        }
    }

    /// Begins to count what a part of libav, such as a decoder, complains of; until ``forget(_:)``.
    static func watch(_ part: UnsafeMutableRawPointer) { complaints.withLock { $0[UInt(bitPattern: part)] = 0 } }

    /// Whether a part that is watched has complained.
    static func hasComplained(_ part: UnsafeMutableRawPointer) -> Bool {
        complaints.withLock { $0[UInt(bitPattern: part)] ?? 0 > 0 }
    }

    /// Ends the watch.
    static func forget(_ part: UnsafeMutableRawPointer) {
        complaints.withLock { _ = $0.removeValue(forKey: UInt(bitPattern: part)) }
    }

    /// The lines since the last call.
    static func takeLines() -> [String] {
        lines.withLock { lines in
            defer { lines.removeAll() }
            return lines
        }
    }
}

extension String {
    fileprivate func trimmingNewlines() -> String {
        var view = Substring(self)
        while view.last?.isNewline == true { view.removeLast() }
        return String(view)
    }
}
