//! The screens. Each has a `model` (what it shows), an `update` (what actions do to it) and a `view` (what it looks
//! like); none knows another.

pub mod digest;
pub mod disagreements;
pub mod feedback;
pub mod handoff;
pub mod lead;
pub mod model_health;
pub mod queue;
pub mod reps;
pub mod rollout;
pub mod sla;
pub mod sync;
pub mod trace;

/// Which screen is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// What needs me now?
    Queue,
    /// Why this rep?
    Lead,
    /// Where do model and legacy rules differ?
    Disagreements,
    /// Is everything written?
    Sync,
    /// May the model be trusted?
    Model,
    /// How is the team?
    Reps,
    /// Who owes a first contact?
    Sla,
    /// What happened to a lead?
    Trace,
    /// What may be executed?
    Rollout,
    /// What did managers say?
    Feedback,
    /// What is handed over?
    Handoff,
    /// What happened on a day?
    Digest,
}
