//! What the screens and reports ask.
//!
//! A list has three fixed statements, one for each index it can walk: by lane, by state, and everything. The other
//! conditions are parameters that switch themselves off.

/// One line of the queue. Names are looked up one by one, on the primary key, for the rows of the window only.
macro_rules! queue_rows {
    () => {
        "SELECT l.id, l.company, l.source, l.territory, l.state, l.lane, l.queue_order, l.created_at, l.received_at,
            l.snoozed_until, l.decisions_made, l.earlier, r.route_kind, r.route_id, r.reason, r.p_win, r.legacy_p_win, r.lead_score,
            r.lead_tier, d.write_state,
            CASE r.route_kind
                WHEN 'assign_rep' THEN COALESCE((SELECT name FROM reps WHERE id = r.route_id), r.route_id)
                ELSE COALESCE((SELECT name FROM queues WHERE id = r.route_id), r.route_id) END AS recommended,
            CASE g.owner_kind
                WHEN 'rep' THEN COALESCE((SELECT name FROM reps WHERE id = g.owner_id), g.owner_id)
                ELSE COALESCE((SELECT name FROM queues WHERE id = g.owner_id), g.owner_id) END AS legacy,
            CASE d.owner_kind
                WHEN 'rep' THEN COALESCE((SELECT name FROM reps WHERE id = d.owner_id), d.owner_id)
                ELSE COALESCE((SELECT name FROM queues WHERE id = d.owner_id), d.owner_id) END AS decided_owner,
            (SELECT name FROM reps WHERE id = substr(l.open_with, 4)) AS returned_by,
            h.from_manager, h.to_manager, h.note, h.handed_at
        FROM leads l
            LEFT JOIN legacy_assignments g ON g.lead_id = l.id
            LEFT JOIN rankings r ON r.id = l.ranking_id
            LEFT JOIN decisions d ON d.lead_id = l.id AND d.undone_at IS NULL AND d.closed_at IS NULL
            LEFT JOIN hand_overs h ON h.lead_id = l.id AND h.decisions = l.decisions_made
                AND l.state IN ('in_lane', 'pending') "
    };
}

/// Awake at `$2`, unless `$1` asks for the snoozed ones too.
macro_rules! awake {
    () => {
        "($1 = 1 OR l.snoozed_until IS NULL OR l.snoozed_until <= $2) "
    };
}

/// Where what is asked of the recommendation and the legacy assignment stands.
macro_rules! joined {
    () => {
        "LEFT JOIN legacy_assignments g ON g.lead_id = l.id LEFT JOIN rankings r ON r.id = l.ranking_id "
    };
}

