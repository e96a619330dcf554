import QueueProtocol
import StudioCore

/// The statements that write files, also those beside takes.
///
/// A worker's statements are planned once, at times when there are hardly any files yet: then reading all that is in an index
/// looks as cheap as finding one. So files are looked up by their keys alone, one after the other (`LATERAL … OFFSET 0`), and
/// what was found is changed by its place in the table (`ctid`).
enum JobFileSQL {
    /// Notes finished files in the place of whatever was noted before; the job is locked.
    static func record(_ claim: HeldClaim, _ files: [FinishedJobFile], on connection: PostgresConnection) throws {
        try connection.execute(forgetNoted, [.id(claim.job)])
        try insert(files.map { (claim, $0) }, on: connection)
    }

    /// Notes finished files of attempts whose jobs are locked.
    static func insert(_ files: [(claim: HeldClaim, file: FinishedJobFile)], on connection: PostgresConnection) throws {
        guard !files.isEmpty else { return }
        try connection.execute(
            insert,
            [
                .ids(files.map(\.claim.job)), .ints(files.map(\.claim.attempt)), .texts(files.map(\.file.port)),
                .texts(files.map(\.file.path)), .bools(files.map(\.file.isPrimary)),
                .texts(files.map(\.file.mediaType)),
                .texts(files.map(\.file.sha256)), .texts(files.map { String($0.file.sizeBytes) }),
                .optionalTexts(try files.map { try PostgresParameter.json($0.file.probe).text }),
            ])
    }

    static let noted = """
        SELECT \(JobFileRecord.columns) FROM job_files f WHERE f.job_id = $1 AND f.published_at IS NULL
        """
    static let notedOfAll = """
        SELECT \(JobFileRecord.columns) FROM unnest($1::uuid[]) AS e (id)
        CROSS JOIN LATERAL (SELECT * FROM job_files WHERE job_id = e.id AND published_at IS NULL OFFSET 0) f
        """
    static let forgetNoted = "DELETE FROM job_files WHERE job_id = $1 AND published_at IS NULL"
    static let lockEnded = "SELECT FROM jobs WHERE id = $1 AND state IN ('failed', 'cancelled') FOR UPDATE"
    private static let insert = """
        INSERT INTO job_files (job_id, port, project_id, path, is_primary, media_type, sha256, size_bytes, attempt, probe)
        SELECT a.job_id, a.port, j.project_id, a.path, a.is_primary, a.media_type, a.sha256, a.size_bytes, a.attempt, a.probe
        FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::bigint[],
            $9::jsonb[]) AS a (job_id, attempt, port, path, is_primary, media_type, sha256, size_bytes, probe)
        CROSS JOIN LATERAL (SELECT project_id FROM jobs WHERE id = a.job_id OFFSET 0) j
        """
    /// Files of other jobs in the places that these ones' take. Whoever changes one of them at the same moment says that it
    /// is gone as well.
    static let supersede = """
        UPDATE job_files f SET removed_at = now() WHERE f.ctid = ANY (ARRAY(
            SELECT old.ctid FROM unnest($1::uuid[]) AS e (id)
            CROSS JOIN LATERAL (SELECT project_id, path FROM job_files WHERE job_id = e.id AND published_at IS NULL OFFSET 0) n
            CROSS JOIN LATERAL (SELECT ctid, job_id FROM job_files WHERE project_id = n.project_id AND path = n.path
                AND published_at IS NOT NULL AND removed_at IS NULL OFFSET 0) old
            WHERE old.job_id <> e.id))
        """
    /// Nothing else happens where there is no file to be published: every part hangs on it. Nobody else changes what an
    /// attempt has noted while its job is locked.
    static let publish = """
        WITH published AS (
            UPDATE job_files f SET published_at = now() WHERE f.ctid = ANY (ARRAY(
                SELECT n.ctid FROM unnest($1::uuid[], $2::integer[]) AS e (id, attempt)
                CROSS JOIN LATERAL (SELECT ctid, attempt FROM job_files WHERE job_id = e.id AND published_at IS NULL OFFSET 0) n
                WHERE n.attempt = e.attempt))
            RETURNING f.job_id, f.is_primary
        ), succeeded AS (
            UPDATE jobs j SET state = 'succeeded', worker_id = NULL, lease_expires_at = NULL, finished_at = now(),
                counted_attempts = j.counted_attempts + 1, not_before = NULL
            FROM published p WHERE j.id = p.job_id AND p.is_primary
            RETURNING j.id, j.attempt, j.user_id, j.round, j.credits
        ), attempts AS (
            UPDATE job_attempts a SET finished_at = now(), outcome = 'succeeded'
            FROM succeeded s WHERE a.job_id = s.id AND a.attempt = s.attempt
        ), settled AS (
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, 'settle', credits FROM succeeded WHERE credits > 0 ORDER BY user_id, id
        )
        SELECT id, EXISTS (SELECT FROM jobs p WHERE p.part_of = s.id) AS has_parts,
               EXISTS (SELECT FROM worker_blocks) AS has_blocks
        FROM succeeded s
        """
    /// The files beside a take that is being published.
    static let publishBeside = """
        UPDATE job_files f SET published_at = now() WHERE f.job_id = $1 AND f.attempt = $2 AND f.published_at IS NULL
        """
}
