import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// `scripts/backup.sh` for the stack of `make run`: backup under load, loss of everything, restore elsewhere.
@Suite("Backup and restore", .serialized, .timeLimit(.minutes(10)))
struct BackupTests {
    private static let work = 60

    /// A stack with a project that jobs are waiting for, and what was promised of it before a backup began.
    private struct Promised {
        let login: FirstLogin
        let jobs: [String]
        let takes: [String: JSONValue]
        /// Whether media and its LFS object are one file, as they are where the file system has no reflinks.
        let isShared: Bool
    }

    @Test("What was promised before a backup under load is there after a restore elsewhere; what waited is done once")
    func underLoad() async throws {
        let archives = try TemporaryDirectory("archives")
        let folder = archives.path("kept")
        var promised: Promised?
        try await ScriptedStack.use { stack in
            let before = try await load(stack)
            let done = try await stack.script("backup.sh", ["backup", folder])
            #expect(done.exit == .code(0), "\(done.output)\(done.errors)")
            #expect(try mode(of: folder) == 0o700)
            promised = before
            // The studio works on as if nothing had been.
            let api = try await stack.signedIn(with: before.login)
            try await eventually("more takes are made") {
                try await takes(api).count > before.takes.count
            }
        }
        let before = try #require(promised)
        try await ScriptedStack.use { stack in
            let restored = try await stack.script("backup.sh", ["restore", folder])
            #expect(restored.exit == .code(0), "\(restored.output)\(restored.errors)")
            let shown = try await stack.start(settings: ["WORKERS": "0"])
            #expect(!shown.contains("first login"))
            let api = try await stack.signedIn(with: before.login)
            try await holds(before, api)
            let states = try await states(api)
            #expect(states.values.contains("queued"))
            try await isSound(stack)
            try await stack.stop()

            _ = try await stack.start(settings: ["WORKERS": "2"])
            let again = try await stack.signedIn(with: before.login)
            try await eventually("everything that waited is done") {
                try await self.states(again).values.allSatisfy { $0 == "succeeded" }
            }
            let made = try await takes(again)
            #expect(made.count == Self.work)
            #expect(Set(made.values.compactMap { $0["job"]?.stringValue }) == Set(before.jobs))
            try await holds(before, again)
            try await isSound(stack)
            #expect(try !before.isShared || isShared(before.takes, in: stack))
        }
    }

    @Test("A damaged, newer or interrupted backup is refused by name before anything is touched")
    func refused() async throws {
        let archives = try TemporaryDirectory("archives")
        let folder = archives.path("kept")
        try await ScriptedStack.use { stack in
            let login = try #require(FirstLogin(shownIn: try await stack.start(settings: ["WORKERS": "0"])))
            let api = try await stack.signedIn(with: login)
            #expect(try await api.post("/api/v1/projects", ["name": "film", "title": "Film"]).status == 201)
            // What goes while it is listed is no fault.
            let kept = try await stack.script("backup.sh", ["backup", folder], settings: try lateFind(in: archives))
            #expect(kept.exit == .code(0), "\(kept.errors)")
            let running = try await stack.script("backup.sh", ["restore", folder])
            #expect(running.exit != .code(0))
            #expect(running.errors.contains("The studio runs"), "\(running.errors)")
            // One that fails on the way leaves nothing that looks like a backup.
            let broken = try brokenTar(in: archives)
            let failed = try await stack.script("backup.sh", ["backup", archives.path("failed")], settings: broken)
            #expect(failed.exit != .code(0))
            #expect(failed.errors.contains("Nothing was backed up"), "\(failed.errors)")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: archives.path).sorted() == ["bin", "kept", "late"])
            #expect(!FileManager.default.fileExists(atPath: stack.home.path("Workspace/.backup")))
            #expect(try await api.post("/api/v1/projects", ["name": "after", "title": "After"]).status == 201)
            try await stack.stop()

            let used = try await stack.script("backup.sh", ["restore", folder])
            #expect(used.exit != .code(0))
            #expect(used.errors.contains("There are projects in this stack"), "\(used.errors)")
        }
        try await ScriptedStack.use { stack in
            for part in ["database.dump", "projects.tar", "git.tar", "cache.tar", "media.tar", "manifest"] {
                let damaged = archives.path("damaged-\(part)")
                try FileManager.default.copyItem(atPath: folder, toPath: damaged)
                try flipByte(in: "\(damaged)/\(part)")
                try await isRefused(damaged, by: stack, saying: "damaged: \(part)")
            }
            let shorter = archives.path("shorter")
            try FileManager.default.copyItem(atPath: folder, toPath: shorter)
            try FileManager.default.removeItem(atPath: "\(shorter)/git.tar")
            try await isRefused(shorter, by: stack, saying: "git.tar is not there")
            let newer = archives.path("newer")
            try FileManager.default.copyItem(atPath: folder, toPath: newer)
            try await rewrite(newer, "s/^schema .*/schema 9999/")
            try await isRefused(newer, by: stack, saying: "A newer studio made this backup")
            try await rewrite(newer, "s/^format .*/format 2/")
            try await isRefused(newer, by: stack, saying: "has format 2")
        }
    }

