-- Managers who share a store: who is at work, and which lead each has open. No record of anything: it grows old within
-- minutes, and is not copied with a store.

CREATE TABLE presence (
    manager TEXT PRIMARY KEY NOT NULL,
    -- When they last did something; 0 once they have left.
    seen_at INTEGER NOT NULL,
    -- The lead that they have open, since when, and until when that is to be believed; null while they have none.
    lead_id TEXT,
    since   INTEGER,
    until   INTEGER,
    CHECK ((lead_id IS NULL) = (since IS NULL)),
    CHECK ((lead_id IS NULL) = (until IS NULL))
) STRICT;
