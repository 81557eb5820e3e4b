//! Reps and queues. Those the CRM names no more stay, unlisted, because old decisions still speak of them.

statements! {
    REPS = "SELECT id, rep_key, name, active, territory, user_name, email FROM reps WHERE listed = 1 ORDER BY id";

    QUEUES = "SELECT id, name, key FROM queues WHERE listed = 1 ORDER BY id";

    REPS_UNLIST = "UPDATE reps SET listed = 0 WHERE listed = 1";

    QUEUES_UNLIST = "UPDATE queues SET listed = 0 WHERE listed = 1";

    REP_LIST = "INSERT INTO reps (id, rep_key, name, active, territory, user_name, email, listed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
        ON CONFLICT (id) DO UPDATE SET rep_key = excluded.rep_key, name = excluded.name, active = excluded.active,
            territory = excluded.territory, user_name = excluded.user_name, email = excluded.email, listed = 1";

    QUEUE_LIST = "INSERT INTO queues (id, name, key, listed) VALUES ($1, $2, $3, 1)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, key = excluded.key, listed = 1";

    NAMES = "SELECT id, name FROM reps WHERE id IN (SELECT value FROM json_each($1))
            UNION ALL SELECT id, name FROM queues WHERE id IN (SELECT value FROM json_each($1))",
        postgres: "SELECT id, name FROM reps WHERE id IN (SELECT json_array_elements_text($1::json))
            UNION ALL SELECT id, name FROM queues WHERE id IN (SELECT json_array_elements_text($1::json))";
}
