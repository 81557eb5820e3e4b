//! What the screens about reps, first contacts, scopes and verdicts count.

/// Whether a lead is still one that its owner works on.
macro_rules! is_lead {
    () => {
        "l.state IN ('decided', 'superseded') AND l.converted = 0 AND l.deleted = 0 AND l.disqualified = 0 "
    };
}

/// A first contact that the rep owes: the decision stands, and the lead is still one.
macro_rules! is_owed {
    () => {
        concat!(
            "c.outcome IS NULL AND d.undone_at IS NULL AND d.closed_at IS NULL AND l.state = 'decided' AND ",
            is_lead!()
        )
    };
}

/// First contacts with their leads, of the rep `$1` or, where that is empty, of all.
macro_rules! contacts {
    () => {
        "SELECT c.trace_id, c.lead_id, l.company, c.rep_id, c.due_at, c.outcome, c.contacted_at, d.decided_at, d.write_state,
            COALESCE((SELECT name FROM reps WHERE id = c.rep_id), c.rep_id) AS rep_name,
            CAST(CASE WHEN c.outcome = 'missed' AND d.closed_at = c.looked_at THEN 1 ELSE 0 END AS BIGINT) AS reassigned,
            CASE WHEN d.undone_at IS NOT NULL THEN 'taken_back' WHEN d.closed_at IS NOT NULL THEN 'decided_anew'
                WHEN l.deleted = 1 THEN 'deleted' WHEN l.converted = 1 THEN 'converted'
                WHEN l.disqualified = 1 THEN 'disqualified'
                WHEN d.write_state = 'superseded' OR l.state = 'superseded' THEN 'superseded'
                WHEN l.owner_kind <> 'rep' OR l.owner_id <> c.rep_id THEN 'moved'
                WHEN d.write_state <> 'written' THEN 'not_written' ELSE 'unknown' END AS lapsed
        FROM first_contacts c JOIN decisions d ON d.trace_id = c.trace_id JOIN leads l ON l.id = c.lead_id
        WHERE (CAST($1 AS TEXT) = '' OR c.rep_id = $1) AND "
    };
}

