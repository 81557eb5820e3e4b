//! `leadboard replay`.

use super::out::{Out, wrap};
use super::{CliError, CliResult};
use crate::app::replay::{self, Replay};
use crate::bootstrap::Context;
use crate::domain::ids::TraceId;

pub(super) async fn run(trace: TraceId, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let result = replay::replay(store.as_ref(), trace).await;
    store.close().await;
    let replay = result?;
    out.result(&replay, || describe(&replay));
    if replay.equal { Ok(()) } else { Err(CliError::Gate("the ranking did not come out the same".into())) }
}

fn describe(replay: &Replay) -> Vec<String> {
    let model = replay.model_id.as_ref().map(|id| format!(" by model {id}")).unwrap_or_default();
    if replay.equal {
        return wrap(&format!(
            "Equal: the ranking of {} reps for lead {}{model} and what was recommended came out the same, to the last bit.",
            replay.reps, replay.lead_id
        ));
    }
    let mut lines = wrap(&format!("NOT equal: the ranking for lead {}{model} came out differently.", replay.lead_id));
    for difference in &replay.differences {
        let text = format!("{}: stored {}, now {}", difference.path, difference.stored, difference.replayed);
        lines.extend(wrap(&text));
    }
    if replay.ranked_by != replay.replayed_by {
        lines.extend(wrap(&format!(
            "It was ranked by leadboard {}, this is {}: a newer version may compute anew what is not part of the model.",
            replay.ranked_by, replay.replayed_by
        )));
    }
    lines
}