/// The conditions of a filter (`app::filter::Condition`) as rows `t`, in the words of SQLite, and of PostgreSQL.
macro_rules! terms {
    (sqlite, $json:literal) => {
        concat!(
            "(SELECT value ->> 'field' AS field, value ->> 'negated' AS negated, value ->> 'text' AS text,
                value ->> 'low' AS low, value ->> 'high' AS high FROM json_each(",
            $json,
            ")) AS t "
        )
    };
    (postgres, $json:literal) => {
        concat!(
            "json_to_recordset(CAST(",
            $json,
            " AS JSON)) AS t(field TEXT, negated BIGINT, text TEXT, low DOUBLE PRECISION, high DOUBLE PRECISION) "
        )
    };
}

/// No condition of a filter fails. What is not known of a lead is as if the condition did not hold. Never LIKE: its case
/// rules differ, and it has wildcards.
macro_rules! passes {
    ($dialect:ident, $json:literal) => {
        concat!(
            "AND (CAST(",
            $json,
            " AS TEXT) IS NULL OR NOT EXISTS (SELECT 1 FROM ",
            terms!($dialect, $json),
            "WHERE (t.negated = 1) = COALESCE(CASE t.field
                WHEN 'any' THEN instr(l.search_text, t.text) > 0
                WHEN 'source' THEN instr(lower(l.source), t.text) > 0
                WHEN 'territory' THEN instr(lower(l.territory), t.text) > 0
                WHEN 'recommended' THEN instr(t.text, ',' || r.route_id || ',') > 0
                WHEN 'legacy' THEN instr(t.text, ',' || g.owner_id || ',') > 0
                WHEN 'handed' THEN EXISTS (SELECT 1 FROM hand_overs h WHERE h.lead_id = l.id
                    AND h.decisions = l.decisions_made AND l.state IN ('in_lane', 'pending')
                    AND instr(h.to_search, t.text) > 0)
                WHEN 'score' THEN r.lead_score BETWEEN t.low AND t.high
                WHEN 'gap' THEN (r.p_win - r.legacy_p_win) * 100 BETWEEN t.low AND t.high
                WHEN 'win' THEN r.p_win * 100 BETWEEN t.low AND t.high
                WHEN 'created' THEN l.created_at BETWEEN t.low AND t.high
                WHEN 'tier' THEN r.lead_tier = t.text
                WHEN 'state' THEN l.state = t.text
                WHEN 'lane' THEN l.lane = t.text
                WHEN 'reason' THEN EXISTS (SELECT 1 FROM decisions x
                    WHERE x.lead_id = l.id AND substr(x.rejection_code, 1, 1) = t.text AND x.undone_at IS NULL)
                END, 0 = 1))) "
        )
    };
}

/// The switchable conditions: [`awake`], and `$3`, the conditions of a filter or null.
macro_rules! queue_conditions {
    ($dialect:ident) => {
        concat!(awake!(), passes!($dialect, "$3"))
    };
}

/// From a place (`$4`, `$5`) on, that place included, at most `$6` rows.
macro_rules! onward {
    () => {
        "AND (l.queue_order, l.id) >= ($4, $5) ORDER BY l.queue_order, l.id LIMIT $6"
    };
}

/// Before a place (`$4`, `$5`), the nearest `$6` rows, nearest first.
macro_rules! backward {
    () => {
        "AND (l.queue_order, l.id) < ($4, $5) ORDER BY l.queue_order DESC, l.id DESC LIMIT $6"
    };
}

/// How many there are before a place (`$3`, `$4`), and how many in all.
macro_rules! tally {
    () => {
        "SELECT CAST(COALESCE(SUM(CASE WHEN (l.queue_order, l.id) < ($3, $4) THEN 1 ELSE 0 END), 0) AS BIGINT) AS before,
            COUNT(*) AS total FROM leads l "
    };
}

/// How many of each lane meet what follows.
macro_rules! lanes_found {
    () => {
        concat!("SELECT l.lane, COUNT(*) AS found FROM leads l ", joined!(), "WHERE l.state = 'in_lane' AND ")
    };
}

macro_rules! of_lane {
    ($key:literal) => {
        concat!("WHERE l.state = 'in_lane' AND l.lane = ", $key, " AND ")
    };
}

macro_rules! of_state {
    ($key:literal) => {
        concat!("WHERE l.state = ", $key, " AND ")
    };
}

