//! Back-fills: leads to be scored again, and how far a run has come.

use super::leads::lead_record;

statements! {
    /// Leads that wait in a lane and are awake (`$2`), and if asked for (`$3`) those that still have the owner that their
    /// written decision gave them; after a lead (`$1`), of a lane (`$4`), since a time (`$5`), of an owner (`$6`, `$7`).
    CANDIDATES = concat!(
        lead_record!(),
        "LEFT JOIN decisions d ON d.lead_id = l.id AND d.undone_at IS NULL AND d.closed_at IS NULL
        WHERE l.id > $1 AND l.converted = 0 AND l.deleted = 0
            AND ((l.state = 'in_lane' AND (l.snoozed_until IS NULL OR l.snoozed_until <= $2))
                OR ($3 = 1 AND l.state = 'decided' AND d.write_state = 'written'
                    AND d.owner_kind = l.owner_kind AND d.owner_id = l.owner_id))
            AND (CAST($4 AS TEXT) IS NULL OR l.lane = $4)
            AND (CAST($5 AS BIGINT) IS NULL OR l.created_at >= $5)
            AND (CAST($6 AS TEXT) IS NULL OR (l.owner_kind = $6 AND l.owner_id = $7))
        ORDER BY l.id LIMIT $8"
    );

    RUNNING = "SELECT id, started_at, started_by, model_id, selection, state, done_until, tally FROM backfill_runs
        WHERE state = 'running'";

    /// No row is written while another run is not at its end.
    BEGIN = "INSERT INTO backfill_runs (started_at, started_by, model_id, selection, state, tally)
        VALUES ($1, $2, $3, $4, 'running', $5) ON CONFLICT DO NOTHING";

    NOTE = "UPDATE backfill_runs SET done_until = $2, tally = $3 WHERE id = $1 AND state = 'running'";

    END = "UPDATE backfill_runs SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'running'";

    /// Their verdict names the run (`$1`).
    WRITES = "SELECT write_state, COUNT(*) AS n FROM decisions WHERE verdict = $1 GROUP BY write_state";
}
