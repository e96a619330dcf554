/// Where the files of a job go.
public enum JobDestination: Sendable, Hashable {
    /// They become a take of the job's shot, under `03_Renders/`.
    case take
    /// They are kept below `05_Cache/`, and may be removed and made again at will.
    ///
    /// The path is that of the primary file below the project's folder; nil is the job's own folder,
    /// `05_Cache/jobs/<job>/results/`. What is there is replaced: the cache is the program's.
    case cache(path: String?)
    /// They are people's from then on, under `06_Exports/`.
    ///
    /// The path is that of the primary file below the project's folder; `replaces` says whether it may take the place of a
    /// file that is there, which happens in one step at the very end.
    case export(path: String, replaces: Bool)

    /// Which of them, without the place.
    public enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
        /// A take.
        case take
        /// The cache.
        case cache
        /// An export.
        case export
    }

    /// Which of them it is.
    public var kind: Kind {
        switch self {
        case .take: .take
        case .cache: .cache
        case .export: .export
        }
    }

    /// The place of the primary file below the project's folder; nil where it follows from the job.
    public var path: String? {
        switch self {
        case .take: nil
        case .cache(let path): path
        case .export(let path, _): path
        }
    }

    /// Whether a file that is in the place already gives way, when the new one is finished.
    public var isReplacing: Bool {
        switch self {
        case .take: false
        case .cache: true
        case .export(_, let replaces): replaces
        }
    }

    /// Reads what a store keeps.
    ///
    /// - Parameters:
    ///   - kind: Which of them.
    ///   - path: The place of the primary file; nil where it follows from the job.
    ///   - replaces: Whether an export may replace.
    public init?(kind: Kind, path: String?, replaces: Bool) {
        switch (kind, path) {
        case (.take, nil): self = .take
        case (.cache, _): self = .cache(path: path)
        case (.export, let path?): self = .export(path: path, replaces: replaces)
        case (.take, _?), (.export, nil): return nil
        }
    }

    /// The same with the extension of the primary file behind its path.
    ///
    /// - Parameter fileExtension: Without a dot.
    /// - Returns: The destination with the whole path.
    public func completed(fileExtension: String) -> JobDestination {
        switch self {
        case .take: .take
        case .cache(let path): .cache(path: path.map { "\($0).\(fileExtension)" })
        case .export(let path, let replaces): .export(path: "\(path).\(fileExtension)", replaces: replaces)
        }
    }
}

extension WorkspaceLayout {
    /// The folder of what people may remove and the program makes again.
    public static let cache = "05_Cache"
    /// The folder, in the cache, of what the nodes of canvases made, in a folder for each content key.
    public static let canvasCache = "05_Cache/canvas"
    /// The folder of finished films.
    public static let exports = "06_Exports"

    /// Where a file that is no take's media goes.
    ///
    /// - Parameters:
    ///   - port: The output's name.
    ///   - fileExtension: The file's extension, without a dot.
    ///   - primary: The path of the primary file; nil is the job's own folder in the cache.
    ///   - isPrimary: Whether this is the primary file itself.
    ///   - job: The job, as text.
    /// - Returns: A path below the project's folder: the primary file's own, or `<stem>.<port>.<extension>` beside it.
    public static func filePath(
        port: String, fileExtension: String, primary: String?, isPrimary: Bool, job: String
    ) -> String {
        guard let primary else { return "\(jobScratch)/\(job)/\(results)/\(port).\(fileExtension)" }
        guard !isPrimary else { return primary }
        let name = primary.split(separator: "/").last.map(String.init) ?? primary
        let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        return primary.dropLast(name.count) + "\(stem).\(port).\(fileExtension)"
    }

    /// The name of the folder, in a job's own folder of the cache, of what it made.
    public static let results = "results"
}
