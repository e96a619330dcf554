/// A numbered sequence of pictures in one folder of assets, by what their names have in common. Derivatives are made of it once,
/// not of each of its pictures.
public struct AssetSequence: Sendable, Hashable {
    /// The fewest pictures that are a sequence rather than so many pictures: a second of film.
    public static let fewest = 24
    /// The most pictures of which derivatives are made.
    public static let most = 100_000

    private static let kinds: Set<String> = [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".dpx", ".webp"]

    /// The folder, below the project's folder.
    public let folder: String
    /// What is before the number.
    public let prefix: String
    /// What is between the number and the extension.
    public let suffix: String
    /// The extension with its dot.
    public let fileExtension: String

    /// The sequence that a picture would belong to; `nil` where its name has no number, or it is of no kind that sequences are
    /// made of.
    /// - Parameter path: The picture's path below the project's folder.
    public init?(frame path: String) {
        guard let slash = path.lastIndex(of: "/"), let name = FrameName(String(path[path.index(after: slash)...])),
            Self.kinds.contains(name.fileExtension.lowercased())
        else { return nil }
        folder = String(path[..<slash])
        (prefix, suffix, fileExtension) = (name.prefix, name.suffix, name.fileExtension)
    }

    /// What the paths of all its pictures begin with.
    public var beginning: String { "\(folder)/\(prefix)" }

    /// The number of a picture, where it belongs to this sequence.
    /// - Parameter name: A file name in the folder.
    /// - Returns: The number; `nil` where it does not belong to it.
    public func number(of name: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(fileExtension), let found = FrameName(name),
            found.prefix == prefix, found.suffix == suffix, found.fileExtension == fileExtension
        else { return nil }
        return found.number
    }

    /// Whether cameras write files like its pictures, which then say when they were taken.
    public var isCameraKind: Bool { [".jpg", ".jpeg", ".tif", ".tiff"].contains(fileExtension.lowercased()) }

    /// The pictures among some files, by their numbers; of two with the same number the first by name.
    ///
    /// - Parameters:
    ///   - files: The files.
    ///   - path: The path of one, below the project's folder.
    /// - Returns: Its pictures, whose numbers rise.
    public func frames<File>(among files: some Sequence<File>, path: (File) -> String) -> [File] {
        let found = files.compactMap { file -> (number: Int, path: String, file: File)? in
            let path = path(file)
            guard path.hasPrefix(folder + "/") else { return nil }
            let name = String(path.dropFirst(folder.count + 1))
            guard !name.contains("/"), let number = number(of: name) else { return nil }
            return (number, path, file)
        }
        var frames: [File] = []
        var last: Int?
        for one in found.sorted(by: { ($0.number, $0.path) < ($1.number, $1.path) }) where one.number != last {
            frames.append(one.file)
            last = one.number
        }
        return frames
    }
}
