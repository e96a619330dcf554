import StudioCore

extension RunResult {
    /// The file that was made for a port, once all that the function must make is there.
    ///
    /// - Parameters:
    ///   - port: The port.
    ///   - function: The function.
    ///   - scratch: The folder that the file must be in.
    /// - Returns: The file's absolute path; it has something in it.
    /// - Throws: `JobFailure` with `output-invalid`.
    func file(
        of port: FunctionManifest.Port, of function: FunctionManifest, in scratch: String
    ) throws(JobFailure) -> String {
        for port in function.outputs where port.isRequired && files[port.name] == nil {
            throw JobFailure(.outputInvalid, "The function did not make its output \(port.name).")
        }
        guard let path = files[port.name] else {
            throw JobFailure(.outputInvalid, "The function did not make its output \(port.name).")
        }
        guard path.hasPrefix(scratch + "/"), let size = RegularFile.size(of: path) else {
            throw JobFailure(.outputInvalid, "The output \(port.name) is no file.")
        }
        guard size > 0 else { throw JobFailure(.outputInvalid, "The output \(port.name) is empty.") }
        return path
    }
}
