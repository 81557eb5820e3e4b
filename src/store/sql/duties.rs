//! What only PostgreSQL needs, because several workers may share it: locks of leads, and leases of work that only one of
//! them may do.

/// Microseconds since the epoch by the server's clock, which is the same for all workers.
macro_rules! server_time {
    () => {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
    };
}

statements! {
    /// Locks leads until the transaction ends, always in the same order, so that two transactions cannot wait for each
    /// other. `NO KEY`, so that rows that merely refer to the lead need not wait.
    LOCK_LEADS = "", postgres: "SELECT id FROM leads WHERE id IN (SELECT json_array_elements_text($1::json))
        ORDER BY id FOR NO KEY UPDATE";

    /// Whether somebody else does it. Asked first, because trying to take the lease locks its row and writes.
    TAKEN = "", postgres: concat!(
        "SELECT token FROM singletons WHERE name = $1 AND owner <> $2 AND lease_until > ", server_time!()
    );

    /// Takes the lease if it is free or ours. The token rises with each change of hands.
    HOLD = "", postgres: concat!(
        "INSERT INTO singletons (name, owner, token, lease_until) VALUES ($1, $2, 1, ", server_time!(), " + $3)
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until,
            token = singletons.token + CASE WHEN singletons.owner = excluded.owner THEN 0 ELSE 1 END
        WHERE singletons.owner = excluded.owner OR singletons.lease_until <= ", server_time!(), " RETURNING token"
    );

    /// Ends the lease now, if it is still ours.
    LET_GO = "", postgres: "UPDATE singletons SET lease_until = 0 WHERE name = $1 AND owner = $2";

    /// Leases that have not run out.
    HELD = "", postgres: concat!("SELECT name, owner FROM singletons WHERE lease_until > ", server_time!());

    SERVER_TIME = "", postgres: concat!("SELECT ", server_time!(), " AS now");

    /// Changes when an audit event is added, also one that was numbered early and committed late: then it appears among
    /// the newest and pushes another out.
    NEWEST_EVENTS = "", postgres: "SELECT CAST(COALESCE(SUM(id), 0) AS BIGINT) AS version
        FROM (SELECT id FROM audit ORDER BY id DESC LIMIT 1000) AS newest";

    /// Wakes those who listen. In a transaction of its own, because it takes a lock that all committers share.
    NOTIFY = "", postgres: "SELECT pg_notify($1, $2)";
}
