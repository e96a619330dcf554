/// The functions a studio offers, by name. A value: a reload makes a new one from the old.
public struct FunctionCatalogue: Sendable {
    /// A folder of the catalogue as it was found on disk.
    public struct Source: Sendable {
        /// The folder's name.
        public var folder: String
        /// What its `function.json` says, or why it could not be read.
        public var manifest: Result<FunctionManifest, StudioError>

        /// A folder.
        ///
        /// - Parameters:
        ///   - folder: The folder's name.
        ///   - manifest: What its `function.json` says, or why it could not be read.
        public init(folder: String, manifest: Result<FunctionManifest, StudioError>) {
            self.folder = folder
            self.manifest = manifest
        }
    }

    /// The functions in use, by name.
    public private(set) var functions: [String: FunctionManifest]
    /// What is wrong with entries whose last good version, if any, stays in use; by folder.
    public private(set) var faults: [String: StudioError]

    /// An empty catalogue.
    public init() {
        functions = [:]
        faults = [:]
    }

    /// The catalogue after its folders were read again: good entries replace, bad ones leave their last good version in
    /// use, and what is gone is gone.
    ///
    /// - Parameter sources: All folders found.
    /// - Returns: The new catalogue.
    public func reloaded(from sources: [Source]) -> FunctionCatalogue {
        var next = FunctionCatalogue()
        for source in sources {
            switch source.manifest {
            case .success(let manifest):
                next.functions[manifest.name] = manifest
            case .failure(let error):
                next.faults[source.folder] = error
                next.functions[source.folder] = functions[source.folder]
            }
        }
        return next
    }

    /// The function of that name.
    ///
    /// - Parameters:
    ///   - name: The function's name.
    ///   - pointer: Where the name came from, for the finding; default `/function`.
    /// - Returns: Its manifest.
    /// - Throws: `StudioError` with code `invalid` where there is none.
    public func function(named name: String, pointer: String = "/function") throws(StudioError) -> FunctionManifest {
        if let manifest = functions[name] { return manifest }
        let shown = name.count > 64 ? name.prefix(64) + "…" : name[...]
        throw .invalid([
            Finding(pointer: pointer, code: "unknown-function", detail: "there is no function named \(shown)")
        ])
    }
}
