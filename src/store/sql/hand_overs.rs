//! Leads that one manager asked another to decide.

/// Whether a hand-over `h` of a lead `l` still holds.
macro_rules! holds {
    () => {
        "h.lead_id = l.id AND h.decisions = l.decisions_made AND l.state IN ('in_lane', 'pending')"
    };
}

statements! {
    HAND_OVER = "INSERT INTO hand_overs (lead_id, from_manager, to_manager, to_search, note, handed_at, decisions)
        SELECT id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), decisions_made
        FROM leads WHERE id = $1 AND state IN ('in_lane', 'pending')
        ON CONFLICT (lead_id) DO UPDATE SET from_manager = excluded.from_manager, to_manager = excluded.to_manager,
            to_search = excluded.to_search, note = excluded.note, handed_at = excluded.handed_at,
            decisions = excluded.decisions";

    OF_LEAD = concat!("SELECT h.from_manager, h.to_manager, h.note, h.handed_at
        FROM hand_overs h JOIN leads l ON l.id = h.lead_id WHERE h.lead_id = $1 AND ", holds!());

    HANDED_TO = concat!("SELECT h.lead_id, l.company, h.from_manager, h.to_manager, h.note, h.handed_at
        FROM hand_overs h JOIN leads l ON l.id = h.lead_id WHERE h.to_manager = $1 AND ", holds!(), "
        ORDER BY h.handed_at DESC, h.lead_id LIMIT 100");

    /// Of decisions only the newest, because there may be millions.
    MANAGERS = "SELECT manager AS name FROM presence
        UNION SELECT decided_by_name AS name
            FROM (SELECT decided_by_kind, decided_by_name FROM decisions ORDER BY trace_id DESC LIMIT 5000) AS newest
            WHERE decided_by_kind = 'manager' AND decided_by_name IS NOT NULL
        ORDER BY name LIMIT 200";
}
