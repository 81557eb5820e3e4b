//! Which companies leads are from.

use super::leads::lead_record;

macro_rules! earlier {
    () => {
        "SELECT DISTINCT l.id, l.company, l.contact, l.form,
            CASE WHEN l.state = 'decided' AND d.write_state <> 'written' THEN d.owner_kind ELSE l.owner_kind END AS owner_kind,
            CASE WHEN l.state = 'decided' AND d.write_state <> 'written' THEN d.owner_id ELSE l.owner_id END AS owner_id,
            CASE WHEN l.state = 'decided' THEN COALESCE(d.decided_at, l.received_at) ELSE l.received_at END AS since
        FROM lead_keys k JOIN leads l ON l.id = k.lead_id
            LEFT JOIN decisions d ON d.lead_id = l.id AND d.undone_at IS NULL AND d.closed_at IS NULL
        WHERE "
    };
}

macro_rules! of_earlier {
    () => {
        " AND l.state IN ('decided', 'superseded') AND l.deleted = 0 AND l.received_at >= $2
        ORDER BY since DESC, l.id LIMIT $3"
    };
}

statements! {
    /// Leads that cannot be ranked before the CRM was asked.
    WAITING = concat!(
        lead_record!(),
        "LEFT JOIN lead_companies c ON c.lead_id = l.id
        WHERE l.state = 'pending' AND c.asked_at IS NULL ORDER BY l.received_at, l.id LIMIT $1"
    );

    /// Leads in a lane of which the CRM was never asked, or too long ago; those first of which it is longest ago.
    STALE = concat!(
        lead_record!(),
        "LEFT JOIN lead_companies c ON c.lead_id = l.id
        WHERE l.state = 'in_lane' AND (c.asked_at IS NULL OR c.asked_at < $2)
        ORDER BY COALESCE(c.asked_at, 0), l.received_at, l.id LIMIT $1"
    );

    /// Leads that came to their end before anybody looked at companies.
    SETTLED = concat!(
        lead_record!(),
        "LEFT JOIN lead_companies c ON c.lead_id = l.id
        WHERE l.state IN ('decided', 'superseded') AND l.received_at >= $2 AND c.lead_id IS NULL
        ORDER BY l.received_at, l.id LIMIT $1"
    );

    /// The lead as it must still be for what was found out to count, with what was known before.
    BEFORE = "SELECT l.state, c.asked_at, c.accounts FROM leads l LEFT JOIN lead_companies c ON c.lead_id = l.id
        WHERE l.id = $1 AND l.modstamp = $2";

    NOTE = "INSERT INTO lead_companies (lead_id, asked_at, accounts) VALUES ($1, $2, $3)
        ON CONFLICT (lead_id) DO UPDATE SET asked_at = COALESCE(excluded.asked_at, lead_companies.asked_at),
            accounts = CASE WHEN excluded.asked_at IS NULL THEN lead_companies.accounts ELSE excluded.accounts END";

    FORGET_KEYS = "DELETE FROM lead_keys WHERE lead_id = $1";

    KEEP_KEY = "INSERT INTO lead_keys (key, lead_id) VALUES ($1, $2) ON CONFLICT (key, lead_id) DO NOTHING";

    /// What was known of a lead that says something else now.
    FORGET = "DELETE FROM lead_companies WHERE lead_id = $1";

    OF_LEADS = "SELECT lead_id, asked_at, accounts FROM lead_companies
            WHERE lead_id IN (SELECT value FROM json_each($1)) AND asked_at IS NOT NULL",
        postgres: "SELECT lead_id, asked_at, accounts FROM lead_companies
            WHERE lead_id IN (SELECT json_array_elements_text($1::json)) AND asked_at IS NOT NULL";

    /// Leads of a company or person that somebody has, the newest first: whoever the standing decision gave them to, until
    /// that is written, and then whoever the CRM says.
    EARLIER = concat!(earlier!(), "k.key IN (SELECT value FROM json_each($1))", of_earlier!()),
        postgres: concat!(earlier!(), "k.key IN (SELECT json_array_elements_text($1::json))", of_earlier!());
}
