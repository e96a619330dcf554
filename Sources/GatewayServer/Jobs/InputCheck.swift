import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Holds a submission against what is there: its inputs against files of the project, takes and jobs, and the place of its
/// export against what stands in it.
struct InputCheck: Sendable {
    let jobs: JobStore
    let takes: TakeStore
    let folders: ProjectFolders
    let library: FunctionLibrary

    /// Looks at every input and every dependency.
    ///
    /// - Throws: `StudioError` with code `invalid` and all that is missing or does not fit its port; `export-exists`.
    func check(_ plan: SubmissionPlan, project: ProjectRecord) async throws {
        var findings: [Finding] = []
        var files: [(path: String, pointer: String, kind: FunctionManifest.Port.Kind)] = []
        for port in plan.function.inputs {
            let references = plan.submission.inputs[port.name] ?? []
            for (index, reference) in references.enumerated() {
                let base = "/inputs/" + JSONPointer.escaped(port.name)
                let pointer = port.isList ? "\(base)/\(index)" : base
                switch reference {
                case .file(let path): files.append((path, pointer, port.kind))
                case .take(let id): findings += try await look(take: id, pointer, port.kind, project)
                case .job(let id, let output):
                    findings += try await look(job: id, output: output, pointer, port.kind, project)
                }
            }
        }
        findings += try await look(files: files, project)
        for (index, id) in plan.submission.dependsOn.enumerated() {
            findings += try await look(job: id, output: nil, "/dependsOn/\(index)", nil, project)
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
        if case .export(let path, replaces: false) = plan.destination { try await checkFree(path, project) }
    }

    /// What stands in the place of an export is people's; whoever means to replace it must say so.
    private func checkFree(_ path: String, _ project: ProjectRecord) async throws {
        let isThere = try await folders.blocking { [folders] in
            try folders.translating { try folders.open(project).status(of: RelativePath(path)) != nil }
        }
        guard !isThere else {
            throw StudioError(
                .exportExists, "there is \(path) already; choose another name, or say that it may be replaced")
        }
    }

    private func look(
        take id: TakeID, _ pointer: String, _ kind: FunctionManifest.Port.Kind, _ project: ProjectRecord
    ) async throws -> [Finding] {
        guard let take = try await takes.get(id, tenant: project.tenant), take.project == project.id else {
            return [Self.missing(pointer, "there is no such take in this project")]
        }
        return kind.takes(fileName: take.path) ? [] : [Self.mismatch(pointer, kind)]
    }

    private func look(
        job id: JobID, output: String?, _ pointer: String, _ kind: FunctionManifest.Port.Kind?, _ project: ProjectRecord
    ) async throws -> [Finding] {
        guard let job = try await jobs.get(id, tenant: project.tenant), job.project == project.id else {
            return [Self.missing(pointer, "there is no such job in this project")]
        }
        if job.state == .failed || job.state == .cancelled {
            return [
                Self.missing(pointer, "that job is \(job.state.rawValue): it will not make a file unless it is retried")
            ]
        }
        guard let kind, let function = library.current.functions[job.function] else { return [] }
        guard let made = output.map({ name in function.outputs.first { $0.name == name } }) ?? function.primaryOutput
        else {
            let what = output.map { "has no output \($0)" } ?? "makes no file"
            return [Self.missing(pointer, "the function \(function.name) \(what)")]
        }
        return kind.takes(made.kind) ? [] : [Self.mismatch(pointer, kind)]
    }

    private func look(
        files: [(path: String, pointer: String, kind: FunctionManifest.Port.Kind)], _ project: ProjectRecord
    ) async throws -> [Finding] {
        guard !files.isEmpty else { return [] }
        return try await folders.blocking { [folders] in
            let directory = try folders.open(project)
            return files.compactMap { Self.finding(file: $0, in: directory) }
        }
    }

    /// Blocks.
    private static func finding(
        file: (path: String, pointer: String, kind: FunctionManifest.Port.Kind), in directory: SafeDirectory
    ) -> Finding? {
        do {
            _ = try directory.open(RelativePath(sent: file.path, pointer: file.pointer))
            return file.kind.takes(fileName: file.path) ? nil : mismatch(file.pointer, file.kind)
        } catch let error as StudioError {
            return error.findings.first ?? missing(file.pointer, error.detail)
        } catch let error as PathError {
            return Finding(pointer: file.pointer, code: "path-invalid", detail: error.reason)
        } catch {
            return missing(file.pointer, "there is no such file in the project")
        }
    }

    private static func missing(_ pointer: String, _ detail: String) -> Finding {
        Finding(pointer: pointer, code: "input-missing", detail: detail)
    }

    private static func mismatch(_ pointer: String, _ kind: FunctionManifest.Port.Kind) -> Finding {
        Finding(pointer: pointer, code: "input-type", detail: "this input takes \(kind.rawValue)")
    }
}
