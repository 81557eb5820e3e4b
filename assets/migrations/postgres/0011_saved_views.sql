-- See ../sqlite/0011_saved_views.sql.

CREATE TABLE saved_views (
    id         TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    manager    TEXT COLLATE "C" NOT NULL,
    key        BIGINT NOT NULL CHECK (key BETWEEN 1 AND 8),
    name       TEXT COLLATE "C" NOT NULL,
    filter     TEXT COLLATE "C" NOT NULL,
    lane       TEXT COLLATE "C",
    saved_at   BIGINT NOT NULL,
    removed_at BIGINT
);
