//! The audit trail.

statements! {
    APPEND = "INSERT INTO audit (at, actor, what, lead_id, trace_id, details) VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING id";

    NEWEST = "SELECT at, actor, what, lead_id, trace_id, details FROM audit ORDER BY id DESC LIMIT $1";

    NEWEST_OF_LEAD = "SELECT at, actor, what, lead_id, trace_id, details FROM audit
        WHERE lead_id = $1 ORDER BY id DESC LIMIT $2";
}
