//! What managers chose before they saw what was recommended.

statements! {
    /// Nothing where there is one already.
    CHOOSE = "INSERT INTO first_choices (
            id, lead_id, decisions_made, manager, owner_kind, owner_id, recommended_kind, recommended_id, chosen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";

    OF_LEAD = "SELECT lead_id, decisions_made, manager, owner_kind, owner_id, recommended_kind, recommended_id, chosen_at
        FROM first_choices WHERE id = $1";

    /// What came of a choice is the verdict that stands, unless somebody chose again since, or it only puts back.
    CHOSEN = "SELECT COUNT(*) AS chosen, CAST(COALESCE(SUM(agrees), 0) AS BIGINT) AS agreed,
            CAST(COALESCE(SUM((1 - agrees) * decided), 0) AS BIGINT) AS differed,
            CAST(COALESCE(SUM((1 - agrees) * followed), 0) AS BIGINT) AS went_over
        FROM (SELECT
                CASE WHEN c.owner_kind = c.recommended_kind AND c.owner_id = c.recommended_id THEN 1 ELSE 0 END AS agrees,
                CASE WHEN d.trace_id IS NULL THEN 0 ELSE 1 END AS decided,
                CASE WHEN d.owner_kind = c.recommended_kind AND d.owner_id = c.recommended_id THEN 1 ELSE 0 END
                    AS followed
            FROM first_choices c LEFT JOIN decisions d ON d.lead_id = c.lead_id AND d.decided_by_kind = 'manager'
                AND d.undone_at IS NULL AND d.closed_at IS NULL AND d.replaces IS NULL AND d.decided_at >= c.chosen_at
                AND NOT EXISTS (SELECT 1 FROM first_choices later
                    WHERE later.lead_id = c.lead_id AND later.decisions_made > c.decisions_made)
            WHERE c.chosen_at >= $1) AS one";

    SEEN = "SELECT COUNT(*) AS seen,
            CAST(COALESCE(SUM(CASE WHEN d.owner_kind = 'rep' AND d.owner_id = r.route_id THEN 1 ELSE 0 END), 0) AS BIGINT)
                AS seen_agreed
        FROM decisions d JOIN rankings r ON r.id = d.ranking_id
        WHERE d.decided_at >= $1 AND d.decided_by_kind = 'manager' AND d.undone_at IS NULL AND d.closed_at IS NULL
            AND d.replaces IS NULL
            AND r.lane = 'disagree' AND r.route_kind = 'assign_rep' AND r.reason IN ('model_pick', 'model_uncleared')
            AND NOT EXISTS (SELECT 1 FROM first_choices c WHERE c.lead_id = d.lead_id)";
}
