//! Decisions and feedback.

macro_rules! decision {
    () => {
        "SELECT d.trace_id, d.key, d.lead_id, d.decided_by_kind, d.decided_by_name, d.verdict, d.rejection_code,
            d.rejection_note, d.owner_kind, d.owner_id, d.legacy_kind, d.legacy_id, d.recommendation, d.p_win, d.model_id,
            d.decided_at, d.grace_until, d.undone_at, d.write_state, d.replaces, d.closed_at"
    };
}

statements! {
    /// The guard of every decision: the lead waits in a lane, and nobody decided since the manager looked.
    LEAD_DECIDE = "UPDATE leads SET state = 'decided', decisions_made = decisions_made + 1, snoozed_until = NULL
        WHERE id = $1 AND state = 'in_lane' AND decisions_made = $2 RETURNING ranking_id";

    /// The same for a decision that takes the place of one that stands (`$3`).
    LEAD_DECIDE_ANEW = "UPDATE leads SET decisions_made = decisions_made + 1
        WHERE id = $1 AND state = 'decided' AND decisions_made = $2 AND EXISTS (
            SELECT 1 FROM decisions d WHERE d.trace_id = $3 AND d.lead_id = leads.id AND d.undone_at IS NULL
                AND d.closed_at IS NULL)
        RETURNING id";

    /// What a decision rests on.
    RANKING_OF = "SELECT ranking_id FROM decisions WHERE trace_id = $1";

    /// Ends the standing of a decision that may have been written.
    CLOSE = "UPDATE decisions SET closed_at = $2 WHERE trace_id = $1 AND closed_at IS NULL AND undone_at IS NULL";

    /// Lets a decision stand again, because the one that had taken its place was never sent.
    REINSTATE = "UPDATE decisions SET closed_at = NULL WHERE trace_id = $1 AND undone_at IS NULL";

    INSERT = "INSERT INTO decisions (
            trace_id, key, lead_id, ranking_id, decided_by_kind, decided_by_name, verdict, rejection_code,
            rejection_note, owner_kind, owner_id, legacy_kind, legacy_id, recommendation, p_win, model_id, decided_at,
            grace_until, write_state, replaces, share)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";

    FEEDBACK_INSERT = "INSERT INTO training_feedback (trace_id, lead_id, verdict, rejection_code, feedback, given_at)
        VALUES ($1, $2, $3, $4, $5, $6)";

    UNDO = "UPDATE decisions SET undone_at = $2, write_state = 'undone' WHERE trace_id = $1 AND undone_at IS NULL";

    FEEDBACK_RETRACT = "UPDATE training_feedback SET retracted_at = $2 WHERE trace_id = $1";

    /// Back into the lane it was decided from.
    LEAD_REOPEN = "UPDATE leads SET state = 'in_lane' WHERE id = $1 AND state = 'decided'";

    /// A lead that was put back is open again, and is ranked anew, because that may be long after. Not if it has another
    /// owner by now than the one (`$2`, `$3`) it was put back to.
    LEAD_OPEN_AGAIN = "UPDATE leads SET state = 'pending', lane = NULL
        WHERE id = $1 AND state = 'decided' AND owner_kind = $2 AND owner_id = $3 AND converted = 0 AND deleted = 0";

    WRITE_STATE = "UPDATE decisions SET write_state = $2 WHERE trace_id = $1";

    BY_TRACE = concat!(decision!(), " FROM decisions d WHERE d.trace_id = $1");

    STANDING_OF_LEAD = concat!(decision!(), " FROM decisions d WHERE d.lead_id = $1 AND d.undone_at IS NULL
            AND d.closed_at IS NULL");

    OF_LEAD = concat!(decision!(), " FROM decisions d WHERE d.lead_id = $1 ORDER BY d.trace_id DESC");

    /// With the owner as last read.
    AFTER = concat!(
        decision!(), ", l.owner_kind AS now_kind, l.owner_id AS now_id
        FROM decisions d JOIN leads l ON l.id = d.lead_id
        WHERE d.trace_id > $1 ORDER BY d.trace_id LIMIT $2"
    );
}
