//! First contacts that reps owe.

statements! {
    OWE = "INSERT INTO first_contacts (trace_id, lead_id, rep_id, due_at) VALUES ($1, $2, $3, $4)";

    /// Not those whose write is still to happen: one that waits, or that a person may revive.
    DUE = "SELECT c.trace_id, c.lead_id, c.rep_id, c.due_at, d.decided_at, d.grace_until, d.write_state,
            o.settled_at AS written_at,
            CAST(CASE WHEN d.undone_at IS NULL AND d.closed_at IS NULL THEN 1 ELSE 0 END AS BIGINT) AS stands,
            CAST(CASE WHEN d.owner_kind = d.legacy_kind AND d.owner_id = d.legacy_id THEN 1 ELSE 0 END AS BIGINT)
                AS was_theirs
        FROM first_contacts c JOIN decisions d ON d.trace_id = c.trace_id
            LEFT JOIN outbox o ON o.trace_id = c.trace_id
        WHERE c.outcome IS NULL AND c.due_at <= $1 AND d.write_state NOT IN ('waiting', 'failed')
        ORDER BY c.due_at, c.trace_id LIMIT $2";

    /// Whose it is, while nobody has settled it.
    OWED = "SELECT lead_id, rep_id, due_at FROM first_contacts WHERE trace_id = $1 AND outcome IS NULL";

    /// The leads of some decisions.
    LEADS_OF = "SELECT DISTINCT lead_id FROM first_contacts WHERE trace_id IN (SELECT value FROM json_each($1))",
        postgres: "SELECT DISTINCT lead_id FROM first_contacts
            WHERE trace_id IN (SELECT json_array_elements_text($1::json))";

    SETTLE = "UPDATE first_contacts SET outcome = $2, contacted_at = $3, looked_at = $4
        WHERE trace_id = $1 AND outcome IS NULL";

    OF_LEAD = "SELECT trace_id, rep_id, due_at, outcome, contacted_at FROM first_contacts WHERE lead_id = $1
        ORDER BY trace_id DESC";
}
