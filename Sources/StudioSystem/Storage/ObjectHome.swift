/// Whose objects: those of one project.
public struct ObjectHome: Hashable, Sendable {
    /// The tenant's name.
    public let tenant: String
    /// The project's name, unique within the tenant.
    public let project: String

    /// A project's objects.
    ///
    /// - Parameters:
    ///   - tenant: The tenant's name.
    ///   - project: The project's name.
    public init(tenant: String, project: String) {
        self.tenant = tenant
        self.project = project
    }

    /// What stands before the keys of its objects in a bucket.
    public var folder: String { "\(tenant)/\(project)/lfs" }

    /// The key of an object in a bucket.
    ///
    /// - Parameter digest: The object's digest.
    /// - Returns: A path without slashes at its ends.
    public func key(of digest: SHA256Digest) -> String {
        let hex = digest.hex
        return "\(folder)/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
    }
}
