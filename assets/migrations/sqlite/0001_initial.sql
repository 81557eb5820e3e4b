-- The first schema. Conventions, the same for every database:
--   times are microseconds since 1970-01-01T00:00Z; flags are 0 or 1; JSON is text; ids are text as their issuer wrote
--   them; an owner is a kind ('rep' or 'queue') and an id.
-- What must never change is guarded here and not only in the program, so that a slip in a later version is refused.

-- Facts about the data directory itself: `org_id`, the CRM org to which everything below belongs.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

-- One row for each lead that ever reached us, written before the lead itself. The conservation rule counts "received"
-- here and everything else in `leads`, so that neither can vouch for itself.
CREATE TABLE intake (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    lead_id     TEXT NOT NULL UNIQUE,
    received_at INTEGER NOT NULL,
    modstamp    INTEGER NOT NULL
) STRICT;

CREATE TRIGGER intake_no_update BEFORE UPDATE ON intake
BEGIN SELECT RAISE(ABORT, 'the intake ledger is append-only'); END;
CREATE TRIGGER intake_no_delete BEFORE DELETE ON intake
BEGIN SELECT RAISE(ABORT, 'the intake ledger is append-only'); END;

CREATE TABLE reps (
    id        TEXT PRIMARY KEY NOT NULL,
    rep_key   TEXT NOT NULL,
    name      TEXT NOT NULL,
    active    INTEGER NOT NULL CHECK (active IN (0, 1)),
    territory TEXT,
    -- 0 once the CRM stops naming them; kept, because old decisions still speak of them.
    listed    INTEGER NOT NULL CHECK (listed IN (0, 1))
) STRICT;

CREATE TABLE queues (
    id     TEXT PRIMARY KEY NOT NULL,
    name   TEXT NOT NULL,
    key    TEXT NOT NULL,
    listed INTEGER NOT NULL CHECK (listed IN (0, 1))
) STRICT;

CREATE TABLE leads (
    id              TEXT PRIMARY KEY NOT NULL REFERENCES intake (lead_id),
    -- The newest reading.
    company         TEXT NOT NULL,
    contact         TEXT,
    source          TEXT,
    territory       TEXT,
    -- Company and id in lower case, so that a search folds case alike in every database.
    search_text     TEXT NOT NULL,
    facts           TEXT NOT NULL,
    owner_kind      TEXT NOT NULL CHECK (owner_kind IN ('rep', 'queue')),
    owner_id        TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    modified_at     INTEGER NOT NULL,
    modstamp        INTEGER NOT NULL,
    converted       INTEGER NOT NULL CHECK (converted IN (0, 1)),
    deleted         INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    -- Where it stands.
    state           TEXT NOT NULL CHECK (state IN ('pending', 'in_lane', 'decided', 'superseded')),
    -- Kept after a decision, so that taking it back finds the lane again.
    lane            TEXT,
    -- Minus the priority, so that the order of the queue (priority descending, id ascending) is one ascending index.
    queue_order     REAL NOT NULL,
    ranking_id      INTEGER REFERENCES rankings (id),
    snoozed_until   INTEGER,
    decisions_made  INTEGER NOT NULL CHECK (decisions_made >= 0),
    superseded_why  TEXT,
    received_at     INTEGER NOT NULL,
    first_ranked_at INTEGER,
    ranked_at       INTEGER,
    -- The record as the CRM sent it. Last, so that reading the columns above does not touch its overflow pages.
    raw             TEXT NOT NULL,
    CHECK (state NOT IN ('in_lane', 'decided') OR lane IS NOT NULL)
) STRICT;

-- `snoozed_until` makes the counts come from the index alone. `state` is constant in the partial ones; it stands
-- there because the planner prefers an index by the number of columns it can look up.
CREATE INDEX leads_by_lane ON leads (state, lane, queue_order, id, snoozed_until) WHERE state = 'in_lane';
CREATE INDEX leads_by_state ON leads (state, queue_order, id, snoozed_until);
CREATE INDEX leads_in_order ON leads (queue_order, id, snoozed_until);
CREATE INDEX leads_pending ON leads (state, received_at, id) WHERE state = 'pending';
CREATE INDEX leads_first_ranked ON leads (first_ranked_at, received_at) WHERE first_ranked_at IS NOT NULL;

