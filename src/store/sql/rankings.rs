//! Rankings, and leads moving into lanes.

/// A ranking `r` with what it was made from.
macro_rules! made_from {
    () => {
        "SELECT r.lead_id, r.modstamp, r.ranked_at, r.model_id, r.facts, k.body AS desk, r.recommendation, r.ranking,
            r.rules, r.path, s.body AS situation, g.owner_kind AS legacy_kind, g.owner_id AS legacy_id "
    };
}

/// Where that stands.
macro_rules! joined {
    () => {
        "JOIN legacy_assignments g ON g.lead_id = r.lead_id LEFT JOIN desks k ON k.id = r.desk_id
            LEFT JOIN desks s ON s.id = r.situation_id "
    };
}

statements! {
    /// The lead as it must still be for a ranking to count, with its legacy owner.
    RANKABLE = "SELECT g.owner_kind AS legacy_kind, g.owner_id AS legacy_id
        FROM leads l JOIN legacy_assignments g ON g.lead_id = l.id
        WHERE l.id = $1 AND l.state = 'pending' AND l.modstamp = $2";

    /// A lead that has not changed since it was ranked, with its legacy owner.
    UNCHANGED = "SELECT g.owner_kind AS legacy_kind, g.owner_id AS legacy_id
        FROM leads l JOIN legacy_assignments g ON g.lead_id = l.id
        WHERE l.id = $1 AND l.modstamp = $2 AND l.converted = 0 AND l.deleted = 0";

    INSERT = "INSERT INTO rankings (
            lead_id, modstamp, model_id, ranked_at, lane, priority, route_kind, route_id, reason, p_win, legacy_p_win,
            recommendation, ranking, lead_score, lead_tier, facts, desk_id, rules, situation_id, path)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) RETURNING id";

    /// What rankings were made from is kept once.
    KEEP_DESK = "INSERT INTO desks (id, body) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";

    /// The ranking in force at a decision, with what it was made from.
    OF_DECISION = concat!(made_from!(), "FROM decisions d JOIN rankings r ON r.id = d.ranking_id ", joined!(),
        "WHERE d.trace_id = $1");

    /// The newest of a lead, likewise.
    MADE_FROM = concat!(made_from!(), "FROM leads l JOIN rankings r ON r.id = l.ranking_id ", joined!(), "WHERE l.id = $1");

    /// A lead that has become hot is not hidden any longer.
    INTO_LANE = "UPDATE leads SET
            snoozed_until = CASE WHEN $2 = 'hot' AND COALESCE(lane, '') <> 'hot' THEN NULL ELSE snoozed_until END,
            state = 'in_lane', lane = $2, queue_order = $3, ranking_id = $4, ranked_at = $5,
            first_ranked_at = COALESCE(first_ranked_at, $5)
        WHERE id = $1 AND state = 'pending'";

    /// A newer ranking of a lead that is decided.
    RENEW = "UPDATE leads SET lane = $2, queue_order = $3, ranking_id = $4, ranked_at = $5
        WHERE id = $1 AND state = 'decided'";

    NEWEST_OF_LEAD = "SELECT r.recommendation, r.ranking, r.path FROM leads l JOIN rankings r ON r.id = l.ranking_id
        WHERE l.id = $1";
}
