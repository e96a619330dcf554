import Glibc
import Synchronization

/// Ends every process, takes away every mount and network link, and removes every folder a test process leaves behind,
/// however it dies.
///
/// A small shell in a session of its own holds the read end of a pipe whose write end only this process has. When this
/// process ends (even by SIGKILL) the pipe closes, the shell kills what is still registered, unmounts, removes the folders
/// and ends. `PR_SET_PDEATHSIG` would not do: it fires when the *thread* that spawned ends, and pool threads come and go.
final class ProcessReaper: Sendable {
    private static let instance = Mutex<ProcessReaper?>(nil)

    private static let script = """
        trap '' INT TERM HUP
        pids= mounts= links= folders=
        while IFS= read -r line; do
            case $line in
            +*) pids="$pids ${line#+}"; eval "alive_${line#+}=1" ;;
            -*) eval "alive_${line#-}=" ;;
            d*) folders="$folders${line#d}
        " ;;
            l*) links="$links ${line#l}" ;;
            m*) mounts="$mounts${line#m}
        " ;;
            esac
        done
        for pid in $pids; do
            eval "alive=\\$alive_$pid"
            [ -n "$alive" ] && kill -s KILL -- "-$pid"
        done
        printf %s "$mounts" | while IFS= read -r mount; do
            umount -l "$mount" || sudo -n umount -l "$mount"
        done 2>/dev/null
        for link in $links; do ip link delete "$link"; done 2>/dev/null
        printf %s "$folders" | while IFS= read -r folder; do
            [ -e "$folder" ] || continue
            for round in 1 2 3 4 5; do
                rm -rf -- "$folder" && break
                sleep 0.2
            done
        done
        """

    private let pipe: Int32

    /// The reaper of this process, started on first use.
    static func shared() throws -> ProcessReaper {
        try instance.withLock { reaper in
            if let reaper { return reaper }
            let started = try ProcessReaper()
            reaper = started
            return started
        }
    }

    private init() throws {
        let ends = try Pipe.ends()
        defer { close(ends[0]) }
        let request = SpawnRequest(
            program: "setsid", arguments: ["sh", "-c", Self.script, "reaper"],
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"],
            input: ends[0], ownGroup: false)
        do { _ = try request.spawn() } catch {
            close(ends[1])
            throw error
        }
        pipe = ends[1]
    }

    /// Registers a process group to be killed.
    func adopt(group: pid_t) throws { try tell("+\(group)\n") }

    /// Forgets a process group; called before its leader is reaped, while its id cannot have been given out again.
    func release(group: pid_t) { try? tell("-\(group)\n") }

    /// Registers a folder to be removed; one that is gone by then is no error.
    func adopt(directory: String) throws { try tell("d\(directory)\n") }

    /// Registers a mount to be taken away; one that is gone by then is no error.
    func adopt(mount: String) throws { try tell("m\(mount)\n") }

    /// Registers a network link to be deleted; one that is gone by then is no error.
    func adopt(link: String) throws { try tell("l\(link)\n") }

    /// One line below `PIPE_BUF` bytes is written whole or not at all.
    private func tell(_ line: String) throws {
        var line = line
        let written = line.withUTF8 { write(pipe, $0.baseAddress, $0.count) }
        guard written == line.utf8.count else { throw TestKitError.system("write to the reaper") }
    }
}

extension ChildProcess {
    /// Has a process group that left this kit's hands (a daemon in a session of its own) killed when this test process
    /// dies before ``outlivesTest(group:)``.
    ///
    /// - Parameter group: The group's id.
    /// - Throws: `TestKitError` when the reaper does not take it.
    public static func endWithTest(group: Int32) throws { try ProcessReaper.shared().adopt(group: group) }

    /// Takes ``endWithTest(group:)`` back: to be called when the group has ended, before its id can be another's.
    ///
    /// - Parameter group: The group's id.
    public static func outlivesTest(group: Int32) { try? ProcessReaper.shared().release(group: group) }
}
