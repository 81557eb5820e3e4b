-- What a manager hands over at the end of a shift, and who took it over. Neither ever changes.

CREATE TABLE handoffs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    written_at INTEGER NOT NULL,
    written_by TEXT NOT NULL,
    -- In their words; null where they wrote none.
    note       TEXT,
    -- How things stood at that moment, JSON (app::handoff::Facts).
    facts      TEXT NOT NULL
) STRICT;

CREATE TABLE handoff_acceptances (
    -- Taken over once, by one manager.
    handoff_id  INTEGER PRIMARY KEY NOT NULL REFERENCES handoffs (id),
    accepted_at INTEGER NOT NULL,
    accepted_by TEXT NOT NULL
) STRICT;

CREATE TRIGGER handoffs_no_update BEFORE UPDATE ON handoffs
BEGIN SELECT RAISE(ABORT, 'what was handed over never changes'); END;
CREATE TRIGGER handoffs_no_delete BEFORE DELETE ON handoffs
BEGIN SELECT RAISE(ABORT, 'what was handed over never changes'); END;
CREATE TRIGGER handoff_acceptances_no_update BEFORE UPDATE ON handoff_acceptances
BEGIN SELECT RAISE(ABORT, 'a handoff is accepted once'); END;
CREATE TRIGGER handoff_acceptances_no_delete BEFORE DELETE ON handoff_acceptances
BEGIN SELECT RAISE(ABORT, 'a handoff is accepted once'); END;

-- What managers overruled, by time.
CREATE INDEX decisions_overruling ON decisions (decided_at) WHERE rejection_code IS NOT NULL;
