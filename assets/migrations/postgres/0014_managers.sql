-- See ../sqlite/0014_managers.sql.

CREATE TABLE presence (
    manager TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    seen_at BIGINT NOT NULL,
    lead_id TEXT COLLATE "C",
    since   BIGINT,
    until   BIGINT,
    CHECK ((lead_id IS NULL) = (since IS NULL)),
    CHECK ((lead_id IS NULL) = (until IS NULL))
);

CREATE TABLE hand_overs (
    lead_id      TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES leads (id),
    from_manager TEXT COLLATE "C" NOT NULL,
    to_manager   TEXT COLLATE "C" NOT NULL,
    to_search    TEXT COLLATE "C" NOT NULL,
    note         TEXT COLLATE "C",
    handed_at    BIGINT NOT NULL,
    decisions    BIGINT NOT NULL
);

CREATE INDEX hand_overs_to ON hand_overs (to_manager, handed_at);
