//! What managers hand over, and what that is gathered from.

/// The name of an owner by its kind and id.
macro_rules! name_of {
    ($kind:literal, $rep:literal, $id:literal) => {
        concat!(
            "CASE ",
            $kind,
            " WHEN '",
            $rep,
            "' THEN COALESCE((SELECT name FROM reps WHERE id = ",
            $id,
            "), ",
            $id,
            ")
                ELSE COALESCE((SELECT name FROM queues WHERE id = ",
            $id,
            "), ",
            $id,
            ") END"
        )
    };
}

/// A lead that nobody has decided on.
macro_rules! open_lead {
    () => {
        concat!(
            "SELECT l.id, l.company, l.created_at, l.snoozed_until,
                CASE l.state WHEN 'in_lane' THEN l.lane ELSE NULL END AS lane, ",
            name_of!("r.route_kind", "assign_rep", "r.route_id"),
            " AS recommended FROM leads l LEFT JOIN rankings r ON r.id = l.ranking_id "
        )
    };
}

/// Decisions of managers since `$1` that turned down what was recommended, and stand.
macro_rules! overruling {
    () => {
        "FROM decisions d JOIN leads l ON l.id = d.lead_id LEFT JOIN rankings r ON r.id = d.ranking_id
        WHERE d.rejection_code IS NOT NULL AND d.decided_at >= $1 AND d.decided_by_kind = 'manager'
            AND d.undone_at IS NULL AND d.closed_at IS NULL "
    };
}

statements! {
    WRITE = "INSERT INTO handoffs (written_at, written_by, note, facts) VALUES ($1, $2, $3, $4) RETURNING id";

    /// Nothing where it was accepted already, and nothing of one's own.
    ACCEPT = "INSERT INTO handoff_acceptances (handoff_id, accepted_at, accepted_by)
        SELECT id, CAST($2 AS BIGINT), CAST($3 AS TEXT) FROM handoffs WHERE id = $1 AND written_by <> CAST($3 AS TEXT)
        ON CONFLICT (handoff_id) DO NOTHING";

    NEWEST = "SELECT h.id, h.written_at, h.written_by, h.note, h.facts, a.accepted_at, a.accepted_by
        FROM handoffs h LEFT JOIN handoff_acceptances a ON a.handoff_id = h.id ORDER BY h.id DESC LIMIT 1";

    AT_RISK_TALLY = "SELECT COUNT(*) AS at_risk,
            CAST(COALESCE(SUM(CASE WHEN created_at <= $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS too_late
        FROM leads WHERE state IN ('in_lane', 'pending') AND created_at <= $2";

    AT_RISK = concat!(
        open_lead!(),
        "WHERE l.state IN ('in_lane', 'pending') AND l.created_at <= $1 ORDER BY l.created_at, l.id LIMIT $2"
    );

    SNOOZED = concat!(
        open_lead!(),
        "WHERE l.state = 'in_lane' AND l.snoozed_until > $1 ORDER BY l.snoozed_until, l.id LIMIT $2"
    );

    OVERRULED_TALLY = concat!("SELECT COUNT(*) AS overruled ", overruling!());

    OVERRULED = concat!(
        "SELECT d.trace_id, d.lead_id, l.company, d.verdict, d.rejection_code, d.rejection_note, d.decided_by_name,
            d.decided_at, d.p_win AS chosen_p_win, r.p_win AS recommended_p_win, ",
        name_of!("d.owner_kind", "rep", "d.owner_id"),
        " AS chosen, ",
        name_of!("r.route_kind", "assign_rep", "r.route_id"),
        " AS recommended ",
        overruling!(),
        "ORDER BY COALESCE(r.p_win, 0) - COALESCE(d.p_win, 0) DESC, d.trace_id LIMIT $2"
    );
}
