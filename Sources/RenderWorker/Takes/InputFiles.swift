import StudioCore
import StudioPostgres

/// The input files of a job, found and checked: below the project's folder, not by a symbolic link, regular files.
struct InputFiles: Sendable {
    struct File: Sendable {
        var port: String
        /// What the job named.
        var reference: String
        /// Absolute.
        var path: String
        /// What it must hold, in hexadecimal; nil where nobody said.
        var sha256: String?
    }

    /// In order of port, then in the job's order.
    let files: [File]

    /// The absolute paths by port.
    var paths: [String: [String]] { Dictionary(grouping: files, by: \.port).mapValues { $0.map(\.path) } }

    init(job: ClaimedJob, function: FunctionManifest, in folder: ProjectFolder) throws(JobFailure) {
        var files: [File] = []
        for (port, references) in job.inputReferences.sorted(by: { $0.key < $1.key }) {
            for (reference, resolved) in references {
                guard let resolved else {
                    throw JobFailure(.inputMissing, "The input \(port), \(reference), has no finished file.")
                }
                let path = try folder.input(resolved.path, port: port)
                files.append(File(port: port, reference: reference, path: path, sha256: resolved.sha256))
            }
        }
        self.files = files
    }
}

extension ClaimedJob {
    /// What each input names, in order, and the file it stands for; nil where there is none.
    ///
    /// A port that takes a list is kept as `port/0`, `port/1`, ….
    var inputReferences: [String: [(reference: String, file: ResolvedInput?)]] {
        var ordered: [String: [(index: Int, reference: String, file: ResolvedInput?)]] = [:]
        for (key, reference) in inputs {
            let parts = key.split(separator: "/", maxSplits: 1)
            let index = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            let isFile = if case .file? = try? InputReference(reference, pointer: "") { true } else { false }
            ordered[String(parts.first ?? ""), default: []].append(
                (index, reference, isFile ? ResolvedInput(path: reference) : resolvedInputs[key]))
        }
        return ordered.mapValues { $0.sorted { $0.index < $1.index }.map { ($0.reference, $0.file) } }
    }
}
