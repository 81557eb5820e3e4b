//! Handing leads over: one manager asks another to decide them.
//!
//! It gives nobody a right and takes none away: whoever gives a verdict first decides, and with that it is over.

use serde::{Deserialize, Serialize};

use super::AppError;
use super::batch::MOST;
use super::ports::{Clock, HandOver, Store, StoreError};
use super::presence::called;
use crate::domain::ids::LeadId;

/// Longest note, in characters.
pub const NOTE: usize = 1_000;

/// What came of handing over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// To whom, raw.
    pub to: String,
    /// The leads that were handed over.
    pub leads: Vec<LeadId>,
    /// Those that were not, because they wait for no verdict, or are not there.
    pub left_out: Vec<LeadId>,
}

/// The managers whom a manager can hand leads to: all others whom this store knows.
pub async fn managers(store: &dyn Store, me: &str) -> Result<Vec<String>, StoreError> {
    let mut all: Vec<String> = store.managers().await?.iter().map(|name| called(name)).collect();
    let me = called(me);
    all.retain(|name| *name != me && !name.trim().is_empty());
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Hands leads over.
///
/// # Errors
/// Refused for a manager whom the store does not know, for too many leads or too long a note, and where none of the leads
/// waits for a verdict.
pub async fn hand_over(
    store: &dyn Store,
    clock: &dyn Clock,
    (from, to): (&str, &str),
    note: Option<&str>,
    leads: &[LeadId],
) -> Result<HandedOver, AppError> {
    let (from, to) = (called(from), called(to));
    if from == to {
        return Err(AppError::Refused("they are yours already".into()));
    }
    let known = managers(store, &from).await?;
    if !known.contains(&to) {
        let known = if known.is_empty() { "nobody else yet".to_owned() } else { known.join(", ") };
        return Err(AppError::Refused(format!("no manager called {to} has worked on this store; there is {known}")));
    }
    if leads.len() > MOST {
        return Err(AppError::Refused(format!("hand over {MOST} leads at a time at most")));
    }
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > NOTE) {
        return Err(AppError::Refused(format!("the note is too long; {NOTE} characters are the most")));
    }
    let hand_over = HandOver { from, to: to.clone(), note: note.map(str::to_owned), at: clock.now() };
    let handed = store.hand_over(leads, &hand_over).await?;
    if handed.is_empty() {
        return Err(AppError::Refused("none of these leads waits for a verdict; nothing was handed over".into()));
    }
    let left_out = leads.iter().filter(|lead| !handed.contains(lead)).cloned().collect();
    Ok(HandedOver { to, leads: handed, left_out })
}
