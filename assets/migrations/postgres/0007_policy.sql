-- See ../sqlite/0007_policy.sql.
CREATE TABLE rulebooks (
    version TEXT COLLATE "C" PRIMARY KEY,
    body    TEXT COLLATE "C" NOT NULL,
    since   BIGINT NOT NULL,
    place   TEXT COLLATE "C" NOT NULL
);

CREATE TRIGGER rulebooks_no_update BEFORE UPDATE ON rulebooks
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('a rulebook that was in force is never changed');
CREATE TRIGGER rulebooks_no_delete BEFORE DELETE ON rulebooks
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('a rulebook that was in force is never taken away');
CREATE TRIGGER rulebooks_no_truncate BEFORE TRUNCATE ON rulebooks
    EXECUTE FUNCTION leadboard_refuse('a rulebook that was in force is never taken away');

ALTER TABLE rankings ADD COLUMN rules TEXT COLLATE "C";
ALTER TABLE rankings ADD COLUMN situation_id TEXT COLLATE "C" REFERENCES desks (id) DEFERRABLE;
ALTER TABLE rankings ADD COLUMN path TEXT COLLATE "C";

ALTER TABLE decisions ADD COLUMN share TEXT COLLATE "C";
ALTER TABLE decisions ADD COLUMN booked BIGINT NOT NULL DEFAULT 0 CHECK (booked IN (0, 1));

CREATE TRIGGER decisions_share_for_ever BEFORE UPDATE OF share ON decisions FOR EACH ROW
    EXECUTE FUNCTION leadboard_refuse('of a decision only the write state and the undoing may change');

CREATE TABLE fairness_accounts (
    rep_id   TEXT COLLATE "C" PRIMARY KEY,
    got      BIGINT NOT NULL,
    entitled BIGINT NOT NULL,
    last_at  BIGINT
);

