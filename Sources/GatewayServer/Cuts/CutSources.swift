import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Finds the takes and files that a cut is made of, with what is known of them.
struct CutSources: Sendable {
    let takes: TakeStore
    let folders: ProjectFolders

    /// As many takes of one version of a shot are looked at, from the newest on.
    private static let mostTakes = 1000

    /// Sources, and by their paths what a job names as its input to get them.
    struct Found: Sendable {
        var sources: [ConformSource] = []
        private(set) var references: [String: InputReference] = [:]

        mutating func add(_ source: ConformSource, _ reference: InputReference) {
            guard references[source.path] == nil else { return }
            sources.append(source)
            references[source.path] = reference
        }
    }

    /// The takes and files that a cut's clips may mean. What is not found is for the plan to tell.
    ///
    /// - Parameters:
    ///   - cut: The cut.
    ///   - project: Its project.
    /// - Returns: What was found.
    /// - Throws: `PostgresError`; `StudioError` where the project's folder is away.
    func sources(of cut: Cut, in project: ProjectRecord) async throws -> Found {
        var found = Found()
        var ids: Set<TakeID> = []
        var versions: [String: (shot: ShotName, version: Int)] = [:]
        var paths: Set<String> = []
        for clip in cut.clips where clip.source != .black {
            var words = [clip.name]
            if case .reference(let reference) = clip.source { words = [reference] }
            for word in words {
                if word.hasPrefix("take:"), let id = TakeID(String(word.dropFirst(5))) { ids.insert(id) }
                let path = word.replacing("\\", with: "/")
                let file = path.split(separator: "/").last.map(String.init) ?? path
                // A name may have lost its extension, as EDLs lose it.
                if let take = TakeName(fileName: file) ?? TakeName(fileName: file + ".x") {
                    versions["\(take.shot) \(take.version)"] = (take.shot, take.version)
                } else {
                    paths.insert(path)
                }
            }
        }
        for id in ids.sorted(by: { $0.description < $1.description }) {
            guard let take = try await takes.get(id, tenant: project.tenant), take.project == project.id else {
                continue
            }
            found.add(Self.source(take), .take(take.id))
        }
        for key in versions.keys.sorted() {
            guard let version = versions[key] else { continue }
            let list = try await takes.list(
                project: project.id, shot: version.shot.text, version: version.version, limit: Self.mostTakes)
            for take in list { found.add(Self.source(take), .take(take.id)) }
        }
        for path in try await existing(paths, in: project) { found.add(ConformSource(unprobed: path), .file(path)) }
        return found
    }

    /// The sources of a list of shots, in its order.
    ///
    /// - Parameters:
    ///   - list: The list.
    ///   - project: Its project.
    ///   - pointer: Where the list stands in what was sent.
    /// - Returns: One source for every entry, and all of them with their references.
    /// - Throws: `StudioError` with code `invalid` and every entry that is not there; `PostgresError`.
    func sources(
        of list: ShotList, in project: ProjectRecord, pointer: String
    ) async throws -> (entries: [ConformSource], found: Found) {
        var found = Found()
        var entries: [ConformSource] = []
        var findings: [Finding] = []
        let files = list.entries.compactMap { entry in if case .file(let path) = entry.source { path } else { nil } }
        let there = Set(try await existing(Set(files), in: project))
        for (index, entry) in list.entries.enumerated() {
            switch entry.source {
            case .file(let path) where there.contains(path):
                entries.append(ConformSource(unprobed: path))
                found.add(ConformSource(unprobed: path), .file(path))
            case .file(let path):
                findings.append(
                    Finding(pointer: "\(pointer)/\(index)/file", code: "missing", detail: "there is no file \(path)"))
            case .take(let id):
                if let take = try await takes.get(id, tenant: project.tenant), take.project == project.id {
                    entries.append(Self.source(take))
                    found.add(Self.source(take), .take(take.id))
                } else {
                    let detail = "there is no take \(id) in this project"
                    findings.append(Finding(pointer: "\(pointer)/\(index)/take", code: "missing", detail: detail))
                }
            case .shot(let shot):
                if let take = try await best(of: shot, in: project) {
                    entries.append(Self.source(take))
                    found.add(Self.source(take), .take(take.id))
                } else {
                    let detail = "there is no take of \(shot) yet"
                    findings.append(Finding(pointer: "\(pointer)/\(index)/shot", code: "missing", detail: detail))
                }
            }
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
        return (entries, found)
    }

    /// The newest circled take of a shot, else the newest of its newest version.
    private func best(of shot: ShotName, in project: ProjectRecord) async throws -> TakeRecord? {
        let list = try await takes.list(project: project.id, shot: shot.text, limit: Self.mostTakes)
        if let circled = list.first(where: \.circled) { return circled }
        return list.max { ($0.version, $0.number) < ($1.version, $1.number) }
    }

    /// Those of some paths that are files of the project.
    private func existing(_ paths: Set<String>, in project: ProjectRecord) async throws -> [String] {
        guard !paths.isEmpty else { return [] }
        return try await folders.blocking { [folders] in
            let directory = try folders.open(project)
            return paths.sorted().filter { text in
                guard let path = try? RelativePath(text) else { return false }
                return (try? directory.open(path)) != nil
            }
        }
    }

    private static func source(_ take: TakeRecord) -> ConformSource {
        let file = take.path.split(separator: "/").last ?? ""
        let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? String(file)
        return ConformSource(path: take.path, names: ["take:\(take.id)", stem], probe: take.probe)
    }
}
