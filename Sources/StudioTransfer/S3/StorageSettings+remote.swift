public import StudioCore
public import StudioSystem

extension StorageSettings {
    /// Where large files are kept for good that is not the workspace; nil where the workspace is all there is.
    public var remote: (any ObjectStorage)? {
        switch self {
        case .file: nil
        case .s3(let settings): S3ObjectStorage(settings)
        }
    }
}
