//! `leadboard stop` and `leadboard resume`: the kill switch.

use super::CliResult;
use super::out::{Out, wrap};
use crate::app::stop::{self, Switch};
use crate::bootstrap::Context;

pub(super) async fn run(on: bool, reason: &str, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let (clock, by) = (context.clock.as_ref(), context.manager());
    let turned = if on {
        stop::stop(store.as_ref(), clock, &by, reason).await
    } else {
        stop::resume(store.as_ref(), clock, &by, reason).await
    };
    store.close().await;
    let turned = turned?;
    out.result(&turned, || lines(&turned));
    Ok(())
}

/// How the switch stands, in words.
pub(super) fn lines(switch: &Switch) -> Vec<String> {
    let Switch { stopped, on_their_way, waiting } = switch;
    let Some(stop) = stopped else {
        return wrap(&format!(
            "Writing to the CRM goes on; {} waiting or on their way.",
            counted(waiting + on_their_way)
        ));
    };
    let mut lines = wrap(&format!(
        "Nothing is written to the CRM: stopped by {} since {} UTC: {}",
        stop.by,
        stop.at.format("%Y-%m-%d %H:%M"),
        stop.why
    ));
    if *on_their_way > 0 {
        let many = counted(*on_their_way);
        lines.extend(wrap(&format!("{many} already on their way when it was stopped, and may still arrive.")));
    }
    lines.extend(wrap(&format!(
        "{} waiting in the outbox. New leads are read and ranked; verdicts are taken and wait. `leadboard resume` ends it.",
        counted(*waiting)
    )));
    lines
}

fn counted(n: u64) -> String {
    if n == 1 { "1 write is".to_owned() } else { format!("{n} writes are") }
}
