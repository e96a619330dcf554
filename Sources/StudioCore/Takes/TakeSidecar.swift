public import FoundationEssentials
public import QueueProtocol

/// The JSON beside a take's media: enough to make it again, for as long as the repository lives.
public struct TakeSidecar: Sendable, Hashable {
    /// A file the take was made from.
    public struct Input: Sendable, Hashable {
        /// The port.
        public var port: String
        /// What the job named: a path, `take:<id>` or `job:<id>`.
        public var reference: String
        /// SHA-256 of the bytes that were read, 64 hexadecimal digits.
        public var sha256: String

        /// An input.
        ///
        /// - Parameters:
        ///   - port: The port.
        ///   - reference: What the job named.
        ///   - sha256: SHA-256 of the bytes that were read.
        public init(port: String, reference: String, sha256: String) {
            self.port = port
            self.reference = reference
            self.sha256 = sha256
        }
    }

    /// A file beside the media, from another output of the function.
    public struct Companion: Sendable, Hashable {
        /// The output.
        public var port: String
        /// The file's name, in the media's folder.
        public var fileName: String
        /// SHA-256 of the file, 64 hexadecimal digits.
        public var sha256: String
        /// Size of the file, in bytes.
        public var sizeBytes: Int64

        /// A file beside the media.
        ///
        /// - Parameters:
        ///   - port: The output.
        ///   - fileName: The file's name, in the media's folder.
        ///   - sha256: SHA-256 of the file.
        ///   - sizeBytes: Size of the file, in bytes.
        public init(port: String, fileName: String, sha256: String, sizeBytes: Int64) {
            self.port = port
            self.fileName = fileName
            self.sha256 = sha256
            self.sizeBytes = sizeBytes
        }
    }

    /// The format this version writes.
    public static let schemaVersion = 1

    /// The take.
    public var take: TakeID
    /// The media file's name.
    public var name: TakeName
    /// The job that made it.
    public var job: JobID
    /// The function's name.
    public var function: String
    /// The function's version.
    public var functionVersion: String
    /// SHA-256 of the manifest that the job was sold with, 64 hexadecimal digits.
    public var functionDigest: String
    /// What made it, beyond the function: the runner's kind, an image's digest, a server's version, the models it read.
    public var origin: [String: JSONValue]
    /// The parameters the runner got.
    public var parameters: [String: JSONValue]
    /// The tier.
    public var quality: QualityTier
    /// The files it was made from.
    public var inputs: [Input]
    /// What the media is, as it was probed.
    public var probe: JSONValue
    /// SHA-256 of the media, 64 hexadecimal digits.
    public var sha256: String
    /// Size of the media, in bytes.
    public var sizeBytes: Int64
    /// The files beside the media; none for most functions.
    public var companions: [Companion]
    /// The studio's version that made it.
    public var software: String
    /// When the media was finished.
    public var createdAt: Date

    /// A sidecar.
    ///
    /// - Parameters:
    ///   - take: The take.
    ///   - name: The media file's name.
    ///   - job: The job that made it.
    ///   - function: The function's name.
    ///   - functionVersion: The function's version.
    ///   - functionDigest: SHA-256 of the manifest that the job was sold with.
    ///   - origin: What made it, beyond the function; empty where that is not known.
    ///   - parameters: The parameters the runner got.
    ///   - quality: The tier.
    ///   - inputs: The files it was made from.
    ///   - probe: What the media is.
    ///   - sha256: SHA-256 of the media.
    ///   - sizeBytes: Size of the media, in bytes.
    ///   - companions: The files beside the media; default none.
    ///   - software: The studio's version.
    ///   - createdAt: When the media was finished.
    public init(
        take: TakeID, name: TakeName, job: JobID, function: String, functionVersion: String,
        functionDigest: String, origin: [String: JSONValue], parameters: [String: JSONValue], quality: QualityTier,
        inputs: [Input], probe: JSONValue, sha256: String,
        sizeBytes: Int64, companions: [Companion] = [], software: String, createdAt: Date
    ) {
        self.take = take
        self.name = name
        self.job = job
        self.function = function
        self.functionVersion = functionVersion
        self.functionDigest = functionDigest
        self.origin = origin
        self.parameters = parameters
        self.quality = quality
        self.inputs = inputs
        self.probe = probe
        self.sha256 = sha256
        self.sizeBytes = sizeBytes
        self.companions = companions
        self.software = software
        self.createdAt = createdAt
    }

    /// The sidecar as JSON; also what the API shows as a take's provenance.
    public var document: JSONValue {
        var document: [String: JSONValue] = [
            "schemaVersion": .integer(Int64(Self.schemaVersion)),
            "take": .string(take.description), "file": .string(name.fileName), "shot": .string(name.shot.text),
            "version": .integer(Int64(name.version)), "number": .integer(Int64(name.number)),
            "job": .string(job.description),
            "function": [
                "name": .string(function), "version": .string(functionVersion), "digest": .string(functionDigest),
            ],
            "runner": .object(origin),
            "parameters": .object(parameters), "quality": .string(quality.rawValue),
            "seed": parameters["seed"] ?? .null,
            "inputs": .array(
                inputs.map {
                    ["port": .string($0.port), "reference": .string($0.reference), "sha256": .string($0.sha256)]
                }),
            "probe": probe, "sha256": .string(sha256), "sizeBytes": .integer(sizeBytes),
            "software": .string(software), "createdAt": .string(Timestamp.text(createdAt)),
        ]
        if !companions.isEmpty {
            document["files"] = .array(
                companions.map {
                    [
                        "port": .string($0.port), "file": .string($0.fileName), "sha256": .string($0.sha256),
                        "sizeBytes": .integer($0.sizeBytes),
                    ]
                })
        }
        return .object(document)
    }

    /// The file's bytes.
    ///
    /// - Returns: UTF-8 text, keys sorted.
    /// - Throws: `EncodingError` where a value holds a number JSON cannot say.
    public func fileContents() throws -> Data { try JSONText.document(document) }
}
