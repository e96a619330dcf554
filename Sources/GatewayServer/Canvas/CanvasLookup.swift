import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Looks up what a canvas names, so that it can be compiled: functions, files with their hashes, and takes.
struct CanvasLookup: Sendable {
    let library: FunctionLibrary
    let takes: TakeStore
    let folders: ProjectFolders
    let digests: FileDigests

    /// The functions of the catalogue as it is now.
    var functions: CanvasFunctions {
        let revisions = library.revisions
        return CanvasFunctions(
            revisions.catalogue.functions.values.compactMap { function in
                revisions.digests[function.name].map { CanvasFunction(function, digest: $0) }
            })
    }

    /// All that a canvas is compiled with.
    ///
    /// - Parameters:
    ///   - document: The canvas.
    ///   - project: Its project.
    ///   - functions: The functions to compile it with; default the catalogue's.
    /// - Returns: What was found; what is not there is missing.
    /// - Throws: `StudioError` where the project's folder is not there; `PostgresError`.
    func surroundings(
        of document: CanvasDocument, in project: ProjectRecord, functions: CanvasFunctions? = nil
    ) async throws -> CanvasSurroundings {
        var found = CanvasSurroundings(functions: functions ?? self.functions, quality: project.quality)
        // What is too much is refused by the compiler, without a look at any of it.
        guard CanvasNeeds.count(in: document) <= found.limits.files else { return found }
        let needs = CanvasNeeds(of: document)
        for take in try await takes.published(needs.takes, of: project.id) {
            guard let sha256 = take.sha256 else { continue }
            found.takes[take.id] = CanvasFile(path: take.path, sha256: sha256, bytes: take.sizeBytes)
        }
        let looked = try await look(at: needs.files, in: project)
        found.files = looked.files
        found.faults = looked.faults
        return found
    }

    private struct Looked: Sendable {
        var files: [String: CanvasFile] = [:]
        var faults: [String: Finding] = [:]
    }

    private func look(at paths: [String], in project: ProjectRecord) async throws -> Looked {
        guard !paths.isEmpty else { return Looked() }
        let (folders, digests) = (folders, digests)
        let unread = try await folders.blocking { () -> Int64 in
            let directory = try folders.open(project)
            return paths.reduce(into: Int64(0)) { bytes, text in
                guard let path = try? RelativePath(text), let status = try? directory.status(of: path),
                    !digests.knows(status)
                else { return }
                bytes += status.size
            }
        }
        return try await folders.interruptible(bytes: unread) { check in
            let directory = try folders.open(project)
            var looked = Looked()
            for text in paths {
                try check()
                do {
                    let file = try directory.open(try RelativePath(text))
                    let content = try digests.hash(of: file.raw, path: text, check: check)
                    looked.files[text] = CanvasFile(path: text, sha256: content.digest.hex, bytes: content.size)
                } catch let error as PathError {
                    looked.faults[text] = Finding(pointer: "", code: "path-invalid", detail: error.reason)
                } catch is FileError {
                    continue
                }
            }
            return looked
        }
    }
}
