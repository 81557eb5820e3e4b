-- See ../sqlite/0010_contacts.sql.

CREATE TABLE first_contacts (
    trace_id     TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES decisions (trace_id) DEFERRABLE,
    lead_id      TEXT COLLATE "C" NOT NULL REFERENCES leads (id) DEFERRABLE,
    rep_id       TEXT COLLATE "C" NOT NULL,
    due_at       BIGINT NOT NULL,
    outcome      TEXT COLLATE "C" CHECK (outcome IN ('in_time', 'late', 'missed', 'moot')),
    contacted_at BIGINT,
    looked_at    BIGINT
);
CREATE INDEX first_contacts_due ON first_contacts (due_at, trace_id) WHERE outcome IS NULL;
CREATE INDEX first_contacts_of_lead ON first_contacts (lead_id);
