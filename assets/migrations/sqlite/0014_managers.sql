-- Managers who share a store.

-- Who is at work, and which lead each has open. No record of anything: it grows old within minutes, and is not copied with
-- a store.

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

-- Leads that one manager asked another to decide.
CREATE TABLE hand_overs (
    -- A lead is handed over once at a time: the next hand-over takes the place of the one before.
    lead_id      TEXT PRIMARY KEY NOT NULL REFERENCES leads (id),
    from_manager TEXT NOT NULL,
    to_manager   TEXT NOT NULL,
    -- Whom it is for as it is searched: in lower case, between line ends, so that a whole name can be asked for.
    to_search    TEXT NOT NULL,
    note         TEXT,
    handed_at    INTEGER NOT NULL,
    -- Decisions that the lead had then. With another one the hand-over is over.
    decisions    INTEGER NOT NULL
) STRICT;

CREATE INDEX hand_overs_to ON hand_overs (to_manager, handed_at);
