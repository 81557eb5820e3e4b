//! Days of leads and outcomes for drift, and what was found.

statements! {
    FIRST_RECEIVED = "SELECT MIN(received_at) AS at FROM leads";

    RECEIVED_LEADS = "SELECT l.id, l.facts, r.p_win FROM leads l LEFT JOIN rankings r ON r.id = l.ranking_id
        WHERE l.received_at >= $1 AND l.received_at < $2 AND l.id > $3 ORDER BY l.id LIMIT $4";

    CLOSED_LEADS = "SELECT o.lead_id, o.rep_id, o.outcome, l.created_at, r.model_id, r.ranking
        FROM outcomes o JOIN leads l ON l.id = o.lead_id JOIN rankings r ON r.id = l.ranking_id
        WHERE o.outcome IS NOT NULL AND o.closed_at >= $1 AND o.closed_at < $2 AND o.lead_id > $3
            AND r.model_id IS NOT NULL
        ORDER BY o.lead_id LIMIT $4";

    MARKS = "SELECT day, gathered_at, model_id FROM drift_days WHERE day >= $1 ORDER BY day";

    DAY_SAVE = "INSERT INTO drift_days (day, gathered_at, model_id, leads, outcomes) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (day) DO UPDATE SET gathered_at = excluded.gathered_at, model_id = excluded.model_id,
            leads = excluded.leads, outcomes = excluded.outcomes";

    LEADS_OF_DAYS = "SELECT leads FROM drift_days WHERE day >= $1 AND day <= $2 ORDER BY day";

    OUTCOMES_OF_DAYS = "SELECT outcomes FROM drift_days WHERE day >= $1 AND day <= $2 ORDER BY day";

    REPORT_SAVE = "INSERT INTO drift_reports (day, model_id, verdict, report) VALUES ($1, $2, $3, $4)
        ON CONFLICT (day) DO UPDATE SET model_id = excluded.model_id, verdict = excluded.verdict,
            report = excluded.report";

    NEWEST_REPORT = "SELECT report FROM drift_reports ORDER BY day DESC LIMIT 1";
}
