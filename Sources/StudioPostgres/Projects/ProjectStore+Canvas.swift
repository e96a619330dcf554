package import QueueProtocol

extension ProjectStore {
    /// Tells that a canvas was saved or deleted: a durable `project.changed` whose `change` is `canvas`.
    ///
    /// - Parameters:
    ///   - canvas: The canvas' name.
    ///   - etag: The tag of what it says now; nil where it was deleted.
    ///   - project: The project.
    ///   - author: Who did it.
    /// - Throws: `PostgresError`.
    package func tellCanvas(_ canvas: String, etag: String?, of project: ProjectID, by author: UserID) async throws {
        let parameters: [PostgresParameter] = [.id(project), .text(canvas), .text(etag), .id(author)]
        _ = try await database.withConnection { try $0.execute(CanvasSQL.tell, parameters) }
    }

    private enum CanvasSQL {
        static let tell = """
            INSERT INTO events (tenant_id, project_id, kind, payload)
            SELECT tenant_id, id, 'project.changed', jsonb_build_object(
                'change', 'canvas', 'revision', revision, 'canvas', $2::text, 'etag', $3::text, 'by', $4::uuid)
            FROM projects WHERE id = $1
            """
    }
}
