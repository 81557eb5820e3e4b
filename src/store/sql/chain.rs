//! Seals of the audit trail.

statements! {
    HEAD = "SELECT seq, audit_id, content, link FROM audit_seals ORDER BY seq DESC LIMIT 1";

    WAITING = "SELECT a.id, a.at, a.actor, a.what, a.lead_id, a.trace_id, a.details
        FROM audit_waiting w JOIN audit a ON a.id = w.audit_id ORDER BY w.audit_id LIMIT $1";

    ANY_WAITING = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM audit_waiting LIMIT 1) AS one";

    WAIT = "INSERT INTO audit_waiting (audit_id) VALUES ($1)";

    /// One at a time goes on with the chain; those who only read it need not wait. SQLite's write lock sees to that.
    ONE_SEALER = "", postgres: "LOCK TABLE audit_seals IN SHARE ROW EXCLUSIVE MODE";

    SEAL = "INSERT INTO audit_seals (seq, audit_id, content, link) VALUES ($1, $2, $3, $4)";

    NO_LONGER_WAITING = "DELETE FROM audit_waiting WHERE audit_id = $1";

    AFTER = "SELECT s.seq, s.audit_id, s.content, s.link, a.id, a.at, a.actor, a.what, a.lead_id, a.trace_id, a.details
        FROM audit_seals s LEFT JOIN audit a ON a.id = s.audit_id WHERE s.seq > $1 ORDER BY s.seq LIMIT $2";

    UNCHAINED = "SELECT a.id, a.at, a.actor, a.what, a.lead_id, a.trace_id, a.details FROM audit a
        WHERE NOT EXISTS (SELECT 1 FROM audit_seals s WHERE s.audit_id = a.id)
            AND NOT EXISTS (SELECT 1 FROM audit_waiting w WHERE w.audit_id = a.id)
        ORDER BY a.id LIMIT $1";

    TOTALS = "SELECT (SELECT COUNT(*) FROM audit) AS records, (SELECT COUNT(*) FROM audit_seals) AS seals,
            (SELECT COUNT(*) FROM audit_waiting) AS waiting";

    NEWEST_NAMED = "SELECT at, actor, what, lead_id, trace_id, details FROM audit
        WHERE what = $1 ORDER BY id DESC LIMIT 1";
}
