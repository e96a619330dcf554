import Glibc
import StudioSystem
import StudioTestKit
import Testing

/// Limits cannot be raised again: each test sets them in a process of its own.
@Suite struct ChildLimitsTests {
    @Test func openFilesAreLimited() async {
        await #expect(processExitsWith: .success) {
            try ChildLimits(openFiles: 32).apply()
            var opened: Int32 = 0
            var count = 0
            while opened >= 0 && count < 64 {
                opened = open("/dev/null", O_RDONLY)
                count += 1
            }
            #expect(opened < 0 && errno == EMFILE && count < 33)
        }
    }

    @Test func memoryIsLimited() async {
        await #expect(processExitsWith: .success) {
            #expect(mmap(nil, 8 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED)
            try ChildLimits(addressSpaceBytes: 4 << 30).apply()
            #expect(mmap(nil, 8 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
        }
    }

    @Test func processorTimeIsLimited() async {
        // At its hard limit the kernel kills, whatever the program does.
        await #expect(processExitsWith: .signal(SIGKILL)) {
            try ChildLimits(cpuSeconds: 1).apply()
            var value = UInt64(1)
            while value != 0 { value = value &* 6_364_136_223_846_793_005 &+ 1 | 1 }
        }
    }

    @Test func coreDumpsAreOffAndLimitsOnlyFall() async {
        await #expect(processExitsWith: .success) {
            try ChildLimits(openFiles: 40).apply()
            try ChildLimits(openFiles: 100).apply()
            let limits = try await ChildProcess.run("cat", ["/proc/\(getpid())/limits"]).output
            let lines = limits.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            #expect(lines.contains { $0.hasPrefix("Max core file size 0 0") }, "\(limits)")
            #expect(lines.contains { $0.hasPrefix("Max open files 40 40") }, "\(limits)")
        }
    }

    @Test func aParentThatIsGoneIsNoticed() async {
        await #expect(processExitsWith: .success) {
            try ParentProcess.dieWithParent(getppid())
            let error = #expect(throws: ProcessError.self) { try ParentProcess.dieWithParent(getpid()) }
            #expect(error?.isParentGone == true)
        }
    }
}
