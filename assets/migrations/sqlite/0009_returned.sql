-- Leads that reps give back.

-- Reps who were given the lead and have it no more, JSON; null where there are none.
ALTER TABLE leads ADD COLUMN earlier TEXT;
-- The owner (kind and id) that the lead is open with since it was given back last; null where it never was.
ALTER TABLE leads ADD COLUMN open_with TEXT;
-- Whether the CRM says that it is no lead at all: it takes nobody's room.
ALTER TABLE leads ADD COLUMN disqualified INTEGER NOT NULL DEFAULT 0 CHECK (disqualified IN (0, 1));

-- What training learns from reps who give leads back; one for each decision that they turn down.
CREATE TABLE rep_feedback (
    trace_id TEXT PRIMARY KEY NOT NULL REFERENCES decisions (trace_id),
    lead_id  TEXT NOT NULL REFERENCES leads (id),
    rep_id   TEXT NOT NULL,
    -- Why, in their words.
    said     TEXT NOT NULL,
    -- Facts and probabilities as they were shown to whoever decided.
    feedback TEXT NOT NULL,
    given_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER rep_feedback_no_update BEFORE UPDATE ON rep_feedback
BEGIN SELECT RAISE(ABORT, 'the word of a rep is never changed'); END;
CREATE TRIGGER rep_feedback_no_delete BEFORE DELETE ON rep_feedback
BEGIN SELECT RAISE(ABORT, 'the word of a rep is never taken away'); END;
