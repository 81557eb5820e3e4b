-- Views of the queue that managers keep under their keys: here and not in a file, so that they are there on every machine of a
-- team, and go where the store goes.

CREATE TABLE saved_views (
    -- The manager and the key, `Ana F3`.
    id         TEXT PRIMARY KEY NOT NULL,
    manager    TEXT NOT NULL,
    key        INTEGER NOT NULL CHECK (key BETWEEN 1 AND 8),
    name       TEXT NOT NULL,
    -- As it is typed.
    filter     TEXT NOT NULL,
    -- Null where the view stays in the lane that is shown.
    lane       TEXT,
    saved_at   INTEGER NOT NULL,
    -- Since when the key is free again; null while it is not.
    removed_at INTEGER
) STRICT;
