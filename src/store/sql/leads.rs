//! Leads as records: where they stand.

/// A lead with all that is known of where it stands.
macro_rules! lead_record {
    () => {
        "SELECT l.id, l.company, l.contact, l.facts, l.form, l.owner_kind, l.owner_id, l.modified_at, l.modstamp,
            l.converted, l.deleted, l.state, l.lane, l.received_at, l.ranked_at, l.snoozed_until, l.decisions_made, l.earlier,
            g.owner_kind AS legacy_kind, g.owner_id AS legacy_id, g.captured_at
        FROM leads l LEFT JOIN legacy_assignments g ON g.lead_id = l.id "
    };
}

statements! {
    CREATED_BETWEEN = "SELECT COUNT(*) AS n FROM leads WHERE created_at >= $1 AND created_at < $2";

    BY_IDS = concat!(lead_record!(), "WHERE l.id IN (SELECT value FROM json_each($1))"),
        postgres: concat!(lead_record!(), "WHERE l.id IN (SELECT json_array_elements_text($1::json))");

    BY_ID = concat!(lead_record!(), "WHERE l.id = $1");

    PENDING = concat!(lead_record!(), "WHERE l.state = 'pending' ORDER BY l.received_at, l.id LIMIT $1");

    /// Those that were hot when they were ranked last: they are ranked again before others.
    PENDING_HOT = concat!(
        lead_record!(),
        "WHERE l.state = 'pending' AND l.lane = 'hot' ORDER BY l.received_at, l.id LIMIT $1"
    );

    SNOOZE = "UPDATE leads SET snoozed_until = $2 WHERE id = $1 AND state = 'in_lane'";

    /// Where one lead stands, to say why something is refused.
    STANDING = "SELECT state, decisions_made, superseded_why, ranked_at FROM leads WHERE id = $1";
}

pub(super) use lead_record;
