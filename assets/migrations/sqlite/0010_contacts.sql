-- First contacts that reps owe.

-- One for each decision that gives a lead to a rep and is written to the CRM. Looked at once, when it is due.
CREATE TABLE first_contacts (
    trace_id     TEXT PRIMARY KEY NOT NULL REFERENCES decisions (trace_id),
    lead_id      TEXT NOT NULL REFERENCES leads (id),
    rep_id       TEXT NOT NULL,
    due_at       INTEGER NOT NULL,
    -- What came of it; null while nobody has looked.
    outcome      TEXT CHECK (outcome IN ('in_time', 'late', 'missed', 'moot')),
    -- When somebody first got in touch, as far as it was known then.
    contacted_at INTEGER,
    looked_at    INTEGER
) STRICT;
CREATE INDEX first_contacts_due ON first_contacts (due_at, trace_id) WHERE outcome IS NULL;
CREATE INDEX first_contacts_of_lead ON first_contacts (lead_id);
