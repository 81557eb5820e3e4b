-- See ../sqlite/0004_audit_chain.sql.
CREATE TABLE audit_seals (
    seq      BIGINT PRIMARY KEY,
    audit_id BIGINT NOT NULL UNIQUE,
    content  TEXT COLLATE "C" NOT NULL,
    link     TEXT COLLATE "C" NOT NULL
);

CREATE TRIGGER audit_seals_no_update BEFORE UPDATE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('a seal is never changed');
CREATE TRIGGER audit_seals_no_delete BEFORE DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('a seal is never taken away');
CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON audit_seals
    EXECUTE FUNCTION leadboard_refuse('a seal is never taken away');

CREATE TABLE audit_waiting (
    audit_id BIGINT PRIMARY KEY
);

-- Every row comes and goes within moments.
ALTER TABLE audit_waiting SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

INSERT INTO audit_waiting (audit_id) SELECT id FROM audit;

CREATE INDEX audit_by_what ON audit (what, id);

CREATE TABLE desks (
    id   TEXT COLLATE "C" PRIMARY KEY,
    body TEXT COLLATE "C" NOT NULL
);

CREATE TRIGGER desks_no_update BEFORE UPDATE ON desks
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('what a ranking was made from is never changed');
CREATE TRIGGER desks_no_delete BEFORE DELETE ON desks
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('what a ranking was made from is never taken away');
CREATE TRIGGER desks_no_truncate BEFORE TRUNCATE ON desks
    EXECUTE FUNCTION leadboard_refuse('what a ranking was made from is never taken away');

ALTER TABLE rankings ADD COLUMN facts TEXT COLLATE "C";
ALTER TABLE rankings ADD COLUMN desk_id TEXT COLLATE "C" REFERENCES desks (id) DEFERRABLE;
