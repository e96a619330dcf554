-- A change of a project's row that may not be in its project.json yet: since when, and whose it is. Set with the change and
-- cleared when the file is committed, so that a gateway killed between the two is made up for by the next.

ALTER TABLE projects
    ADD COLUMN manifest_due_at timestamptz,
    ADD COLUMN manifest_due_by uuid REFERENCES users;

CREATE INDEX projects_manifest_due ON projects (manifest_due_at) WHERE manifest_due_at IS NOT NULL;
