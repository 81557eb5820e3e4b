//! The outbox: writes owed to the CRM, leases, fencing.

statements! {
    INSERT = "INSERT INTO outbox (
            idem_key, trace_id, lead_id, payload, state, attempts, not_before, due_at, lease_token, created_at,
            urgent)
        VALUES ($1, $2, $3, $4, 'ready', 0, $5, $5, 0, $6, $7)";

    OF_DECISION = "SELECT id, state, lease_token, payload FROM outbox WHERE trace_id = $1";

    /// What is owed once this one is known to have happened.
    FOLLOW = "UPDATE outbox SET followed_by = $2 WHERE id = $1";

    /// Takes back what nobody was ever handed.
    CANCEL = "UPDATE outbox SET state = 'cancelled', due_at = NULL, settled_at = $2
        WHERE id = $1 AND state = 'ready' AND lease_token = 0";

    /// Leases what is due: ready, or leased to somebody who did not finish in time. A lead has one live effect at most
    /// (a unique index sees to it), so this can never put two writes of one lead on the way. Where several workers
    /// share the database, none waits for what another is just taking.
    CLAIM = "UPDATE outbox SET state = 'leased', attempts = attempts + 1, lease_token = lease_token + 1,
            lease_owner = $1, due_at = $2
        WHERE id IN (SELECT id FROM outbox WHERE due_at <= $3 ORDER BY due_at, id LIMIT $4)
        RETURNING id, lease_token, attempts, payload",
        postgres: "WITH due AS MATERIALIZED (
            SELECT id FROM outbox WHERE due_at <= $3 ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
        UPDATE outbox SET state = 'leased', attempts = attempts + 1, lease_token = lease_token + 1,
            lease_owner = $1, due_at = $2
        FROM due WHERE outbox.id = due.id
        RETURNING outbox.id, lease_token, attempts, payload";

    /// The same of what is urgent: it goes first.
    CLAIM_URGENT = "UPDATE outbox SET state = 'leased', attempts = attempts + 1, lease_token = lease_token + 1,
            lease_owner = $1, due_at = $2
        WHERE id IN (SELECT id FROM outbox WHERE urgent = 1 AND due_at <= $3 ORDER BY due_at, id LIMIT $4)
        RETURNING id, lease_token, attempts, payload",
        postgres: "WITH due AS MATERIALIZED (
            SELECT id FROM outbox WHERE urgent = 1 AND due_at <= $3 ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
        UPDATE outbox SET state = 'leased', attempts = attempts + 1, lease_token = lease_token + 1,
            lease_owner = $1, due_at = $2
        FROM due WHERE outbox.id = due.id
        RETURNING outbox.id, lease_token, attempts, payload";

    /// Makes a lease last longer, if it is still the current one.
    RENEW = "UPDATE outbox SET due_at = $3 WHERE id = $1 AND lease_token = $2 AND state = 'leased'";

    /// Ends a lease, if it is still the current one. No row means that it was lost. `$5` is when to try again, `$8` what
    /// to write from then on if that has changed.
    SETTLE = "UPDATE outbox SET state = $3, attempts = attempts - $4, not_before = COALESCE($5, not_before), due_at = $5,
            last_error = $6, settled_at = $7, lease_owner = NULL, payload = COALESCE($8, payload)
        WHERE id = $1 AND lease_token = $2 AND state = 'leased'
        RETURNING trace_id, lead_id, attempts, followed_by";

    /// What the CRM reported back, unless a later reading has overtaken it.
    LEAD_WRITTEN = "UPDATE leads SET owner_kind = COALESCE($2, owner_kind), owner_id = COALESCE($3, owner_id),
            modified_at = COALESCE($4, modified_at), modstamp = COALESCE($5, modstamp)
        WHERE id = $1 AND modstamp <= COALESCE($5, modstamp)";

    LEAD_SUPERSEDED = "UPDATE leads SET state = 'superseded', superseded_why = $2 WHERE id = $1 AND state = 'decided'";

    RELEASE_ALL = "UPDATE outbox SET state = 'ready', due_at = not_before, lease_owner = NULL WHERE state = 'leased'";

    NEXT_AT = "SELECT MIN(due_at) AS at FROM outbox WHERE due_at IS NOT NULL";

    /// With a fresh count of attempts, because a person has looked. The lease token stays: it was handed out before.
    REVIVE = "UPDATE outbox SET state = 'ready', attempts = 0, not_before = $2, due_at = $2, settled_at = NULL
        WHERE id = $1 AND state = 'dead' RETURNING trace_id, lead_id";

    /// What is done, which is nearly all there ever was, is what the other states leave of all.
    COUNTS = "WITH others AS (SELECT state, COUNT(*) AS n FROM outbox
            WHERE state IN ('ready', 'leased', 'superseded', 'cancelled', 'dead') GROUP BY state)
        SELECT state, n FROM others
        UNION ALL SELECT 'done', (SELECT COUNT(*) FROM outbox) - CAST(COALESCE((SELECT SUM(n) FROM others), 0) AS BIGINT)";

    /// One state at a time, so that the newest come straight from the index, however many there are.
    IN_STATE = "SELECT o.id, o.lead_id, l.company, o.trace_id, o.state, o.attempts, o.not_before, o.last_error
        FROM outbox o LEFT JOIN leads l ON l.id = o.lead_id
        WHERE o.state = $1 ORDER BY o.id DESC LIMIT $2";
}
