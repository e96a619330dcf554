import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioSystem

/// What a container that ended well made: the files of its ports, and what `result.json` says beside them.
struct BatchOutputs: Sendable {
    /// The largest `result.json`, in bytes.
    private static let largestResult = 1 << 20
    /// The most that is kept of its `metadata`, in bytes.
    private static let largestMetadata = 64 << 10

    /// The absolute path of the file for each port that has one.
    let files: [String: String]
    /// What `result.json` says under `metadata`, for the take's provenance.
    let metadata: JSONValue?

    /// Looks for them. Blocks.
    ///
    /// - Parameters:
    ///   - folder: What the container wrote.
    ///   - function: The function.
    ///   - scratch: The attempt's scratch folder, to whose top the files are moved: there a later attempt looks for them.
    ///   - limit: The most bytes that all outputs may have together.
    /// - Throws: `JobFailure` with `output-invalid`.
    init(
        in folder: OutputFolder, function: FunctionManifest, scratch: String, limit: Int64
    ) throws(JobFailure) {
        let result = try Self.result(in: folder, function)
        let made = try MadeOutputs(
            named: result["outputs"] ?? .null, function: function, folder: folder.path,
            seenAs: "\(BatchFiles.root)/outputs", limit: limit
        ).files()
        files = try Self.takeOver(made, into: scratch)
        guard let told = result["metadata"], !told.isNull else {
            metadata = nil
            return
        }
        guard EngineJSON.bytes(told).count <= Self.largestMetadata else {
            throw JobFailure(
                .outputInvalid, "The \"metadata\" of result.json has more than \(Self.largestMetadata >> 10) KiB.")
        }
        metadata = told
    }

    /// `result.json`; an empty object where there is none, or where it is itself what a port makes.
    private static func result(in folder: OutputFolder, _ function: FunctionManifest) throws(JobFailure) -> JSONValue {
        if function.outputs.contains(where: { $0.name == "result" && $0.fileExtension == "json" }) { return [:] }
        let opened = open("\(folder.path)/result.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if opened < 0, errno == ENOENT { return [:] }
        let refusal = JobFailure(.outputInvalid, "result.json is no file with a JSON object of at most 1 MiB.")
        guard opened >= 0 else { throw refusal }
        let file = OwnedDescriptor(owning: opened)
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1,
            status.st_size <= largestResult
        else { throw refusal }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let more = bytes[count...].withUnsafeMutableBytes { read(file.raw, $0.baseAddress, $0.count) }
            guard more > 0 else { break }
            count += more
        }
        guard let value = EngineJSON.value(bytes.prefix(count)), value.objectValue != nil else { throw refusal }
        return value
    }

    /// The files become the worker's own, where it may take them over: nobody else is to change them any more.
    private static func takeOver(_ made: [String: String], into scratch: String) throws(JobFailure) -> [String: String]
    {
        var moved: [String: String] = [:]
        for (port, path) in made.sorted(by: { $0.key < $1.key }) where moved[path] == nil {
            let opened = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard opened >= 0 else { throw JobFailure(.outputInvalid, "The output \(port) cannot be read.") }
            let file = OwnedDescriptor(owning: opened)
            fchown(file.raw, geteuid(), getegid())
            fchmod(file.raw, 0o644)
            let name = path.split(separator: "/").last ?? ""
            let place = "\(scratch)/\(port).\(name.split(separator: ".").last ?? "")"
            guard rename(path, place) == 0 else {
                throw JobFailure(.runnerFailed, "The output \(port) could not be taken over.")
            }
            moved[path] = place
        }
        return made.compactMapValues { moved[$0] }
    }
}
