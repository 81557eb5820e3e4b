//! Leads whose recommended owner is not the legacy owner.
//!
//! Of a lead whose owners are the same nothing is read but where it stands in the walk, because rankings are large: `x` is its
//! ranking only where they differ.

/// What is told of a lead, with the columns of its legacy owner.
macro_rules! told {
    ($kind:literal, $id:literal) => {
        concat!(
            "l.company, l.decisions_made, x.ranking, x.path, x.recommendation, ",
            $kind,
            " AS legacy_kind, ",
            $id,
            " AS legacy_id, CASE ",
            $kind,
            " WHEN 'rep' THEN (SELECT name FROM reps WHERE id = ",
            $id,
            ") ELSE (SELECT name FROM queues WHERE id = ",
            $id,
            ") END AS legacy,
            CASE x.route_kind WHEN 'assign_rep' THEN (SELECT name FROM reps WHERE id = x.route_id)
                ELSE (SELECT name FROM queues WHERE id = x.route_id) END AS recommended "
        )
    };
}

/// That a ranking recommends another owner than this.
macro_rules! differs {
    ($kind:literal, $id:literal) => {
        concat!("NOT (x.route_id = ", $id, " AND (x.route_kind = 'assign_rep') = (", $kind, " = 'rep')) ")
    };
}

statements! {
    /// After a place (`$1`, `$2`) in the order of the queue, `$3` leads, whether their owners differ or not.
    OPEN = concat!("SELECT l.id, l.queue_order, ", told!("g.owner_kind", "g.owner_id"),
        "FROM (SELECT id, company, decisions_made, ranking_id, queue_order FROM leads
                WHERE state = 'in_lane' AND (queue_order, id) > ($1, $2) ORDER BY queue_order, id LIMIT $3) AS l
            JOIN legacy_assignments g ON g.lead_id = l.id
            LEFT JOIN rankings x ON x.id = l.ranking_id AND ", differs!("g.owner_kind", "g.owner_id"),
        "ORDER BY l.queue_order, l.id");

    /// Before a decision (`$1`), the newest first, `$2` of them.
    DECIDED = concat!("SELECT d.trace_id, d.key, d.lead_id, d.decided_by_kind, d.decided_by_name, d.verdict, d.rejection_code,
            d.rejection_note, d.owner_kind, d.owner_id, d.p_win, d.model_id, d.decided_at, d.grace_until, d.undone_at,
            d.write_state, d.replaces, d.closed_at, ", told!("d.legacy_kind", "d.legacy_id"),
        "FROM (SELECT * FROM decisions WHERE trace_id < $1 ORDER BY trace_id DESC LIMIT $2) AS d
            JOIN leads l ON l.id = d.lead_id
            LEFT JOIN rankings x ON x.id = d.ranking_id AND d.undone_at IS NULL AND d.closed_at IS NULL
                AND d.decided_by_kind = 'manager' AND ", differs!("d.legacy_kind", "d.legacy_id"),
        "ORDER BY d.trace_id DESC");
}
