//! Rulebooks, loads and the accounts of reps.

use super::leads::lead_record;

statements! {
    IN_FORCE = "SELECT b.version, b.body, b.since, b.place FROM meta m JOIN rulebooks b ON b.version = m.value
        WHERE m.key = 'rules_version'";

    VERSION_IN_FORCE = "SELECT value FROM meta WHERE key = 'rules_version'";

    OF_VERSION = "SELECT version, body, since, place FROM rulebooks WHERE version = $1";

    ALL_BOOKS = "SELECT version, body, since, place FROM rulebooks ORDER BY since DESC, version";

    KEEP = "INSERT INTO rulebooks (version, body, since, place) VALUES ($1, $2, $3, $4) ON CONFLICT (version) DO NOTHING";

    /// No row is written if it was in force already.
    ENFORCE = "INSERT INTO meta (key, value) VALUES ('rules_version', $1)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE meta.value <> excluded.value";

    /// Leads in a lane that were ranked under other rules.
    RANK_AGAIN = "UPDATE leads SET state = 'pending' WHERE state = 'in_lane' AND EXISTS (
        SELECT 1 FROM rankings r WHERE r.id = leads.ranking_id AND COALESCE(r.rules, '') <> $1)";

    RANK_ANEW = "UPDATE leads SET state = 'pending' WHERE id = $1 AND state = 'in_lane'";

    /// By quarters of an hour. A lead that was decided went to its new owner when that was decided; of one that a person
    /// took, all that is known is when it came. What turned out to be no lead takes nobody's room.
    GIVEN = "SELECT rep, quarter, COUNT(*) AS leads FROM (
            SELECT COALESCE(d.owner_id, l.owner_id) AS rep, COALESCE(d.decided_at, l.received_at) / 900000000 AS quarter
            FROM leads l LEFT JOIN decisions d
                ON d.lead_id = l.id AND d.undone_at IS NULL AND d.closed_at IS NULL AND l.state = 'decided'
            WHERE l.received_at >= $1 AND l.state IN ('decided', 'superseded') AND l.disqualified = 0
                AND COALESCE(d.owner_kind, l.owner_kind) = 'rep') AS one
        GROUP BY rep, quarter ORDER BY rep, quarter";

    RECEIVED_BETWEEN = concat!(
        lead_record!(),
        "WHERE l.received_at >= $1 AND l.received_at < $2 ORDER BY l.received_at, l.id LIMIT $4 OFFSET $3"
    );

    ACCOUNTS = "SELECT rep_id, got, entitled, last_at FROM fairness_accounts ORDER BY rep_id";

    ARRIVALS = "SELECT received_at / 900000000 AS quarter, COUNT(*) AS leads FROM leads WHERE received_at >= $1
        GROUP BY quarter ORDER BY quarter";

    HOLD = "SELECT value FROM meta WHERE key = 'hold' AND value <> ''";

    HOLD_SET = "INSERT INTO meta (key, value) VALUES ('hold', $1)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE meta.value <> excluded.value";

    VOCABULARY = "SELECT value FROM meta WHERE key = 'vocabulary'";

    VOCABULARY_SET = "INSERT INTO meta (key, value) VALUES ('vocabulary', $1)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE meta.value <> excluded.value";

    FEEDS = "SELECT value FROM meta WHERE key = 'absences'";

    FEEDS_SET = "INSERT INTO meta (key, value) VALUES ('absences', $1)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";

    /// The share of a decision that is to be counted from now on, if it is not.
    BOOK = "UPDATE decisions SET booked = 1 WHERE trace_id = $1 AND booked = 0 AND share IS NOT NULL RETURNING share";

    /// And that of one that is not to be counted any more.
    UNBOOK = "UPDATE decisions SET booked = 0 WHERE trace_id = $1 AND booked = 1 RETURNING share";

    ACCOUNT = "INSERT INTO fairness_accounts (rep_id, got, entitled, last_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (rep_id) DO UPDATE SET got = fairness_accounts.got + excluded.got,
            entitled = fairness_accounts.entitled + excluded.entitled,
            last_at = CASE WHEN fairness_accounts.last_at IS NULL OR fairness_accounts.last_at < excluded.last_at
                THEN excluded.last_at ELSE fairness_accounts.last_at END";
}
