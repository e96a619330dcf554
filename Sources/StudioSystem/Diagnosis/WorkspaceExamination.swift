import FoundationEssentials
import Glibc
public import StudioCore

/// What a program's doctor finds out about the workspace. Its calls block; they leave nothing behind.
public struct WorkspaceExamination: Sendable {
    /// What is too little room to begin with, and what is worth a warning, in bytes.
    static let leastRoom: (failed: UInt64, warning: UInt64) = (256 << 20, 10 << 30)
    /// The same for files.
    static let leastFiles: (failed: UInt64, warning: UInt64) = (1000, 100_000)

    /// Its absolute path.
    public var root: String

    /// An examination.
    ///
    /// - Parameter root: The workspace's absolute path.
    public init(root: String) { self.root = root }

    /// Looks at the folder: whether it is there, can be written to, and has room; what its file system can do. Blocks.
    ///
    /// - Returns: What was found out; one failure where it is not there.
    public func folder() -> [Diagnosis] {
        var status = stat()
        let why = stat(root, &status) == 0 ? 0 : errno
        guard why == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return [
                Diagnosis(
                    "workspace", .failed, "\(root) is \(why == ENOENT ? "not there" : "no folder that can be reached")",
                    remedy: "make it, mount it, or let WORKSPACE_ROOT name the folder with Library/ and Projects/")
            ]
        }
        let place = "\(root)/.studio-doctor-\(Hexadecimal.encode(SecureRandom.bytes(6)))"
        guard mkdir(place, 0o700) == 0 else {
            let (why, user) = (errno, geteuid())
            return [
                Diagnosis(
                    "workspace", .failed,
                    "\(root), of user \(status.st_uid), cannot be written by user \(user): \(Self.text(why))",
                    remedy: why == EROFS
                        ? "mount it for writing" : "chown -R \(user):\(getegid()) it, or run as user \(status.st_uid)")
            ] + Self.room(at: root, "workspace")
        }
        defer {
            for name in ["a", "b"] { unlink("\(place)/\(name)") }
            rmdir(place)
        }
        var found = [Self.owner(status, root)]
        found.append(renames(in: place))
        return found + Self.room(at: root, "workspace")
    }

    private static func owner(_ status: stat, _ root: String) -> Diagnosis {
        let user = geteuid()
        guard status.st_uid == user || user == 0 else {
            return Diagnosis(
                "workspace", .warning,
                "\(root) can be written, but belongs to user \(status.st_uid), and this is user \(user)",
                remedy: "chown it to \(user), so that what others put there stays writable")
        }
        return Diagnosis("workspace", .ok, "\(root) can be written; it belongs to user \(status.st_uid)")
    }

    /// Tries what saving beside people stands on, in a folder of its own.
    private func renames(in place: String) -> Diagnosis {
        for name in ["a", "b"] {
            let file = open("\(place)/\(name)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            guard file >= 0, fsync(file) == 0 else {
                let why = errno
                if file >= 0 { close(file) }
                return Diagnosis(
                    "workspace-renames", .failed, "a file cannot be written: \(Self.text(why))",
                    remedy: "look at the file system: dmesg, df")
            }
            close(file)
        }
        let can = FileExchange.Name(folder: AT_FDCWD, name: "\(place)/a")
            .abilities(with: .init(folder: AT_FDCWD, name: "\(place)/b"))
        switch can {
        case (true?, true):
            return Diagnosis("workspace-renames", .ok, "files can be renamed without replacing, and exchanged")
        case (false?, _):
            return Diagnosis(
                "workspace-renames", .failed, "the file system can neither rename without replacing nor link",
                remedy: "keep the workspace on ext4, XFS, Btrfs or NFS")
        default:
            return Diagnosis(
                "workspace-renames", .warning,
                "the file system cannot exchange two files in one step: changes beside people's open files are refused",
                remedy: "keep the workspace on ext4, XFS or Btrfs rather than on NFS or FUSE")
        }
    }

    /// How much fits into a folder's file system. Blocks.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - name: What it is called in the diagnoses.
    /// - Returns: The room for bytes, and that for files.
    public static func room(at path: String, _ name: String) -> [Diagnosis] {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else {
            return [
                Diagnosis(
                    "\(name)-room", .failed, "\(path): \(text(errno))", remedy: "look at the file system: dmesg, df")
            ]
        }
        let free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
        let room = Diagnosis(
            "\(name)-room", verdict(free, leastRoom), "\(megabytes(free)) free",
            remedy: free < leastRoom.warning ? "make room on the disk of \(path): 05_Cache/ of projects may go" : nil)
        // Some file systems make room for files as they need it.
        guard facts.f_files > 0 else { return [room] }
        let files = UInt64(facts.f_favail)
        return [
            room,
            Diagnosis(
                "\(name)-files", verdict(files, leastFiles), "room for \(files) more files",
                remedy: files < leastFiles.warning ? "remove small files, or make a file system with more inodes" : nil),
        ]
    }

    private static func verdict(_ left: UInt64, _ least: (failed: UInt64, warning: UInt64)) -> Diagnosis.Verdict {
        left < least.failed ? .failed : left < least.warning ? .warning : .ok
    }

    private static func megabytes(_ bytes: UInt64) -> String {
        bytes >= 10 << 30 ? "\(bytes >> 30) GiB" : "\(bytes >> 20) MiB"
    }

    private static func text(_ number: Int32) -> String { String(cString: strerror(number)) }
}

extension WorkspaceExamination {
    /// Reads the catalogue of functions. Blocks.
    ///
    /// - Returns: One diagnosis for all good functions, and one for each bad one.
    public func catalogue() -> [Diagnosis] {
        let path = "\(root)/\(WorkspaceLayout.pipelineTemplates)"
        let sources = CatalogueFolder(path: path).read()
        guard !sources.isEmpty else {
            return [
                Diagnosis(
                    "functions", .failed, "\(path) has no functions: nobody can ask for anything",
                    remedy: "copy Workspace/Library of the studio's release into the workspace")
            ]
        }
        let bad = sources.compactMap { source -> Diagnosis? in
            guard case .failure(let error) = source.manifest else { return nil }
            let findings = error.findings.map { $0.pointer.isEmpty ? $0.detail : "\($0.pointer): \($0.detail)" }
            return Diagnosis(
                "function \(source.folder)", .failed,
                findings.isEmpty ? error.detail : findings.joined(separator: "; "),
                remedy: "mend it, and look with GatewayServer function check \(path)/\(source.folder)")
        }
        let good = sources.count - bad.count
        return [Diagnosis("functions", .ok, "\(good) \(good == 1 ? "is" : "are") good")] + bad
    }

    /// Looks for `git-lfs`. Blocks.
    ///
    /// - Parameters:
    ///   - searchPath: The folders to look in, as `PATH` lists them.
    ///   - environment: Whose rules hold: production does not start without it.
    ///   - place: Where people's git works; elsewhere it is not looked for.
    /// - Returns: The diagnosis.
    public static func lfsClient(
        searchPath: String, environment: StudioEnvironment, place: GitClientPlace
    ) -> Diagnosis {
        guard place == .here else {
            return Diagnosis("git-lfs", .ok, "not looked for: people's git works elsewhere (GIT_CLIENT)")
        }
        guard !LFSClient.isInstalled(searchPath: searchPath) else { return Diagnosis("git-lfs", .ok, "is installed") }
        return Diagnosis(
            "git-lfs", environment == .production ? .failed : .warning, "is not installed: people's git needs it",
            remedy: LFSClient.advice)
    }
}
