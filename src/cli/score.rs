//! `leadboard score`: a CSV of leads in, a row for each rep of each lead's pool out.

use serde_json::json;

use super::CliResult;
use super::args::Score as Options;
use super::history::from_history;
use super::out::{Out, wrap};
use crate::app::bench::Bench;
use crate::app::learn;
use crate::bootstrap::Context;
use crate::domain::ids::RepKey;
use crate::history::{BadRows, CsvInput, HistoryError, LeadRow, Mapping, ScoreFile, read_leads};
use crate::model::Scorer;

/// Leads scored together: enough to keep the cores busy, few enough to hold.
const BATCH: usize = 512;

pub(super) async fn run(options: &Options, context: &Context, out: Out) -> CliResult {
    let mapping = Mapping::load(&options.map).map_err(from_history)?;
    let store = context.store().await?;
    let id = super::model::named_or_champion(store.as_ref(), options.model.clone()).await?;
    let model = learn::load(store.as_ref(), &id).await?;
    let bench = Bench::from_history(&store.deals().await?);
    store.close().await;

    let input = CsvInput::open(&options.file).map_err(from_history)?;
    let leads = read_leads(input, &mapping, BadRows::Refuse, &mut |_| {}).map_err(from_history)?;
    let bar = out.progress("scoring", leads.rows.len() as u64);
    let mut file = ScoreFile::create(&options.out).map_err(from_history)?;
    let (mut rows, mut without) = (0, 0);
    for batch in leads.rows.chunks(BATCH) {
        for made in score(batch, &bench, model.scorer.as_ref(), &mut file).map_err(from_history)? {
            rows += made;
            without += u64::from(made == 0);
        }
        bar.inc(batch.len() as u64);
    }
    file.finish().map_err(from_history)?;
    bar.finish_and_clear();
    let result =
        json!({"leads": leads.rows.len(), "rows": rows, "without_a_rep": without, "model": id, "out": options.out});
    out.result(&result, || {
        let scored = leads.rows.len() as u64 - without;
        let mut lines = vec![format!("{scored} leads scored by {id}: {rows} rows in {}.", options.out.display())];
        if without > 0 {
            lines.push(format!(
                "No row for {without} of {} leads: no rep of the stored history works their territory. Compare their \
                 territories with those of the history.",
                leads.rows.len()
            ));
        }
        lines.iter().flat_map(|line| wrap(line)).collect()
    });
    Ok(())
}

/// Scores some leads together; returns how many rows each made.
fn score(
    leads: &[LeadRow],
    bench: &Bench,
    scorer: &dyn Scorer,
    file: &mut ScoreFile,
) -> Result<Vec<u64>, HistoryError> {
    let pools: Vec<Vec<RepKey>> = leads.iter().map(|lead| bench.pool(&lead.facts, lead.rep.as_ref())).collect();
    let asked: Vec<_> = leads.iter().zip(&pools).map(|(lead, pool)| (&lead.facts, pool.as_slice())).collect();
    let scores = scorer.score_many(&asked);
    let mut made = Vec::with_capacity(leads.len());
    for ((lead, pool), scores) in leads.iter().zip(&pools).zip(scores) {
        let mut ranked: Vec<_> = pool.iter().zip(scores).collect();
        ranked.sort_by(|a, b| b.1.p_win.total_cmp(&a.1.p_win).then_with(|| a.0.cmp(b.0)));
        for (rank, (rep, score)) in (1..).zip(&ranked) {
            file.row(&lead.lead_id, rep.as_str(), rank, score.p_win)?;
        }
        made.push(ranked.len() as u64);
    }
    Ok(made)
}
