-- See ../sqlite/0012_stop.sql.

CREATE TABLE write_stops (
    id         TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (id = 'crm'),
    stopped_at BIGINT,
    stopped_by TEXT COLLATE "C",
    why        TEXT COLLATE "C",
    CHECK ((stopped_at IS NULL) = (stopped_by IS NULL)),
    CHECK ((stopped_at IS NULL) = (why IS NULL))
);

CREATE INDEX first_contacts_settled ON first_contacts (looked_at, trace_id) WHERE outcome IS NOT NULL;
CREATE INDEX deals_by_closing ON deals (closed_at, rep_key, outcome);
