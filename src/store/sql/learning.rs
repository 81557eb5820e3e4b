//! History, models, outcomes.

statements! {
    DEAL_SAVE = "INSERT INTO deals (
            lead_id, rep_key, created_at, closed_at, closed_assumed, outcome, closed_amount, origin, saved_at, facts)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (lead_id) DO UPDATE SET rep_key = excluded.rep_key, created_at = excluded.created_at,
            closed_at = excluded.closed_at, closed_assumed = excluded.closed_assumed, outcome = excluded.outcome,
            closed_amount = excluded.closed_amount, origin = excluded.origin, saved_at = excluded.saved_at,
            facts = excluded.facts";

    DEALS = "SELECT lead_id, rep_key, closed_at, closed_assumed, outcome, closed_amount, facts
        FROM deals ORDER BY created_at, lead_id";

    /// Where a pull goes on; an empty text where none was left unfinished.
    PULL_PLACE = "SELECT value FROM meta WHERE key = 'history_pull' AND value <> ''";

    PULL_PLACE_SET = "INSERT INTO meta (key, value) VALUES ('history_pull', $1)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";

    DEAL_COUNT = "SELECT COUNT(*) AS n FROM deals";

    MODEL_INSERT = "INSERT INTO models (id, created_at, champion, promoted_at, card, artifact)
        VALUES ($1, $2, 0, $3, $4, $5)";

    MODELS = "SELECT id, created_at, champion, promoted_at, card FROM models ORDER BY created_at DESC, id DESC";

    MODEL_ARTIFACT = "SELECT artifact FROM models WHERE id = $1";

    CHAMPION = "SELECT id, created_at, champion, promoted_at, card FROM models WHERE champion = 1";

    CHAMPION_ID = "SELECT id FROM models WHERE champion = 1";

    CHAMPION_RETIRE = "UPDATE models SET champion = 0 WHERE champion = 1 AND id <> $1";

    CHAMPION_SET = "UPDATE models SET champion = 1, promoted_at = $2 WHERE id = $1";

    MODEL_EXISTS = "SELECT 1 FROM models WHERE id = $1";

    OUTCOME_SAVE = "INSERT INTO outcomes (lead_id, rep_id, outcome, closed_at, amount, read_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (lead_id) DO UPDATE SET rep_id = excluded.rep_id, outcome = excluded.outcome,
            closed_at = excluded.closed_at, amount = excluded.amount, read_at = excluded.read_at";

    OUTCOME = "SELECT lead_id, rep_id, outcome, closed_at, amount FROM outcomes WHERE lead_id = $1";
}
