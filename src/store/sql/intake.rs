//! Leads coming in: the ledger, the reading, the legacy assignment, the cursor.

statements! {
    /// No row is written for a lead that is already there.
    LEDGER_APPEND = "INSERT INTO intake (lead_id, received_at, modstamp) VALUES ($1, $2, $3)
        ON CONFLICT (lead_id) DO NOTHING";

    LEAD_INSERT = "INSERT INTO leads (
            id, company, contact, source, territory, search_text, facts, owner_kind, owner_id, created_at, modified_at,
            modstamp, converted, deleted, raw, form, received_at, state, queue_order, decisions_made)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'pending', 0.0, 0)";

    LEGACY_INSERT = "INSERT INTO legacy_assignments (lead_id, owner_kind, owner_id, captured_at)
        VALUES ($1, $2, $3, $4)";

    /// The stored reading, to compare a new one with.
    READING = "SELECT id, company, contact, facts, form, owner_kind, owner_id, modified_at, modstamp, converted, deleted,
            raw, state FROM leads WHERE id = $1";

    /// Replaces the reading; where the lead stands is not touched.
    READING_REPLACE = "UPDATE leads SET
            company = $2, contact = $3, source = $4, territory = $5, search_text = $6, facts = $7, owner_kind = $8,
            owner_id = $9, created_at = $10, modified_at = $11, modstamp = $12, converted = $13, deleted = $14, raw = $15,
            form = $16
        WHERE id = $1";

    /// The lane stays, as what it was when it was ranked last.
    BACK_TO_PENDING = "UPDATE leads SET state = 'pending' WHERE id = $1 AND state = 'in_lane'";

    SUPERSEDE = "UPDATE leads SET state = 'superseded', superseded_why = $2, snoozed_until = NULL
        WHERE id = $1 AND state IN ('pending', 'in_lane')";

    /// A lead whose rep gives it back, or let its clock run out, is open again, and is ranked anew.
    GIVE_BACK = "UPDATE leads SET state = 'pending', lane = NULL, earlier = $2, open_with = $3
        WHERE id = $1 AND state = 'decided'";

    /// What training learns of it: what was shown to whoever gave it to them, else `$5`.
    REP_FEEDBACK = "INSERT INTO rep_feedback (trace_id, lead_id, rep_id, said, feedback, given_at)
        VALUES ($1, $2, $3, $4, COALESCE((SELECT feedback FROM training_feedback WHERE trace_id = $1), $5), $6)";

    DISQUALIFY = "UPDATE leads SET disqualified = $2 WHERE id = $1";

    /// A lead that is open, but that somebody took or finished in the CRM. The owner of an open lead is the rep who gave it
    /// back last, the one it was put back to last (`$3`: that verdict), or the legacy one. Who was given it after it was
    /// given back, and had it put back, was followed by whoever had given it back.
    SUPERSEDE_TAKEN = "UPDATE leads SET state = 'superseded', superseded_why = $2, snoozed_until = NULL
        WHERE id = $1 AND state IN ('pending', 'in_lane') AND (converted = 1 OR deleted = 1
            OR owner_kind || owner_id <> COALESCE(open_with,
                (SELECT d.owner_kind || d.owner_id FROM decisions d JOIN outbox o ON o.trace_id = d.trace_id
                    WHERE d.lead_id = leads.id AND d.verdict = $3 AND d.write_state = 'written'
                    ORDER BY o.id DESC LIMIT 1),
                (SELECT a.owner_kind || a.owner_id FROM legacy_assignments a WHERE a.lead_id = leads.id)))";

    CURSOR = "SELECT low, since FROM cursors WHERE name = $1";

    CURSOR_SET = "INSERT INTO cursors (name, low, since) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET low = excluded.low, since = excluded.since";

    /// How far the stream of events was heard; an empty text where that is not known.
    EVENT_PLACE = "SELECT value FROM meta WHERE key = 'lead_events' AND value <> ''";

    EVENT_PLACE_SET = "INSERT INTO meta (key, value) VALUES ('lead_events', $1)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";

    ORG = "SELECT value FROM meta WHERE key = 'org_id'";

    ORG_BIND = "INSERT INTO meta (key, value) VALUES ('org_id', $1) ON CONFLICT (key) DO NOTHING";
}
