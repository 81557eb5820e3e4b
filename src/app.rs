//! Use cases: what leadboard does, said in terms of the domain, policy, the model and ports.
//!
//! Nothing here knows SQL, HTTP or the terminal. Each use case is one file and can be tested with fakes of the ports.

pub mod audit_trail;
pub mod backfill;
pub mod batch;
pub mod bench;
pub mod blind;
pub mod budget;
pub mod companies;
pub mod decide;
pub mod digest;
pub mod disagreements;
pub mod doctor;
pub mod drift;
pub mod events;
pub mod exchange;
pub mod explain;
pub mod export;
pub mod feedback;
pub mod filter;
pub mod hand_over;
pub mod handoff;
pub mod health;
pub mod intake;
pub mod learn;
pub mod outcomes;
pub mod overview;
pub mod ports;
pub mod presence;
pub mod pull;
pub mod rank;
pub mod reconcile;
pub mod replay;
pub mod reps;
pub mod returned;
pub mod rollout;
pub mod routing;
pub mod send;
pub mod shadow;
pub mod sheet;
pub mod sla;
pub mod stop;
pub mod story;
pub mod views;
pub mod what_if;

use ports::{CrmError, Stopped, StoreError};

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CRM failed.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// What was asked cannot be done now; in words, with the cure.
    #[error("{0}")]
    Refused(String),
    /// All writing to the CRM is stopped, by a person.
    #[error("{0}")]
    Stopped(Stopped),
}

impl AppError {
    /// A refusal in the words of any error.
    pub fn refused(error: impl std::fmt::Display) -> Self {
        Self::Refused(error.to_string())
    }
}
