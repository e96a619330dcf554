-- What people change counts its changes, so that nobody undoes what they have not seen.

ALTER TABLE users ADD COLUMN revision bigint NOT NULL DEFAULT 1;
-- Of what people think of the take: nothing else of a published take changes.
ALTER TABLE takes ADD COLUMN revision bigint NOT NULL DEFAULT 1;
