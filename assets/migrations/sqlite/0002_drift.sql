-- What watching for drift keeps: days of leads and outcomes in a bounded form, and what was found. Both can be made again
-- from the leads, so nothing here is guarded by triggers.

-- One row for each day (UTC; its first microsecond) on which leads may have come.
CREATE TABLE drift_days (
    day         INTEGER PRIMARY KEY NOT NULL,
    gathered_at INTEGER NOT NULL,
    -- Whose scores of the leads are in it.
    model_id    TEXT,
    -- The leads received on that day, and the outcomes of deals that closed on it: see `model::drift`.
    leads       TEXT NOT NULL,
    outcomes    TEXT NOT NULL
) STRICT;

-- The newest report of each day.
CREATE TABLE drift_reports (
    day      INTEGER PRIMARY KEY NOT NULL,
    model_id TEXT NOT NULL,
    verdict  TEXT NOT NULL CHECK (verdict IN ('too_few', 'steady', 'watch', 'act')),
    report   TEXT NOT NULL
) STRICT;

CREATE INDEX leads_by_receipt ON leads (received_at, id);
CREATE INDEX outcomes_by_closing ON outcomes (closed_at, lead_id) WHERE outcome IS NOT NULL;
