-- The studio's truth. Every rule that must hold whatever program writes is a constraint or a trigger here.

CREATE TABLE tenants (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenants,
    email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    display_name  text NOT NULL DEFAULT '',
    password_hash text NOT NULL,
    roles         text[] NOT NULL
                  CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['admin', 'producer', 'artist', 'viewer']),
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- Failed logins since the last pause of one window, per account and per address.
CREATE TABLE login_failures (
    subject        text PRIMARY KEY,
    failures       integer NOT NULL CHECK (failures > 0),
    last_failed_at timestamptz NOT NULL
);

-- What each user has: the sums of the ledger, kept beside it so that a balance is one row and a hold one update.
CREATE TABLE credit_accounts (
    user_id   uuid PRIMARY KEY REFERENCES users,
    available bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    held      bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    settled   bigint NOT NULL DEFAULT 0 CHECK (settled >= 0)
);

CREATE TABLE projects (
    id            uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenants,
    name          text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
    title         text NOT NULL,
    description   text NOT NULL DEFAULT '',
    quality       text NOT NULL DEFAULT 'standard' CHECK (quality IN ('low', 'standard', 'high')),
    created_by    uuid REFERENCES users,
    created_at    timestamptz NOT NULL DEFAULT now(),
    -- Null while the folder is being made; such a project is not seen, and a gateway that starts finishes it.
    scaffolded_at timestamptz,
    archived_at   timestamptz,
    -- Raised by every change; the ETag.
    revision      bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX projects_name ON projects (tenant_id, lower(name));

-- The manifest of every function version that a job was submitted with, by its digest: a job keeps what it was sold.
CREATE TABLE function_revisions (
    digest     text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    name       text NOT NULL,
    version    text NOT NULL,
    manifest   jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE jobs (
    id                  uuid PRIMARY KEY,
    tenant_id           uuid NOT NULL,
    project_id          uuid NOT NULL REFERENCES projects,
    user_id             uuid NOT NULL REFERENCES users,
    shot                text NOT NULL CHECK (shot ~ '^[A-Z0-9][A-Z0-9-]{0,31}$'),
    version             integer NOT NULL CHECK (version BETWEEN 1 AND 9999),
    function            text NOT NULL,
    function_revision   text NOT NULL REFERENCES function_revisions,
    parameters          jsonb NOT NULL,
    inputs              jsonb NOT NULL CHECK (jsonb_typeof(inputs) = 'object'),
    quality             text NOT NULL CHECK (quality IN ('low', 'standard', 'high')),
    queue               text NOT NULL,
    priority            smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
    max_attempts        integer NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
    timeout_seconds     integer NOT NULL CHECK (timeout_seconds BETWEEN 1 AND 604800),
    not_before          timestamptz,
    state               text NOT NULL
                        CHECK (state IN ('waiting', 'queued', 'running', 'succeeded', 'failed', 'cancelled')),
    -- The fencing token: raised by every claim, never lowered, never reused.
    attempt             integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    -- Attempts that count against max_attempts since the last retry; a drained worker's does not.
    counted_attempts    integer NOT NULL DEFAULT 0 CHECK (counted_attempts >= 0),
    -- Raised by every retry a person asks for: each round holds and settles credits of its own.
    round               integer NOT NULL DEFAULT 0 CHECK (round >= 0),
    worker_id           uuid,
    lease_expires_at    timestamptz,
    cancel_requested_at timestamptz,
    failure             jsonb,
    credits             bigint NOT NULL CHECK (credits >= 0),
    request_id          text,
    traceparent         text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    queued_at           timestamptz,
    -- When the message was last put on the runway; null means the dispatcher still owes it.
    pushed_at           timestamptz,
    started_at          timestamptz,
    finished_at         timestamptz,
    CONSTRAINT running_has_lease CHECK ((state = 'running') = (worker_id IS NOT NULL AND lease_expires_at IS NOT NULL)),
    CONSTRAINT finished_has_time CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CONSTRAINT failed_has_cause CHECK ((state = 'failed') = (failure IS NOT NULL)),
    CONSTRAINT queued_has_time CHECK (state NOT IN ('queued', 'running') OR queued_at IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX jobs_project ON jobs (project_id, id DESC);
CREATE INDEX jobs_unpushed ON jobs (queued_at) WHERE state = 'queued' AND pushed_at IS NULL;
CREATE INDEX jobs_on_runway ON jobs (pushed_at) WHERE state = 'queued' AND pushed_at IS NOT NULL;
CREATE INDEX jobs_leases ON jobs (lease_expires_at) WHERE state = 'running';
CREATE INDEX jobs_worker ON jobs (worker_id) WHERE state = 'running';

CREATE TABLE job_dependencies (
    job_id     uuid NOT NULL REFERENCES jobs,
    depends_on uuid NOT NULL REFERENCES jobs,
    PRIMARY KEY (job_id, depends_on),
    CHECK (job_id <> depends_on)
);
CREATE INDEX job_dependencies_upstream ON job_dependencies (depends_on);

CREATE TABLE job_attempts (
    job_id      uuid NOT NULL REFERENCES jobs,
    attempt     integer NOT NULL CHECK (attempt > 0),
    worker_id   uuid NOT NULL,
    worker_name text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    -- released: the worker was drained and gave it back; lost: the lease ran out.
    outcome     text CHECK (outcome IN ('succeeded', 'failed', 'cancelled', 'released', 'lost')),
    failure     jsonb,
    PRIMARY KEY (job_id, attempt),
    CHECK ((outcome IS NULL) = (finished_at IS NULL))
);

CREATE TABLE job_log_chunks (
    job_id   uuid NOT NULL REFERENCES jobs,
    attempt  integer NOT NULL,
    sequence integer NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    lines    text NOT NULL,
    PRIMARY KEY (job_id, attempt, sequence)
);

-- Every credit that ever moved. A round of a job has one hold and at most one of settle and return.
CREATE TABLE ledger_entries (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES credit_accounts,
    job_id     uuid REFERENCES jobs,
    round      integer NOT NULL DEFAULT 0,
    kind       text NOT NULL CHECK (kind IN ('grant', 'hold', 'settle', 'return')),
    amount     bigint NOT NULL CHECK (amount > 0),
    note       text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'grant') = (job_id IS NULL))
);
CREATE UNIQUE INDEX ledger_one_hold ON ledger_entries (job_id, round) WHERE kind = 'hold';
CREATE UNIQUE INDEX ledger_one_close ON ledger_entries (job_id, round) WHERE kind IN ('settle', 'return');
CREATE INDEX ledger_user ON ledger_entries (user_id, id);

CREATE TABLE take_counters (
    project_id  uuid NOT NULL REFERENCES projects,
    shot        text NOT NULL,
    version     integer NOT NULL,
    last_number integer NOT NULL CHECK (last_number > 0),
    PRIMARY KEY (project_id, shot, version)
);

CREATE TABLE takes (
    id           uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL,
    project_id   uuid NOT NULL REFERENCES projects,
    job_id       uuid NOT NULL UNIQUE REFERENCES jobs,
    shot         text NOT NULL,
    version      integer NOT NULL,
    number       integer NOT NULL CHECK (number > 0),
    path         text NOT NULL,
    media_type   text NOT NULL,
    -- Set when an attempt has a finished file, before it is linked into place; a later attempt finishes that very file.
    sha256       text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes   bigint CHECK (size_bytes >= 0),
    attempt      integer,
    probe        jsonb,
    provenance   jsonb,
    commit_id    text,
    has_thumbnail boolean NOT NULL DEFAULT false,
    rating       smallint CHECK (rating BETWEEN 0 AND 5),
    circled      boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- Null while the take is being written; such a take is not seen.
    published_at timestamptz,
    UNIQUE (project_id, shot, version, number),
    UNIQUE (project_id, path),
    CONSTRAINT published_is_whole CHECK (published_at IS NULL
        OR (sha256 IS NOT NULL AND size_bytes IS NOT NULL AND attempt IS NOT NULL AND commit_id IS NOT NULL))
);
CREATE INDEX takes_project ON takes (project_id, id DESC) WHERE published_at IS NOT NULL;

CREATE TABLE workers (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    hostname   text NOT NULL,
    pid        integer NOT NULL,
    version    text NOT NULL,
    queues     text[] NOT NULL,
    slots      integer NOT NULL CHECK (slots > 0),
    state      text NOT NULL CHECK (state IN ('serving', 'draining', 'stopped')),
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now()
);

-- The first answer to a request that creates, given again for the same key within 24 hours.
CREATE TABLE idempotency_keys (
    user_id     uuid NOT NULL REFERENCES users,
    key         text NOT NULL CHECK (key ~ '^[\x21-\x7e]{1,128}$'),
    fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    -- What the request makes, where that takes more than one transaction: whoever finishes it completes the key.
    resource_id uuid,
    -- Null while the answer is not known yet.
    status      integer,
    headers     jsonb,
    body        text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_unanswered ON idempotency_keys (resource_id) WHERE status IS NULL;

-- Durable events. Readers go by (xid, id) and only up to the oldest transaction still running
-- (pg_snapshot_xmin(pg_current_snapshot())), so that an event is never skipped because an earlier one became visible later.
CREATE TABLE events (
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id         bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id  uuid NOT NULL,
    project_id uuid NOT NULL,
    job_id     uuid,
    kind       text NOT NULL CHECK (kind IN ('job.state', 'take.created', 'project.changed')),
    payload    jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xid, id)
);
CREATE INDEX events_project ON events (project_id, xid, id);
CREATE INDEX events_age ON events USING brin (created_at);

-- What may follow what (design: the life of a job), whoever asks; and every change of state tells of itself.
CREATE FUNCTION jobs_guard_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('waiting', 'queued') OR NEW.attempt <> 0 THEN
            RAISE EXCEPTION 'job % may not begin as %', NEW.id, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'job_state_transition';
        END IF;
        RETURN NEW;
    END IF;
    -- The token rises with every claim and with nothing else.
    IF NEW.attempt <> OLD.attempt + (CASE WHEN NEW.state = 'running' AND OLD.state <> 'running' THEN 1 ELSE 0 END) THEN
        RAISE EXCEPTION 'attempt of job % may not go from % to %', OLD.id, OLD.attempt, NEW.attempt
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_rises_with_claim';
    END IF;
    IF NEW.state IS DISTINCT FROM OLD.state AND NOT (CASE OLD.state
            WHEN 'waiting' THEN NEW.state IN ('queued', 'failed', 'cancelled')
            WHEN 'queued' THEN NEW.state IN ('running', 'failed', 'cancelled')
            WHEN 'running' THEN NEW.state IN ('succeeded', 'failed', 'cancelled', 'queued')
            WHEN 'failed' THEN NEW.state IN ('queued', 'waiting')
            WHEN 'cancelled' THEN NEW.state IN ('queued', 'waiting')
            ELSE false END) THEN
        RAISE EXCEPTION 'job % may not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'job_state_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER jobs_guard_transition BEFORE INSERT OR UPDATE OF state, attempt ON jobs
    FOR EACH ROW EXECUTE FUNCTION jobs_guard_transition();

CREATE FUNCTION jobs_tell_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (tenant_id, project_id, job_id, kind, payload)
    VALUES (NEW.tenant_id, NEW.project_id, NEW.id, 'job.state',
            jsonb_strip_nulls(jsonb_build_object('state', NEW.state, 'attempt', NEW.attempt, 'failure', NEW.failure)));
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_tell_first_state AFTER INSERT ON jobs
    FOR EACH ROW EXECUTE FUNCTION jobs_tell_state();
CREATE TRIGGER jobs_tell_state AFTER UPDATE OF state ON jobs
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION jobs_tell_state();

-- The ledger and the accounts move together.
CREATE FUNCTION ledger_moves_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credit_accounts SET
        available = available + CASE NEW.kind WHEN 'grant' THEN NEW.amount WHEN 'return' THEN NEW.amount
                                              WHEN 'hold' THEN -NEW.amount ELSE 0 END,
        held      = held + CASE NEW.kind WHEN 'hold' THEN NEW.amount WHEN 'grant' THEN 0 ELSE -NEW.amount END,
        settled   = settled + CASE NEW.kind WHEN 'settle' THEN NEW.amount ELSE 0 END
    WHERE user_id = NEW.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_moves_account AFTER INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION ledger_moves_account();

-- A published take is immutable but for what people think of it.
CREATE FUNCTION takes_guard_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL
       AND (NEW.id, NEW.project_id, NEW.job_id, NEW.shot, NEW.version, NEW.number, NEW.path, NEW.sha256, NEW.size_bytes,
            NEW.published_at)
           IS DISTINCT FROM
           (OLD.id, OLD.project_id, OLD.job_id, OLD.shot, OLD.version, OLD.number, OLD.path, OLD.sha256, OLD.size_bytes,
            OLD.published_at) THEN
        RAISE EXCEPTION 'take % is published and may not change', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'published_take_is_immutable';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_guard_published BEFORE UPDATE ON takes
    FOR EACH ROW EXECUTE FUNCTION takes_guard_published();
