-- Routing rules and what they look at: which rulebook a ranking was made under, how things stood then, and each rep's
-- account of leads.

-- Every rulebook that was ever in force.
CREATE TABLE rulebooks (
    -- Hash of the text below: equal exactly when rules and settings are equal.
    version  TEXT PRIMARY KEY NOT NULL,
    -- `routing.toml` without comments, in one layout.
    body     TEXT NOT NULL,
    -- When it first came into force, and where it was read from.
    since    INTEGER NOT NULL,
    place    TEXT NOT NULL
) STRICT;

CREATE TRIGGER rulebooks_no_update BEFORE UPDATE ON rulebooks
BEGIN SELECT RAISE(ABORT, 'a rulebook that was in force is never changed'); END;
CREATE TRIGGER rulebooks_no_delete BEFORE DELETE ON rulebooks
BEGIN SELECT RAISE(ABORT, 'a rulebook that was in force is never taken away'); END;

-- The rules that a ranking was made under; null where there were none.
ALTER TABLE rankings ADD COLUMN rules TEXT;
-- How things stood for all leads of the moment (loads, accounts, absences): a body in `desks`.
ALTER TABLE rankings ADD COLUMN situation_id TEXT REFERENCES desks (id);
-- The way to the recommendation, JSON.
ALTER TABLE rankings ADD COLUMN path TEXT;

-- What the decision does to the accounts, JSON; null where it gives the lead to no rep.
ALTER TABLE decisions ADD COLUMN share TEXT;
-- Whether that is counted in them: while the decision stands, unless a person was faster.
ALTER TABLE decisions ADD COLUMN booked INTEGER NOT NULL DEFAULT 0 CHECK (booked IN (0, 1));

CREATE TRIGGER decisions_share_for_ever BEFORE UPDATE OF share ON decisions
BEGIN SELECT RAISE(ABORT, 'of a decision only the write state and the undoing may change'); END;

-- Each rep's account of leads, in millionths of a lead: the sum over the booked decisions.
CREATE TABLE fairness_accounts (
    rep_id   TEXT PRIMARY KEY NOT NULL,
    got      INTEGER NOT NULL,
    entitled INTEGER NOT NULL,
    -- When they last got a lead.
    last_at  INTEGER
) STRICT;

