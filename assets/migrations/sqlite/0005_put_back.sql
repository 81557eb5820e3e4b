-- Decisions that take the place of another one: to put back what was written already, or to decide anew in a back-fill. And
-- the record of a back-fill, so that it goes on where it stopped.

-- The decision on the same lead whose place this one takes.
ALTER TABLE decisions ADD COLUMN replaces TEXT REFERENCES decisions (trace_id);
-- When it ceased to stand although it may have been written: another one took its place, or (of one that puts back) the
-- lead was open again.
ALTER TABLE decisions ADD COLUMN closed_at INTEGER;

DROP INDEX decisions_standing;
-- Two standing decisions on one lead cannot be stored.
CREATE UNIQUE INDEX decisions_standing ON decisions (lead_id) WHERE undone_at IS NULL AND closed_at IS NULL;
-- Nothing is put back or replaced twice.
CREATE UNIQUE INDEX decisions_replaced ON decisions (replaces) WHERE replaces IS NOT NULL AND undone_at IS NULL;

CREATE TRIGGER decisions_replace_for_ever BEFORE UPDATE OF replaces ON decisions
BEGIN SELECT RAISE(ABORT, 'of a decision only the write state and the undoing may change'); END;

-- The write that is owed as soon as this one is known to have happened: what it did is to be put back. JSON as `payload`;
-- whose owner it expects, and of what time, is filled in then.
ALTER TABLE outbox ADD COLUMN followed_by TEXT;

CREATE TABLE backfill_runs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at INTEGER NOT NULL,
    started_by TEXT NOT NULL,
    -- The champion at the start; no other model goes on with it.
    model_id   TEXT NOT NULL,
    -- Which leads, JSON.
    selection  TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
    -- Every lead up to this id was looked at.
    done_until TEXT,
    -- What came of them, JSON.
    tally      TEXT NOT NULL,
    ended_at   INTEGER,
    CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT;

-- One at a time.
CREATE UNIQUE INDEX backfill_running ON backfill_runs (state) WHERE state = 'running';