CREATE TRIGGER leads_no_delete BEFORE DELETE ON leads
BEGIN SELECT RAISE(ABORT, 'leads are never deleted'); END;

CREATE TABLE legacy_assignments (
    lead_id     TEXT PRIMARY KEY NOT NULL REFERENCES leads (id),
    owner_kind  TEXT NOT NULL CHECK (owner_kind IN ('rep', 'queue')),
    owner_id    TEXT NOT NULL,
    captured_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER legacy_assignments_no_update BEFORE UPDATE ON legacy_assignments
BEGIN SELECT RAISE(ABORT, 'a legacy assignment is captured once and never changed'); END;
CREATE TRIGGER legacy_assignments_no_delete BEFORE DELETE ON legacy_assignments
BEGIN SELECT RAISE(ABORT, 'a legacy assignment is captured once and never changed'); END;

-- Every ranking that was stored; `leads.ranking_id` names the newest of a lead.
CREATE TABLE rankings (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    lead_id        TEXT NOT NULL REFERENCES leads (id),
    -- The reading it was made on.
    modstamp       INTEGER NOT NULL,
    -- Null when ranking failed; the recommendation then says what to do instead.
    model_id       TEXT,
    ranked_at      INTEGER NOT NULL,
    lane           TEXT NOT NULL,
    priority       REAL NOT NULL,
    route_kind     TEXT NOT NULL CHECK (route_kind IN ('assign_rep', 'manager_queue', 'default_queue')),
    route_id       TEXT NOT NULL,
    reason         TEXT NOT NULL,
    p_win          REAL,
    legacy_p_win   REAL,
    recommendation TEXT NOT NULL,
    ranking        TEXT
) STRICT;

CREATE INDEX rankings_by_lead ON rankings (lead_id, id);

CREATE TABLE decisions (
    trace_id        TEXT PRIMARY KEY NOT NULL,
    key             TEXT NOT NULL UNIQUE,
    lead_id         TEXT NOT NULL REFERENCES leads (id),
    -- The ranking that was in force, for replay.
    ranking_id      INTEGER REFERENCES rankings (id),
    decided_by_kind TEXT NOT NULL CHECK (decided_by_kind IN ('manager', 'automatic', 'fallback')),
    decided_by_name TEXT,
    verdict         TEXT NOT NULL,
    rejection_code  TEXT,
    rejection_note  TEXT,
    owner_kind      TEXT NOT NULL CHECK (owner_kind IN ('rep', 'queue')),
    owner_id        TEXT NOT NULL,
    legacy_kind     TEXT NOT NULL CHECK (legacy_kind IN ('rep', 'queue')),
    legacy_id       TEXT NOT NULL,
    recommendation  TEXT NOT NULL,
    p_win           REAL,
    model_id        TEXT,
    decided_at      INTEGER NOT NULL,
    grace_until     INTEGER NOT NULL,
    undone_at       INTEGER,
    write_state     TEXT NOT NULL
        CHECK (write_state IN ('waiting', 'written', 'not_wanted', 'superseded', 'failed', 'undone')),
    CHECK ((undone_at IS NULL) = (write_state <> 'undone'))
) STRICT;

CREATE INDEX decisions_by_lead ON decisions (lead_id, trace_id);
-- Two standing decisions on one lead cannot be stored.
CREATE UNIQUE INDEX decisions_standing ON decisions (lead_id) WHERE undone_at IS NULL;

CREATE TRIGGER decisions_no_update BEFORE UPDATE OF
    trace_id, key, lead_id, ranking_id, decided_by_kind, decided_by_name, verdict, rejection_code, rejection_note,
    owner_kind, owner_id, legacy_kind, legacy_id, recommendation, p_win, model_id, decided_at, grace_until
ON decisions
BEGIN SELECT RAISE(ABORT, 'of a decision only the write state and the undoing may change'); END;
CREATE TRIGGER decisions_no_second_undo BEFORE UPDATE ON decisions WHEN OLD.undone_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a decision that was taken back does not change any more'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;

CREATE TABLE training_feedback (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id       TEXT NOT NULL UNIQUE REFERENCES decisions (trace_id),
    lead_id        TEXT NOT NULL REFERENCES leads (id),
    verdict        TEXT NOT NULL,
    rejection_code TEXT,
    -- Facts and probabilities as they were shown.
    feedback       TEXT NOT NULL,
    given_at       INTEGER NOT NULL,
    -- Set when the verdict was taken back; such a row teaches nothing.
    retracted_at   INTEGER
) STRICT;

CREATE TRIGGER training_feedback_no_update BEFORE UPDATE OF
    id, trace_id, lead_id, verdict, rejection_code, feedback, given_at
ON training_feedback
BEGIN SELECT RAISE(ABORT, 'feedback may be retracted, not changed'); END;
CREATE TRIGGER training_feedback_no_delete BEFORE DELETE ON training_feedback
BEGIN SELECT RAISE(ABORT, 'feedback may be retracted, not deleted'); END;

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The key of the decision: the same write can never be owed twice.
    idem_key    TEXT NOT NULL UNIQUE,
    trace_id    TEXT NOT NULL REFERENCES decisions (trace_id),
    lead_id     TEXT NOT NULL REFERENCES leads (id),
    payload     TEXT NOT NULL,
    state       TEXT NOT NULL
        CHECK (state IN ('ready', 'leased', 'done', 'superseded', 'cancelled', 'dead')),
    attempts    INTEGER NOT NULL CHECK (attempts >= 0),
    not_before  INTEGER NOT NULL,
    -- When it may be handed out: `not_before` while ready, the end of the lease while leased, null once settled. So a
    -- sender that died needs no recovery of its own; its effects simply become due again.
    due_at      INTEGER,
    lease_owner TEXT,
    -- Rises with each lease and never falls: 0 means that the effect was never handed out to anybody.
    lease_token INTEGER NOT NULL,
    last_error  TEXT,
    created_at  INTEGER NOT NULL,
    settled_at  INTEGER,
    CHECK ((state IN ('ready', 'leased')) = (due_at IS NOT NULL)),
    CHECK ((state = 'leased') = (lease_owner IS NOT NULL))
) STRICT;