statements! {
    LANE_ONWARD = concat!(queue_rows!(), of_lane!("$7"), queue_conditions!(sqlite), onward!()),
        postgres: concat!(queue_rows!(), of_lane!("$7"), queue_conditions!(postgres), onward!());
    LANE_BACKWARD = concat!(queue_rows!(), of_lane!("$7"), queue_conditions!(sqlite), backward!()),
        postgres: concat!(queue_rows!(), of_lane!("$7"), queue_conditions!(postgres), backward!());
    /// Without a filter, tallies come from the index alone.
    LANE_TALLY = concat!(tally!(), of_lane!("$5"), awake!());
    LANE_FOUND = concat!(tally!(), joined!(), of_lane!("$5"), awake!(), passes!(sqlite, "$6")),
        postgres: concat!(tally!(), joined!(), of_lane!("$5"), awake!(), passes!(postgres, "$6"));

    STATE_ONWARD = concat!(queue_rows!(), of_state!("$7"), queue_conditions!(sqlite), onward!()),
        postgres: concat!(queue_rows!(), of_state!("$7"), queue_conditions!(postgres), onward!());
    STATE_BACKWARD = concat!(queue_rows!(), of_state!("$7"), queue_conditions!(sqlite), backward!()),
        postgres: concat!(queue_rows!(), of_state!("$7"), queue_conditions!(postgres), backward!());
    STATE_TALLY = concat!(tally!(), of_state!("$5"), awake!());
    STATE_FOUND = concat!(tally!(), joined!(), of_state!("$5"), awake!(), passes!(sqlite, "$6")),
        postgres: concat!(tally!(), joined!(), of_state!("$5"), awake!(), passes!(postgres, "$6"));

    ALL_ONWARD = concat!(queue_rows!(), "WHERE ", queue_conditions!(sqlite), onward!()),
        postgres: concat!(queue_rows!(), "WHERE ", queue_conditions!(postgres), onward!());
    ALL_BACKWARD = concat!(queue_rows!(), "WHERE ", queue_conditions!(sqlite), backward!()),
        postgres: concat!(queue_rows!(), "WHERE ", queue_conditions!(postgres), backward!());
    ALL_TALLY = concat!(tally!(), "WHERE ", awake!());
    ALL_FOUND = concat!(tally!(), joined!(), "WHERE ", awake!(), passes!(sqlite, "$5")),
        postgres: concat!(tally!(), joined!(), "WHERE ", awake!(), passes!(postgres, "$5"));

    /// One statement, so that all five numbers are of one moment. A lead is in one of four states (the schema sees to it), and
    /// the decided ones, which are nearly all there ever were, are what the others leave of all leads: those a database counts
    /// without looking at each.
    CONSERVATION = "SELECT
            (SELECT COUNT(*) FROM intake) AS received,
            (SELECT COUNT(*) FROM leads) AS leads,
            (SELECT COUNT(*) FROM leads WHERE state = 'in_lane') AS in_lane,
            (SELECT COUNT(*) FROM leads WHERE state = 'pending') AS pending,
            (SELECT COUNT(*) FROM leads WHERE state = 'superseded') AS superseded";

    LANE_COUNTS = "SELECT lane,
            CAST(SUM(CASE WHEN snoozed_until > $1 THEN 0 ELSE 1 END) AS BIGINT) AS awake,
            CAST(SUM(CASE WHEN snoozed_until > $1 THEN 1 ELSE 0 END) AS BIGINT) AS snoozed
        FROM leads WHERE state = 'in_lane' GROUP BY lane";

    ROWS = concat!(queue_rows!(), "WHERE l.id IN (SELECT value FROM json_each($1))"),
        postgres: concat!(queue_rows!(), "WHERE l.id IN (SELECT json_array_elements_text($1::json))");

    LANES_FOUND = concat!(lanes_found!(), queue_conditions!(sqlite), "GROUP BY l.lane"),
        postgres: concat!(lanes_found!(), queue_conditions!(postgres), "GROUP BY l.lane");

    SHADOW = "SELECT l.id, l.source, l.territory, g.owner_kind AS legacy_kind, g.owner_id AS legacy_id,
            r.legacy_p_win, r.route_kind, r.route_id, r.reason, r.p_win, d.verdict, d.trace_id,
            d.owner_kind AS decided_kind, d.owner_id AS decided_id
        FROM leads l
            LEFT JOIN rankings r ON r.id = l.ranking_id
            LEFT JOIN legacy_assignments g ON g.lead_id = l.id
            LEFT JOIN decisions d ON d.lead_id = l.id AND d.undone_at IS NULL AND d.closed_at IS NULL
        WHERE l.id > $1 AND l.ranking_id IS NOT NULL ORDER BY l.id LIMIT $2";

    LATENCIES = "SELECT first_ranked_at - received_at AS micros FROM leads WHERE first_ranked_at IS NOT NULL ORDER BY 1";
}
