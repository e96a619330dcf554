/// A function as the nodes of a canvas use it; shared by all jobs of one plan.
public final class CanvasFunction: Sendable {
    /// The function's manifest.
    public let manifest: FunctionManifest
    /// SHA-256 of the manifest's canonical JSON in hexadecimal.
    public let digest: String
    /// The catalogue's function that this one is made from, where a node brings a workflow of its own; nil otherwise.
    public let base: CanvasFunction?
    /// What keys take of the manifest, as canonical JSON: see ``CanvasKey``.
    let identity: [UInt8]

    /// A function.
    ///
    /// - Parameters:
    ///   - manifest: The function's manifest.
    ///   - digest: SHA-256 of the manifest's canonical JSON in hexadecimal.
    public convenience init(_ manifest: FunctionManifest, digest: String) {
        self.init(manifest, digest: digest, base: nil)
    }

    init(_ manifest: FunctionManifest, digest: String, base: CanvasFunction?) {
        self.manifest = manifest
        self.digest = digest
        self.base = base
        identity = CanvasKey.identity(of: manifest)
    }
}

/// The functions that a canvas is compiled with: a studio's catalogue, or those that a stored graph carries.
public struct CanvasFunctions: Sendable {
    private var named: [String: CanvasFunction] = [:]

    /// Functions.
    ///
    /// - Parameter functions: The functions; of two with one name the later counts.
    public init(_ functions: some Sequence<CanvasFunction>) {
        for function in functions { named[function.manifest.name] = function }
    }

    /// The function of that name; nil where there is none.
    public subscript(name: String) -> CanvasFunction? { named[name] }

    /// All of them, by name.
    public var all: [CanvasFunction] { named.values.sorted { $0.manifest.name < $1.manifest.name } }
}
