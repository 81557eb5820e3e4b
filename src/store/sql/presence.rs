//! Who of the managers is at work.

statements! {
    NOTE = "INSERT INTO presence (manager, seen_at, lead_id, since, until) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (manager) DO UPDATE SET
            since = CASE WHEN presence.lead_id = excluded.lead_id AND presence.until > excluded.seen_at
                THEN presence.since ELSE excluded.since END,
            seen_at = excluded.seen_at, lead_id = excluded.lead_id, until = excluded.until
        WHERE presence.seen_at <= excluded.seen_at";

    LEAVE = "UPDATE presence SET seen_at = 0, lead_id = NULL, since = NULL, until = NULL
        WHERE manager = $1 AND (lead_id IS NULL OR lead_id = $2)";

    PRESENT = "SELECT manager, seen_at, lead_id, since, until FROM presence WHERE seen_at > $1
        ORDER BY seen_at DESC, manager LIMIT 50";
}
