import Foundation
import StudioTestKit

/// Whether files, Git and database say the same of the takes of a project, and of the files of jobs without one.
struct TakeVerdict {
    private(set) var breaches: [String] = []
    private(set) var doubled = 0
    private(set) var takes = 0
    /// Published files of jobs without a take.
    private(set) var files = 0

    init(_ cast: Cast, _ studio: ChaosStudio) async throws {
        doubled = try await studio.number("SELECT count(*) - count(DISTINCT job_id) FROM takes")
        if doubled > 0 { breaches.append("\(doubled) jobs have two takes") }
        for project in cast.projects { try await check(project, studio) }
        let audit = try await ProgramUnderTest.gateway.run(
            ["audit", "--deep"], environment: studio.environment, within: .seconds(300))
        if audit.exit != .code(0) { breaches.append("audit: \(audit.output) \(audit.errors.suffix(500))") }
        let check = try await ProgramUnderTest.gateway.run(
            ["project", "check"], environment: studio.environment, within: .seconds(300))
        if check.exit != .code(0) { breaches.append("project check: \(check.output) \(check.errors.suffix(500))") }
    }

    private mutating func check(_ project: ChaosProject, _ studio: ChaosStudio) async throws {
        let rows = try await studio.rows(
            """
            SELECT t.path, t.sha256 FROM takes t JOIN projects p ON p.id = t.project_id
                JOIN tenants n ON n.id = p.tenant_id
            WHERE t.published_at IS NOT NULL AND p.name = '\(project.name)'
                AND (n.name = 'second') = \(project.tenant == 1)
            """)
        takes += rows.count
        let place = "\(project.tenant)/\(project.name)"
        let known = Set(rows.map { $0[0] })
        // A job that somebody cancels may lose its worker between the commit and the publication. Then it is cancelled and its
        // file stays, under the number that is the job's: a retry publishes that very file.
        let kept = try await studio.rows(
            """
            SELECT t.path, t.sha256 FROM takes t JOIN jobs j ON j.id = t.job_id JOIN projects p ON p.id = t.project_id
                JOIN tenants n ON n.id = p.tenant_id
            WHERE t.published_at IS NULL AND t.sha256 IS NOT NULL AND j.state = 'cancelled'
                AND p.name = '\(project.name)' AND (n.name = 'second') = \(project.tenant == 1)
            """)
        let renders = FileManager.default.enumerator(atPath: "\(project.folder)/03_Renders")
        let files = Set(
            (renders?.compactMap { $0 as? String } ?? [])
                .filter { $0.contains("_take") && !$0.hasSuffix(".json") }.map { "03_Renders/\($0)" })
        for path in known.subtracting(files).sorted() { breaches.append("\(place): \(path) has no file") }
        for path in files.subtracting(known).subtracting(kept.map { $0[0] }).sorted() {
            breaches.append("\(place): \(path) is no take's")
        }
        try await checkFiles(project, place, studio)
        guard !rows.isEmpty else { return }
        let home = studio.home.path("person")
        try studio.home.write(
            Data("[user]\n\tname = P\n\temail = p@example.org\n[safe]\n\tdirectory = *\n".utf8), to: "person/.gitconfig"
        )
        func git(_ arguments: String...) async throws -> String {
            let done = try await ChildProcess.run(
                "git", arguments, environment: ["HOME": home], directory: project.folder, within: .seconds(120))
            return done.exit == .code(0) ? done.output : "\(done.exit) \(done.output) \(done.errors)"
        }
        let status = try await git("status", "--porcelain")
        if status != "" { breaches.append("\(place): git status: \(status)") }
        let fsck = try await git("fsck", "--strict")
        if fsck.contains("error") || fsck.hasPrefix("code") || fsck.contains("missing") {
            breaches.append("\(place): git fsck: \(fsck)")
        }
        let lfs = try await git("lfs", "fsck")
        if !lfs.contains("Git LFS fsck OK") { breaches.append("\(place): git lfs fsck: \(lfs)") }
        let listed = Set(try await git("ls-files", "03_Renders").split(separator: "\n").map(String.init))
        for path in known.subtracting(listed).sorted() { breaches.append("\(place): \(path) is not committed") }
        try await hash(rows + kept.filter { files.contains($0[0]) }, of: project, place)
    }

    /// Files of jobs without a take: nobody empties the cache here, so each is there, and nothing else is.
    private mutating func checkFiles(_ project: ChaosProject, _ place: String, _ studio: ChaosStudio) async throws {
        let rows = try await studio.rows(
            """
            SELECT f.path, f.sha256, f.published_at IS NULL FROM job_files f JOIN jobs j ON j.id = f.job_id
                JOIN projects p ON p.id = f.project_id JOIN tenants n ON n.id = p.tenant_id
            WHERE j.destination <> 'take' AND p.name = '\(project.name)' AND (n.name = 'second') = \(project.tenant == 1)
            """)
        let published = rows.filter { $0[2] == "f" }
        files += published.count
        let jobs = FileManager.default.enumerator(atPath: "\(project.folder)/05_Cache/jobs")
        let there = Set(
            (jobs?.compactMap { $0 as? String } ?? []).filter { $0.contains("/results/") }.map { "05_Cache/jobs/\($0)" }
        )
        for path in there.subtracting(rows.map { $0[0] }).sorted() { breaches.append("\(place): \(path) is no job's") }
        if !published.isEmpty { try await hash(published, of: project, place) }
    }

    /// The bytes on disk, by a program that is not ours.
    private mutating func hash(_ rows: [[String]], of project: ChaosProject, _ place: String) async throws {
        let done = try await ChildProcess.run(
            "sha256sum", rows.map { $0[0] }, directory: project.folder, within: .seconds(120))
        var digests: [Substring: Substring] = [:]
        for line in done.output.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2 { digests[words[1].drop { $0 == " " || $0 == "*" }] = words[0] }
        }
        for row in rows where digests[row[0][...]] != row[1][...] {
            breaches.append("\(place): \(row[0]) is not what was published")
        }
    }
}
