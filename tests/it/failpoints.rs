//! A failure at each step on the way of a lead: from its intake over ranking, verdict and outbox to the CRM and back.
//!
//! A small story is told again and again; each time another call of the store or of the CRM fails, as long as there is
//! one more call. So no step is named, and none can be forgotten. After the failure all goes on as it would in the
//! product, and in the end every lead must be written once, or be with the person who took it.

#![expect(clippy::print_stderr, reason = "how much was looked at, for the record of a release")]

pub(crate) mod brittle;
pub(crate) mod story;

use std::collections::BTreeMap;

use brittle::{Fate, How};
use leadboard::domain::verdict::{ReasonCode, Rejection};
use story::Company;

/// Steps that the story is known to have at least.
const STEPS: u32 = 40;

pub(crate) fn reason() -> Rejection {
    Rejection { code: ReasonCode::K.into(), note: None }
}

/// Lets every `stride`-th step fail.
async fn every_step(company: &mut Company, how: How, stride: u32, place: &str) {
    let (mut failures, mut steps, mut wrong) = (0, 0, Vec::new());
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    loop {
        let fate = Fate::after(steps, how);
        let told = company.tell(&fate).await;
        let Some(call) = fate.struck() else {
            told.unwrap_or_else(|wrong| panic!("without any failure: {wrong}"));
            break;
        };
        failures += 1;
        *kinds.entry(call).or_default() += 1;
        if let Err(words) = told {
            wrong.push(format!("step {steps}, {call}: {words}"));
        }
        steps += stride;
    }
    assert!(wrong.is_empty(), "{how:?}, {} of {failures} steps: {wrong:#?}", wrong.len());
    assert!(company.is_sealed().await, "{how:?}: the audit trail is not whole");
    assert!(steps >= STEPS, "the story had only {steps} steps: {kinds:?}");
    for call in
        ["take_in", "save_rankings", "decide", "undo", "claim_effects", "finish_effect", "apply", "changed_leads"]
    {
        assert!(stride > 1 || kinds.contains_key(call), "{call} never failed: {kinds:?}");
    }
    eprintln!("{failures} failures at {steps} steps: {place}, {}", words(how));
}

const fn words(how: How) -> &'static str {
    match how {
        How::FailsUndone => "a step fails and is not done",
        How::FailsDone => "a step is done and fails",
        How::Dies => "the process dies after a step",
    }
}

#[tokio::test]
async fn each_step_may_fail_undone() {
    every_step(&mut Company::on_sqlite().await, How::FailsUndone, 1, "SQLite").await;
}

#[tokio::test]
async fn each_step_may_be_done_and_fail() {
    every_step(&mut Company::on_sqlite().await, How::FailsDone, 1, "SQLite").await;
}

#[tokio::test]
async fn the_process_may_die_after_each_step() {
    every_step(&mut Company::on_sqlite().await, How::Dies, 1, "SQLite").await;
}

#[tokio::test]
async fn on_postgres_as_well() {
    for (how, stride) in [(How::FailsUndone, 7), (How::FailsDone, 5), (How::Dies, 5)] {
        let Some(mut company) = Company::on_postgres().await else { return };
        every_step(&mut company, how, stride, "PostgreSQL, a sample").await;
    }
}

#[tokio::test]
#[ignore = "a minute"]
async fn each_step_on_postgres() {
    for how in [How::FailsUndone, How::FailsDone, How::Dies] {
        let Some(mut company) = Company::on_postgres().await else { return };
        every_step(&mut company, how, 1, "PostgreSQL").await;
    }
}
