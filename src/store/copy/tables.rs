//! Every table with its columns, for copying. A test compares the list with the schema of each database, so a column that
//! a migration adds cannot be forgotten here.

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum Kind {
    Text,
    Int,
    Real,
}

/// A table. Its first column is its key.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    /// Whether the database numbers its rows.
    pub(super) numbered: bool,
    /// Rows that are in memory at once.
    pub(super) batch: usize,
    pub(in crate::store) columns: &'static [(&'static str, Kind)],
}

/// Rows of the usual size, a few kilobytes.
const ROWS: usize = 200;

/// `name { column: Kind, … }`, with `numbered` or `large` before the brace where it is.
macro_rules! tables {
    ($($name:ident $($note:ident)? { $($column:ident: $kind:ident),* $(,)? })*) => {
        &[$(Table::of(stringify!($name), &[$((stringify!($column), Kind::$kind)),*])$(.$note())?),*]
    };
}

impl Table {
    const fn of(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Self {
        Self { name, numbered: false, batch: ROWS, columns }
    }

    const fn numbered(self) -> Self {
        Self { numbered: true, ..self }
    }

    const fn large(self) -> Self {
        Self { batch: 1, ..self }
    }
}

/// All tables but `singletons` and `presence`, which say who is at work on one database at one moment.
pub(in crate::store) const TABLES: &[Table] = tables! {
    meta { key: Text, value: Text }
    intake numbered { seq: Int, lead_id: Text, received_at: Int, modstamp: Int }
    reps {
        id: Text, rep_key: Text, name: Text, active: Int, territory: Text, listed: Int, user_name: Text, email: Text,
    }
    queues { id: Text, name: Text, key: Text, listed: Int }
    leads {
        id: Text, company: Text, contact: Text, source: Text, territory: Text, search_text: Text, facts: Text,
        owner_kind: Text, owner_id: Text, created_at: Int, modified_at: Int, modstamp: Int, converted: Int, deleted: Int,
        state: Text, lane: Text, queue_order: Real, ranking_id: Int, snoozed_until: Int, decisions_made: Int,
        superseded_why: Text, received_at: Int, first_ranked_at: Int, ranked_at: Int, raw: Text, form: Text,
        earlier: Text, open_with: Text, disqualified: Int,
    }
    legacy_assignments { lead_id: Text, owner_kind: Text, owner_id: Text, captured_at: Int }
    lead_companies { lead_id: Text, asked_at: Int, accounts: Text }
    lead_keys numbered { id: Int, key: Text, lead_id: Text }
    desks { id: Text, body: Text }
    rulebooks { version: Text, body: Text, since: Int, place: Text }
    fairness_accounts { rep_id: Text, got: Int, entitled: Int, last_at: Int }
    rankings numbered {
        id: Int, lead_id: Text, modstamp: Int, model_id: Text, ranked_at: Int, lane: Text, priority: Real,
        route_kind: Text, route_id: Text, reason: Text, p_win: Real, legacy_p_win: Real, recommendation: Text,
        ranking: Text, lead_score: Int, lead_tier: Text, facts: Text, desk_id: Text,
        rules: Text, situation_id: Text, path: Text,
    }
    decisions {
        trace_id: Text, key: Text, lead_id: Text, ranking_id: Int, decided_by_kind: Text, decided_by_name: Text,
        verdict: Text, rejection_code: Text, rejection_note: Text, owner_kind: Text, owner_id: Text, legacy_kind: Text,
        legacy_id: Text, recommendation: Text, p_win: Real, model_id: Text, decided_at: Int, grace_until: Int,
        undone_at: Int, write_state: Text, replaces: Text, closed_at: Int,
        share: Text, booked: Int,
    }
    training_feedback numbered {
        id: Int, trace_id: Text, lead_id: Text, verdict: Text, rejection_code: Text, feedback: Text, given_at: Int,
        retracted_at: Int,
    }
    rep_feedback { trace_id: Text, lead_id: Text, rep_id: Text, said: Text, feedback: Text, given_at: Int }
    first_contacts {
        trace_id: Text, lead_id: Text, rep_id: Text, due_at: Int, outcome: Text, contacted_at: Int, looked_at: Int,
    }
    outbox numbered {
        id: Int, idem_key: Text, trace_id: Text, lead_id: Text, payload: Text, state: Text, attempts: Int,
        not_before: Int, due_at: Int, lease_owner: Text, lease_token: Int, last_error: Text, created_at: Int,
        settled_at: Int, followed_by: Text,
        urgent: Int,
    }
    outcomes { lead_id: Text, rep_id: Text, outcome: Text, closed_at: Int, amount: Real, read_at: Int }
    deals {
        lead_id: Text, rep_key: Text, created_at: Int, closed_at: Int, closed_assumed: Int, outcome: Text,
        closed_amount: Real, origin: Text, saved_at: Int, facts: Text,
    }
    models large { id: Text, created_at: Int, champion: Int, promoted_at: Int, card: Text, artifact: Text }
    cursors { name: Text, low: Int, since: Int }
    audit numbered { id: Int, at: Int, actor: Text, what: Text, lead_id: Text, trace_id: Text, details: Text }
    audit_seals { seq: Int, audit_id: Int, content: Text, link: Text }
    audit_waiting { audit_id: Int }
    backfill_runs numbered {
        id: Int, started_at: Int, started_by: Text, model_id: Text, selection: Text, state: Text, done_until: Text,
        tally: Text, ended_at: Int,
    }
    saved_views { id: Text, manager: Text, key: Int, name: Text, filter: Text, lane: Text, saved_at: Int, removed_at: Int }
    first_choices {
        id: Text, lead_id: Text, decisions_made: Int, manager: Text, owner_kind: Text, owner_id: Text,
        recommended_kind: Text, recommended_id: Text, chosen_at: Int,
    }
    write_stops { id: Text, stopped_at: Int, stopped_by: Text, why: Text }
    hand_overs {
        lead_id: Text, from_manager: Text, to_manager: Text, to_search: Text, note: Text, handed_at: Int, decisions: Int,
    }
    handoffs numbered { id: Int, written_at: Int, written_by: Text, note: Text, facts: Text }
    handoff_acceptances { handoff_id: Int, accepted_at: Int, accepted_by: Text }
    drift_days { day: Int, gathered_at: Int, model_id: Text, leads: Text, outcomes: Text }
    drift_reports { day: Int, model_id: Text, verdict: Text, report: Text }
};
