-- Which companies leads are from: what the CRM has of each, and what leads of one company or person are found by.

-- What is known of a lead's company. Goes away when the lead says something else of its company, and is found out again.
CREATE TABLE lead_companies (
    lead_id  TEXT PRIMARY KEY NOT NULL REFERENCES leads (id),
    -- When the CRM last answered; null while it has not.
    asked_at INTEGER,
    -- The accounts that match, JSON; null where the CRM is not asked for accounts.
    accounts TEXT
) STRICT;

-- What a lead's company and person are found by (domain, name, address, made comparable), a row for each.
CREATE TABLE lead_keys (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    key     TEXT NOT NULL,
    lead_id TEXT NOT NULL REFERENCES leads (id),
    UNIQUE (key, lead_id)
) STRICT;
CREATE INDEX lead_keys_of_lead ON lead_keys (lead_id);

-- Whether a write goes before others that are due: that of a hot lead.
ALTER TABLE outbox ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0 CHECK (urgent IN (0, 1));
CREATE INDEX outbox_urgent ON outbox (due_at, id) WHERE urgent = 1 AND due_at IS NOT NULL;

-- Hot leads are ranked again before others.
CREATE INDEX leads_pending_hot ON leads (received_at, id) WHERE state = 'pending' AND lane = 'hot';
