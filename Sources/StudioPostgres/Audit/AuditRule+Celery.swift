extension AuditRule {
    /// Every task of a Celery client is answered, or due to be, once its job has ended.
    static let celery = [
        AuditRule(
            name: "task-forgotten",
            sql: """
                SELECT 'job ' || j.id AS subject, 'has ended and the task ' || t.task_id || ' is not to be answered' AS detail
                FROM celery_tasks t JOIN jobs j ON j.id = t.job_id
                WHERE t.answered_at IS NULL AND t.due_at IS NULL AND j.finished_at IS NOT NULL
                """),
        AuditRule(
            name: "task-unmarked",
            sql: """
                SELECT 'job ' || j.id AS subject, 'does not know that the task ' || t.task_id || ' waits for it' AS detail
                FROM celery_tasks t JOIN jobs j ON j.id = t.job_id
                WHERE t.answered_at IS NULL AND NOT j.has_celery_task
                """),
        AuditRule(
            name: "task-late",
            sql: """
                SELECT 'job ' || id AS subject, 'was to be started by a time a minute ago and waits on' AS detail
                FROM jobs WHERE state IN ('waiting', 'queued') AND expires_at < now() - interval '1 minute'
                """),
    ]
}
