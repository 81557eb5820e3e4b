-- The switch that stops all writing to the CRM, and what the screens of reps and of first contacts ask by.

CREATE TABLE write_stops (
    -- There is one, of everything that is written; no row says that it was never used.
    id         TEXT PRIMARY KEY NOT NULL CHECK (id = 'crm'),
    -- Since when nothing is written, who stopped it and why; null while everything is written.
    stopped_at INTEGER,
    stopped_by TEXT,
    why        TEXT,
    CHECK ((stopped_at IS NULL) = (stopped_by IS NULL)),
    CHECK ((stopped_at IS NULL) = (why IS NULL))
) STRICT;

CREATE INDEX first_contacts_settled ON first_contacts (looked_at, trace_id) WHERE outcome IS NOT NULL;
CREATE INDEX deals_by_closing ON deals (closed_at, rep_key, outcome);
