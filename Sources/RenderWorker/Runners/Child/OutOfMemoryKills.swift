import FoundationEssentials

/// How many processes the kernel has killed for want of memory: of this control group where it says, else of the machine.
///
/// Read before and after a child was killed by a SIGKILL that was not ours, it tells the kernel's verdict from a person's.
enum OutOfMemoryKills {
    static func count() -> Int {
        for (path, key) in [("/sys/fs/cgroup/memory.events", "oom_kill "), ("/proc/vmstat", "oom_kill ")] {
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasPrefix(key) {
                return Int(line.dropFirst(key.count)) ?? 0
            }
        }
        return 0
    }
}
