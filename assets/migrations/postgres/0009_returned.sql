-- See ../sqlite/0009_returned.sql.

ALTER TABLE leads ADD COLUMN earlier TEXT COLLATE "C";
ALTER TABLE leads ADD COLUMN open_with TEXT COLLATE "C";
ALTER TABLE leads ADD COLUMN disqualified BIGINT NOT NULL DEFAULT 0 CHECK (disqualified IN (0, 1));

CREATE TABLE rep_feedback (
    trace_id TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES decisions (trace_id) DEFERRABLE,
    lead_id  TEXT COLLATE "C" NOT NULL REFERENCES leads (id) DEFERRABLE,
    rep_id   TEXT COLLATE "C" NOT NULL,
    said     TEXT COLLATE "C" NOT NULL,
    feedback TEXT COLLATE "C" NOT NULL,
    given_at BIGINT NOT NULL
);

CREATE TRIGGER rep_feedback_no_update BEFORE UPDATE ON rep_feedback
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('the word of a rep is never changed');
CREATE TRIGGER rep_feedback_no_delete BEFORE DELETE ON rep_feedback
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('the word of a rep is never taken away');
CREATE TRIGGER rep_feedback_no_truncate BEFORE TRUNCATE ON rep_feedback
    EXECUTE FUNCTION leadboard_refuse('the word of a rep is never taken away');
