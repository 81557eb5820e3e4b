//! Views of the queue that managers keep.

statements! {
    ALL_VIEWS = "SELECT manager, key, name, filter, lane FROM saved_views WHERE removed_at IS NULL ORDER BY manager, key";

    SAVE = "INSERT INTO saved_views (id, manager, key, name, filter, lane, saved_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, filter = excluded.filter, lane = excluded.lane,
            saved_at = excluded.saved_at, removed_at = NULL";

    REMOVE = "UPDATE saved_views SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL";
}