/// Leads received since `$1` by a value, at most `$2` of those.
macro_rules! scopes {
    ($value:literal) => {
        concat!(
            "SELECT name, COUNT(*) AS leads, CAST(SUM(compared) AS BIGINT) AS compared, CAST(SUM(agree) AS BIGINT) AS agree,
                CAST(SUM(decided) AS BIGINT) AS decided, CAST(SUM(approved) AS BIGINT) AS approved
            FROM (SELECT COALESCE(",
            $value,
            ", '') AS name,
                CASE WHEN r.route_kind = 'assign_rep' AND g.owner_kind = 'rep' THEN 1 ELSE 0 END AS compared,
                CASE WHEN r.route_kind = 'assign_rep' AND g.owner_kind = 'rep' AND r.route_id = g.owner_id THEN 1 ELSE 0 END
                    AS agree,
                CASE WHEN d.decided_by_kind = 'manager' THEN 1 ELSE 0 END AS decided,
                CASE WHEN d.decided_by_kind = 'manager' AND instr(d.verdict, '\"approve\"') > 0 THEN 1 ELSE 0 END AS approved
            FROM leads l
                LEFT JOIN rankings r ON r.id = l.ranking_id
                LEFT JOIN legacy_assignments g ON g.lead_id = l.id
                LEFT JOIN decisions d ON d.lead_id = l.id AND d.undone_at IS NULL AND d.closed_at IS NULL
            WHERE l.received_at >= $1) AS one
            GROUP BY name ORDER BY leads DESC, name LIMIT $2"
        )
    };
}

statements! {
    NEWEST_SITUATION = "SELECT r.ranked_at, k.body FROM rankings r JOIN desks k ON k.id = r.situation_id
        WHERE r.situation_id IS NOT NULL ORDER BY r.id DESC LIMIT 1";

    OPEN_LEADS = concat!(
        "SELECT l.owner_id AS rep, COUNT(*) AS leads FROM leads l WHERE l.received_at >= $1 AND l.owner_kind = 'rep' AND ",
        is_lead!(),
        "AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.lead_id = l.id AND o.outcome IS NOT NULL)
        GROUP BY l.owner_id ORDER BY l.owner_id"
    );

    DEALS_CLOSED = "SELECT rep_key, CAST(SUM(CASE WHEN outcome = 'won' THEN 1 ELSE 0 END) AS BIGINT) AS won,
            CAST(SUM(CASE WHEN outcome = 'lost' THEN 1 ELSE 0 END) AS BIGINT) AS lost
        FROM deals WHERE closed_at >= $1 GROUP BY rep_key ORDER BY rep_key";

    CONTACTS_OWED = concat!(
        "SELECT c.rep_id, COUNT(*) AS owed, CAST(SUM(CASE WHEN c.due_at <= $1 THEN 1 ELSE 0 END) AS BIGINT) AS overdue
        FROM first_contacts c JOIN decisions d ON d.trace_id = c.trace_id JOIN leads l ON l.id = c.lead_id
        WHERE ", is_owed!(), "GROUP BY c.rep_id ORDER BY c.rep_id"
    );

    CONTACTS_SETTLED = "SELECT c.rep_id, c.outcome, COUNT(*) AS contacts,
            CAST(SUM(CASE WHEN d.closed_at = c.looked_at THEN 1 ELSE 0 END) AS BIGINT) AS reassigned
        FROM first_contacts c JOIN decisions d ON d.trace_id = c.trace_id
        WHERE c.outcome IS NOT NULL AND c.looked_at >= $1 GROUP BY c.rep_id, c.outcome ORDER BY c.rep_id, c.outcome";

    CONTACTS_LAPSING = concat!(
        "SELECT c.rep_id, COUNT(*) AS contacts
        FROM first_contacts c JOIN decisions d ON d.trace_id = c.trace_id JOIN leads l ON l.id = c.lead_id
        WHERE c.outcome IS NULL AND NOT (", is_owed!(), ") GROUP BY c.rep_id ORDER BY c.rep_id"
    );

    CONTACTS_LAPSED = concat!(contacts!(), "((c.outcome = 'moot' AND c.looked_at >= $3)
            OR (c.outcome IS NULL AND NOT (", is_owed!(), ")))
        ORDER BY d.decided_at DESC, c.trace_id DESC LIMIT $2");

    CONTACTS_DUE = concat!(contacts!(), is_owed!(), "ORDER BY c.due_at, c.trace_id LIMIT $2");

    CONTACTS_BREACHED = concat!(contacts!(), "c.outcome IN ('late', 'missed') AND c.looked_at >= $3
        ORDER BY c.looked_at DESC, c.trace_id DESC LIMIT $2");

    CONTACTS_MADE = concat!(contacts!(), "c.outcome = 'in_time' AND c.looked_at >= $3
        ORDER BY c.looked_at DESC, c.trace_id DESC LIMIT $2");

    BY_SOURCE = scopes!("l.source");
    BY_TERRITORY = scopes!("l.territory");
    BY_LEGACY = scopes!("(SELECT name FROM reps WHERE id = g.owner_id AND g.owner_kind = 'rep')");
    BY_RECOMMENDED = scopes!("(SELECT name FROM reps WHERE id = r.route_id AND r.route_kind = 'assign_rep')");

    VERDICTS = "SELECT f.verdict, f.rejection_code, COUNT(*) AS verdicts,
            CAST(SUM(CASE WHEN f.retracted_at IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS taken_back,
            CAST(SUM(CASE WHEN f.retracted_at IS NULL AND o.outcome = 'won' THEN 1 ELSE 0 END) AS BIGINT) AS won,
            CAST(SUM(CASE WHEN f.retracted_at IS NULL AND o.outcome = 'lost' THEN 1 ELSE 0 END) AS BIGINT) AS lost
        FROM training_feedback f LEFT JOIN outcomes o ON o.lead_id = f.lead_id
        WHERE f.given_at >= $1 GROUP BY f.verdict, f.rejection_code ORDER BY verdicts DESC, f.verdict, f.rejection_code";

    FIND = "SELECT id, company, state, received_at, decisions_made FROM (
            SELECT id, company, state, received_at, decisions_made, search_text FROM leads
            ORDER BY received_at DESC, id DESC LIMIT $3) AS newest
        WHERE instr(search_text, $1) > 0 ORDER BY received_at DESC, id DESC LIMIT $2";

    FIND_BY_ID = "SELECT id, company, state, received_at, decisions_made FROM leads WHERE id = $1";
}
