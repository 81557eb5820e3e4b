-- See ../sqlite/0014_presence.sql.

CREATE TABLE presence (
    manager TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    seen_at BIGINT NOT NULL,
    lead_id TEXT COLLATE "C",
    since   BIGINT,
    until   BIGINT,
    CHECK ((lead_id IS NULL) = (since IS NULL)),
    CHECK ((lead_id IS NULL) = (until IS NULL))
);
