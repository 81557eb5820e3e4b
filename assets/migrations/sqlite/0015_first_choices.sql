-- What managers chose for the leads of the blind sample, before they were shown what the model would choose.

CREATE TABLE first_choices (
    -- The decision it came before: the lead, and how many decisions it had had.
    id               TEXT PRIMARY KEY NOT NULL,
    lead_id          TEXT NOT NULL REFERENCES leads (id),
    decisions_made   INTEGER NOT NULL,
    manager          TEXT NOT NULL,
    -- Whom they would give it to.
    owner_kind       TEXT NOT NULL CHECK (owner_kind IN ('rep', 'queue')),
    owner_id         TEXT NOT NULL,
    -- What was recommended at that moment, and shown to them afterwards.
    recommended_kind TEXT NOT NULL CHECK (recommended_kind IN ('rep', 'queue')),
    recommended_id   TEXT NOT NULL,
    chosen_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX first_choices_by_time ON first_choices (chosen_at, lead_id);
CREATE TRIGGER first_choices_no_update BEFORE UPDATE ON first_choices
BEGIN SELECT RAISE(ABORT, 'a first choice is made once and never changed'); END;
CREATE TRIGGER first_choices_no_delete BEFORE DELETE ON first_choices
BEGIN SELECT RAISE(ABORT, 'a first choice is made once and never changed'); END;