-- A lead has one write under way at most.
CREATE UNIQUE INDEX outbox_live_lead ON outbox (lead_id) WHERE due_at IS NOT NULL;
-- The live part, small whatever the outbox has seen.
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_by_state ON outbox (state, id);
CREATE INDEX outbox_by_trace ON outbox (trace_id);

CREATE TRIGGER outbox_no_delete BEFORE DELETE ON outbox
BEGIN SELECT RAISE(ABORT, 'effects are never deleted'); END;
CREATE TRIGGER outbox_no_resurrection BEFORE UPDATE OF state ON outbox
WHEN OLD.state IN ('done', 'superseded', 'cancelled') AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'a settled effect stays settled'); END;

CREATE TABLE outcomes (
    lead_id   TEXT PRIMARY KEY NOT NULL,
    rep_id    TEXT,
    outcome   TEXT CHECK (outcome IN ('won', 'lost')),
    closed_at INTEGER,
    amount    REAL,
    read_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE deals (
    lead_id        TEXT PRIMARY KEY NOT NULL,
    rep_key        TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    closed_at      INTEGER NOT NULL,
    closed_assumed INTEGER NOT NULL CHECK (closed_assumed IN (0, 1)),
    outcome        TEXT NOT NULL CHECK (outcome IN ('won', 'lost')),
    closed_amount  REAL,
    -- Where it came from: a file name, or the CRM.
    origin         TEXT NOT NULL,
    saved_at       INTEGER NOT NULL,
    facts          TEXT NOT NULL
) STRICT;

CREATE INDEX deals_in_order ON deals (created_at, lead_id);

CREATE TABLE models (
    id          TEXT PRIMARY KEY NOT NULL,
    created_at  INTEGER NOT NULL,
    champion    INTEGER NOT NULL CHECK (champion IN (0, 1)),
    promoted_at INTEGER,
    card        TEXT NOT NULL,
    artifact    TEXT NOT NULL
) STRICT;

CREATE INDEX models_in_order ON models (created_at, id);
CREATE UNIQUE INDEX models_champion ON models (champion) WHERE champion = 1;

CREATE TABLE cursors (
    name  TEXT PRIMARY KEY NOT NULL,
    low   INTEGER,
    since INTEGER
) STRICT;

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    what     TEXT NOT NULL,
    lead_id  TEXT,
    trace_id TEXT,
    details  TEXT NOT NULL
) STRICT;

CREATE INDEX audit_by_lead ON audit (lead_id, id) WHERE lead_id IS NOT NULL;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
