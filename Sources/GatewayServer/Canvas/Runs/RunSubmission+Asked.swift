import QueueProtocol
import StudioCore
import StudioPostgres

extension RunSubmission {
    /// What a request asks for: the canvas that it brings, or the saved one.
    ///
    /// - Parameters:
    ///   - canvas: The canvas' name.
    ///   - body: The request.
    ///   - project: The project.
    ///   - forKeeps: Whether it is run, and not only looked at: then its commit is looked up.
    /// - Returns: The canvas.
    /// - Throws: `StudioError` with code `not-found` where there is no such canvas.
    func asked(
        _ canvas: CanvasName, _ body: RunBody, of project: ProjectRecord, forKeeps: Bool
    ) async throws -> Asked {
        if let document = body.document { return Asked(canvas: canvas.text, document: document, body: body) }
        let saved = try await canvases.read(canvas, of: project)
        var asked = Asked(canvas: canvas.text, document: saved.document, etag: saved.etag.description, body: body)
        if forKeeps { asked.commit = try await history.commit(of: saved.etag, canvas, in: project) }
        return asked
    }

    /// What a run was, to be run anew: its graph with the functions that it was made with, whatever the catalogue says today.
    ///
    /// - Parameter run: The run.
    /// - Returns: The canvas.
    /// - Throws: `StudioError` with code `invalid` and each node whose function nobody understands any more.
    func asked(again run: RunRecord) async throws -> Asked {
        guard let text = try await runs.document(run.documentDigest) else {
            throw StudioError(.internalFault, "the run has no graph")
        }
        let document = try CanvasDocument(try JSONText.decode(JSONValue.self, from: text))
        var functions = lookup.functions.all
        var gone: [String: String] = [:]
        for (digest, manifest) in try await runs.functions(of: run.id) {
            let name = manifest["name"]?.stringValue ?? ""
            guard name != PublishFunction.name else { continue }
            do throws(StudioError) {
                functions.append(CanvasFunction(try FunctionManifest(manifest), digest: digest))
            } catch {
                gone[name] = error.detail
            }
        }
        let findings = document.nodes.compactMap { node -> Finding? in
            guard node.kind == .function, let name = node.data["function"]?.stringValue, let reason = gone[name] else {
                return nil
            }
            return Finding(
                pointer: "", code: "function-gone",
                detail: "the function \(name) that it was made with cannot be carried out any more: \(reason)",
                node: node.id)
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
        var body = RunBody()
        body.targets = run.asked["targets"]?.arrayValue?.compactMap(\.stringValue)
        (body.from, body.isForced) = (run.asked["from"]?.stringValue, false)
        body.priority = run.asked["priority"]?.intValue ?? body.priority
        return Asked(
            canvas: run.canvas, document: document, etag: run.etag, commit: run.commit, body: body,
            functions: CanvasFunctions(functions),
            repeated: run.id)
    }
}
