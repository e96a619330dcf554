import StudioCore

extension RunResult {
    /// The files that were made, once all that the function must make is there.
    ///
    /// - Parameters:
    ///   - function: The function.
    ///   - scratch: The folder that the files must be in.
    /// - Returns: The absolute paths by output, the primary one's among them; each has something in it.
    /// - Throws: `JobFailure` with `output-invalid`.
    func files(of function: FunctionManifest, in scratch: String) throws(JobFailure) -> [String: String] {
        var found: [String: String] = [:]
        for port in function.outputs where port.isRequired && files[port.name] == nil {
            throw JobFailure(.outputInvalid, "The function did not make its output \(port.name).")
        }
        for port in function.outputs {
            guard let path = files[port.name] else { continue }
            guard path.hasPrefix(scratch + "/"), let size = RegularFile.size(of: path) else {
                throw JobFailure(.outputInvalid, "The output \(port.name) is no file.")
            }
            guard size > 0 else { throw JobFailure(.outputInvalid, "The output \(port.name) is empty.") }
            found[port.name] = path
        }
        return found
    }
}
