-- The audit trail as a chain: each record is sealed with a hash over itself and over the seal before it, so that a changed,
-- missing or re-ordered record is found. And what each ranking was made from, so that it can be made again.

CREATE TABLE audit_seals (
    -- 1, 2, 3, …: the order of the chain, without gaps.
    seq      INTEGER PRIMARY KEY NOT NULL,
    audit_id INTEGER NOT NULL UNIQUE,
    -- Hash of the record alone, and hash of the seal before, the place and the record together; hexadecimal.
    content  TEXT NOT NULL,
    link     TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_seals_no_update BEFORE UPDATE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'a seal is never changed'); END;
CREATE TRIGGER audit_seals_no_delete BEFORE DELETE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'a seal is never taken away'); END;

-- Records that wait for their seal.
CREATE TABLE audit_waiting (
    audit_id INTEGER PRIMARY KEY NOT NULL
) STRICT;

INSERT INTO audit_waiting (audit_id) SELECT id FROM audit;

CREATE TRIGGER audit_waits AFTER INSERT ON audit
BEGIN INSERT INTO audit_waiting (audit_id) VALUES (NEW.id); END;

CREATE INDEX audit_by_trace ON audit (trace_id, id) WHERE trace_id IS NOT NULL;
CREATE INDEX audit_by_what ON audit (what, id);

-- Roster, queues and settings as they were when leads were ranked, by their hash: the same for many leads.
CREATE TABLE desks (
    id   TEXT PRIMARY KEY NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TRIGGER desks_no_update BEFORE UPDATE ON desks
BEGIN SELECT RAISE(ABORT, 'what a ranking was made from is never changed'); END;
CREATE TRIGGER desks_no_delete BEFORE DELETE ON desks
BEGIN SELECT RAISE(ABORT, 'what a ranking was made from is never taken away'); END;

-- Null for rankings made before this was kept.
ALTER TABLE rankings ADD COLUMN facts TEXT;
ALTER TABLE rankings ADD COLUMN desk_id TEXT REFERENCES desks (id);
