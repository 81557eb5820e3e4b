//! The switch that stops all writing to the CRM.

statements! {
    STOPPED = "SELECT stopped_at, stopped_by, why FROM write_stops WHERE id = 'crm' AND stopped_at IS NOT NULL";

    /// Nothing where it is stopped already: who was first, and why, stays.
    STOP = "INSERT INTO write_stops (id, stopped_at, stopped_by, why) VALUES ('crm', $1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET stopped_at = excluded.stopped_at, stopped_by = excluded.stopped_by,
            why = excluded.why
        WHERE write_stops.stopped_at IS NULL";

    RESUME = "UPDATE write_stops SET stopped_at = NULL, stopped_by = NULL, why = NULL
        WHERE id = 'crm' AND stopped_at IS NOT NULL";
}
