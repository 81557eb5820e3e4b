//! The doctor: proof that the CRM lets us do what we must, before the first lead depends on it.

use async_trait::async_trait;
use serde::Serialize;

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it must be.
    Passed,
    /// It works, but somebody should know.
    Warning,
    /// leadboard cannot work, or not safely, until this is mended.
    Failed,
    /// Not looked at, because something before it failed or because nobody asked for it.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name, for scripts.
    pub id: &'static str,
    /// How it stands.
    pub state: State,
    /// What was seen, in one sentence.
    pub seen: String,
    /// What to do about it; `None` where nothing needs to be done.
    pub advice: Option<String>,
}

impl Finding {
    /// As it must be.
    pub fn passed(id: &'static str, seen: impl Into<String>) -> Self {
        Self { id, state: State::Passed, seen: seen.into(), advice: None }
    }

    /// It works, but somebody should know.
    pub fn warning(id: &'static str, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { id, state: State::Warning, seen: seen.into(), advice: Some(advice.into()) }
    }

    /// It must be mended.
    pub fn failed(id: &'static str, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { id, state: State::Failed, seen: seen.into(), advice: Some(advice.into()) }
    }

    /// Not looked at; why.
    pub fn skipped(id: &'static str, seen: impl Into<String>) -> Self {
        Self { id, state: State::Skipped, seen: seen.into(), advice: None }
    }
}

/// What the doctor is to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Questions {
    /// Key of the queue for leads that need a person.
    pub manager_queue: String,
    /// Key of the queue for technical failures.
    pub default_queue: String,
    /// Whether writes may be tried that the CRM must refuse or roll back, so that nothing is changed.
    pub probe_writes: bool,
}

/// A CRM that can be examined.
#[async_trait]
pub trait Doctor: Send + Sync {
    /// Looks at everything, in the order in which it should be mended. Never fails: what cannot be looked at is a
    /// finding too. Changes nothing that lasts.
    async fn examine(&self, questions: &Questions) -> Vec<Finding>;
}