    @Test("A stack does not start on half a restore, which may be run again as it is")
    func interrupted() async throws {
        let archives = try TemporaryDirectory("archives")
        let folder = archives.path("kept")
        var login: FirstLogin?
        try await ScriptedStack.use { stack in
            let first = try #require(FirstLogin(shownIn: try await stack.start(settings: ["WORKERS": "0"])))
            let api = try await stack.signedIn(with: first)
            #expect(try await api.post("/api/v1/projects", ["name": "film", "title": "Film"]).status == 201)
            #expect(try await stack.script("backup.sh", ["backup", folder]).exit == .code(0))
            login = first
        }
        try await ScriptedStack.use { stack in
            let failed = try await stack.script(
                "backup.sh", ["restore", folder], settings: try brokenTar(in: archives))
            #expect(failed.exit != .code(0))
            #expect(failed.errors.contains("run it again"), "\(failed.errors)")
            await #expect(throws: TestKitError.self) { _ = try await stack.start() }
            let again = try await stack.script("backup.sh", ["restore", folder])
            #expect(again.exit == .code(0), "\(again.output)\(again.errors)")
            _ = try await stack.start(settings: ["WORKERS": "0"])
            let api = try await stack.signedIn(with: try #require(login))
            #expect(try await api.get("/api/v1/projects/film").status == 200)
            try await isSound(stack)
        }
    }

    // MARK: What a studio has

    private func load(_ stack: ScriptedStack) async throws -> Promised {
        let login = try #require(FirstLogin(shownIn: try await stack.start(settings: ["WORKERS": "2"])))
        let api = try await stack.signedIn(with: login)
        #expect(try await api.post("/api/v1/projects", ["name": "film", "title": "The Film"]).status == 201)
        let notes = "/api/v1/projects/film/files/02_Source_Creative/Scripts/notes.md"
        #expect(try await api.send("PUT", notes, bytes: Data("# Notes\n".utf8)).status == 201)
        var jobs: [String] = []
        for number in 0..<Self.work {
            let answer = try await api.post(
                "/api/v1/projects/film/jobs",
                [
                    "shot": .string("SHOT-\(100 + number % 7)"), "function": "mock-video", "inputs": [:],
                    "parameters": ["prompt": .string("\(number)"), "seconds": 2, "width": 320, "height": 180],
                ])
            jobs.append(try #require(answer.json["id"]?.stringValue, "\(answer.text)"))
        }
        var takes: [String: JSONValue] = [:]
        try await eventually("some takes are made") {
            takes = try await self.takes(api)
            return takes.count >= 6
        }
        return Promised(login: login, jobs: jobs, takes: takes, isShared: try isShared(takes, in: stack))
    }

    /// The published takes by id.
    private func takes(_ api: APIClient) async throws -> [String: JSONValue] {
        let items = try await api.get("/api/v1/projects/film/takes?limit=200").json["items"]?.arrayValue ?? []
        return Dictionary(
            items.filter { $0["publishedAt"]?.stringValue != nil }.map { ($0["id"]?.stringValue ?? "", $0) },
            uniquingKeysWith: { first, _ in first })
    }

    private func states(_ api: APIClient) async throws -> [String: String] {
        let items = try await api.get("/api/v1/jobs?limit=200").json["items"]?.arrayValue ?? []
        return Dictionary(
            items.map { ($0["id"]?.stringValue ?? "", $0["state"]?.stringValue ?? "") }, uniquingKeysWith: { $1 })
    }

    private func holds(_ promised: Promised, _ api: APIClient) async throws {
        #expect(Set(try await states(api).keys) == Set(promised.jobs))
        let now = try await takes(api)
        for (id, take) in promised.takes {
            for member in ["path", "sha256", "sizeBytes", "commit", "job", "number"] {
                #expect(now[id]?[member] == take[member], "\(member) of \(id)")
            }
        }
        let notes = try await api.get("/api/v1/projects/film/files/02_Source_Creative/Scripts/notes.md")
        #expect(notes.text == "# Notes\n")
    }

    /// The studio's own audit, Git's and that of LFS find nothing.
    private func isSound(_ stack: ScriptedStack) async throws {
        // What is queued has its message before the audit asks for it.
        try await eventually("the audit finds nothing") {
            let audit = try await stack.gateway(["audit", "--deep"])
            return audit.exit == .code(0) && audit.output.contains("All is well.")
        }
        let check = try await stack.gateway(["project", "check"])
        #expect(check.exit == .code(0), "\(check.output)")
        for command in [["fsck", "--strict"], ["lfs", "fsck"], ["diff", "--quiet", "HEAD"]] {
            let done = try await ChildProcess.run(
                "git", ["-C", stack.home.path("Workspace/Projects/film")] + command)
            #expect(done.exit == .code(0), "git \(command): \(done.output)\(done.errors)")
        }
    }

    /// Whether the media of takes and their LFS objects are one file each.
    private func isShared(_ takes: [String: JSONValue], in stack: ScriptedStack) throws -> Bool {
        let project = stack.home.path("Workspace/Projects/film")
        return try takes.values.allSatisfy { take in
            let (path, sha256) = (take["path"]?.stringValue ?? "", take["sha256"]?.stringValue ?? "")
            let object = "\(project)/.git/lfs/objects/\(sha256.prefix(2))/\(sha256.dropFirst(2).prefix(2))/\(sha256)"
            return try fileNumber(of: "\(project)/\(path)") == fileNumber(of: object)
        }
    }

    private func fileNumber(of path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    }

    private func mode(of path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    // MARK: What goes wrong

    private func isRefused(_ folder: String, by stack: ScriptedStack, saying reason: String) async throws {
        let done = try await stack.script("backup.sh", ["restore", folder])
        #expect(done.exit != .code(0))
        #expect(done.errors.contains(reason), "\(done.errors)")
        #expect(!FileManager.default.fileExists(atPath: stack.home.path("Workspace/.restoring")))
    }

    private func flipByte(in path: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    /// Changes a manifest and its own digest, as a later version of the program would write it.
    private func rewrite(_ folder: String, _ change: String) async throws {
        let script = """
            cd "$1" && sed -i -e '$d' -e "$2" manifest &&
            printf 'manifest %s\\n' "$(sha256sum <manifest | cut -d ' ' -f 1)" >>manifest
            """
        let done = try await ChildProcess.run("bash", ["-c", script, "_", folder, change])
        #expect(done.exit == .code(0), "\(done.errors)")
    }

    /// A `find` that tells of a folder which went while it looked for large files.
    private func lateFind(in folder: TemporaryDirectory) throws -> [String: String] {
        let script = """
            #!/bin/sh
            case "$*" in *'-size +'*) ;; *) exec /usr/bin/find "$@" ;; esac
            /usr/bin/find "$@"
            echo "find: './Projects/film/01_Assets/gone': No such file or directory" >&2
            exit 1
            """
        return try before(script, as: "find", in: folder, "late")
    }

    /// Settings with which a script is found before the system's program of that name.
    private func before(
        _ script: String, as name: String, in folder: TemporaryDirectory, _ place: String
    ) throws -> [String: String] {
        let path = try folder.write(Array(script.utf8), to: "\(place)/\(name)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let rest = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return ["PATH": "\(folder.path(place)):\(rest)"]
    }

    /// A `tar` that fails at the last part, as on a disk that is full, to be found before the system's.
    private func brokenTar(in folder: TemporaryDirectory) throws -> [String: String] {
        let script = """
            #!/bin/sh
            case "$*" in
            *--extract*) [ ! -d Projects/film/.git ] || exit 2 ;;
            *--no-recursion*) [ ! -d .backup ] || exit 2 ;;
            esac
            exec /usr/bin/tar "$@"
            """
        return try before(script, as: "tar", in: folder, "bin")
    }
}
