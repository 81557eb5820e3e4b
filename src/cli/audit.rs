//! `leadboard audit`: the audit trail as evidence. (`leadboard history audit` examines the data for training.)

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::out::{Out, table, wrap};
use super::{CliError, CliResult};
use crate::app::audit_trail::{self, Head, Verification, anchored};
use crate::app::ports::{FoundLead, Store};
use crate::app::story::{self, Found, Story};
use crate::app::views::LeadDetail;
use crate::bootstrap::Context;
use crate::domain::audit::AuditEvent;
use crate::domain::decision::Decision;
use crate::domain::ids::{LeadId, TraceId};
use crate::domain::lead::{LeadState, Owner};
use crate::domain::text::fit;

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Find changed, missing, moved or added records of the audit trail (exit code 3 if there are any)
    ///
    /// Prints the head of the chain. Keep it where nobody who can write the database can write: with --head, or with
    /// `audit_anchor` of the config, a chain that was made anew as a whole is found as well.
    Verify {
        /// A head that was printed earlier and kept, as NUMBER:HASH; may be given several times
        #[arg(long, value_name = "HEAD")]
        head: Vec<Head>,

        /// A file of heads to compare with [default: audit_anchor of the config]
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Find leads by a trace id, a lead's id, or a part of a company's name, the newest first
    Find {
        /// What to look for
        text: String,
    },
    /// Tell the whole story of a lead, oldest first
    Show {
        /// Trace id of a decision, or the lead's id
        id: String,
    },
    /// Hold a decision against the one before it on the same lead
    Compare {
        /// Trace id of the later one
        trace: TraceId,
    },
}

pub(super) async fn run(action: Audit, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let result = match action {
        Audit::Verify { head, against } => {
            let file = against.or_else(|| context.config.audit_anchor.clone().filter(|path| path.exists()));
            verify(store.as_ref(), head, file.as_deref(), out).await
        }
        Audit::Find { text } => find(store.as_ref(), &text, out).await,
        Audit::Show { id } => show(store.as_ref(), &id, out).await,
        Audit::Compare { trace } => compare(store.as_ref(), trace, out).await,
    };
    store.close().await;
    result
}

async fn verify(store: &dyn Store, mut kept: Vec<Head>, file: Option<&Path>, out: Out) -> CliResult {
    if let Some(path) = file {
        let in_file = |error: String| CliError::Failed(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| in_file(error.to_string()))?;
        kept.extend(anchored(&text).map_err(in_file)?.into_iter().map(|line| line.head));
    }
    let found = audit_trail::verify(store, &kept).await?;
    out.result(&found, || describe(&found, kept.len()));
    if found.ok { Ok(()) } else { Err(CliError::Gate("the audit trail is not what was written".into())) }
}

fn describe(found: &Verification, kept: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for fault in &found.faults {
        lines.extend(wrap(&format!("WRONG: {fault}.")));
    }
    let unnamed = found.fault_count - found.faults.len() as u64;
    if unnamed > 0 {
        lines.push(format!("… and {unnamed} more."));
    }
    let against = match kept {
        0 => String::new(),
        1 => ", compared with a head that was kept".to_owned(),
        n => format!(", compared with {n} heads that were kept"),
    };
    lines.push(if found.ok {
        format!("The audit trail is whole: {} records, {} sealed{against}.", found.records, found.sealed)
    } else {
        format!("{} things are wrong in {} records{against}.", found.fault_count, found.records)
    });
    if found.waiting > 0 {
        lines.push(format!("{} records wait for their seal; nothing can be said of them yet.", found.waiting));
    }
    if let Some(head) = &found.head {
        lines.push(format!("head {head}"));
    }
    lines
}

async fn show(store: &dyn Store, id: &str, out: Out) -> CliResult {
    let trace = id.parse::<TraceId>().ok();
    let lead = match trace {
        Some(trace) => {
            let decision = store.decision(trace).await?;
            decision.ok_or_else(|| CliError::Failed(format!("there is no decision {trace}")))?.lead_id
        }
        None => LeadId::new(id),
    };
    let told = story::tell(store, &lead, trace).await?;
    let Story { lead: detail, events, asked } =
        *told.ok_or_else(|| CliError::Failed(format!("there is no lead {lead}")))?;
    let record = &detail.record;
    let shown = Shown {
        lead: &lead,
        company: &record.lead.company,
        state: record.state,
        legacy_owner: story::name(&record.legacy.owner, &detail.names),
        decisions: &detail.decisions,
        events: events.iter().map(|event| Told { event, told: story::sentence(event, &detail.names) }).collect(),
        names: &detail.names,
    };
    out.result(&shown, || lines(&detail, &events, asked));
    Ok(())
}

/// The story of a lead; this is the `--json` contract of `audit show`.
#[derive(Serialize)]
struct Shown<'a> {
    lead: &'a LeadId,
    company: &'a str,
    state: LeadState,
    legacy_owner: &'a str,
    decisions: &'a [Decision],
    events: Vec<Told<'a>>,
    /// What the ids are called.
    names: &'a BTreeMap<String, String>,
}

/// Something that happened, and the sentence that the dashboard makes of it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    event: &'a AuditEvent,
    told: String,
}

async fn find(store: &dyn Store, text: &str, out: Out) -> CliResult {
    let leads = match story::find(store, text).await? {
        Found::Nothing => Vec::new(),
        Found::Several { leads } => leads,
        Found::Story(told) => vec![told.found()],
    };
    out.result(&leads, || {
        if leads.is_empty() {
            return wrap(
                "Nothing was found. A trace id or a lead's id must be whole; a company may be a part of its name, and is \
                 looked for among the newest 200,000 leads.",
            );
        }
        let row = |lead: &FoundLead| {
            let received = lead.received_at.format("%Y-%m-%d %H:%M").to_string();
            vec![lead.id.to_string(), fit(&lead.company, 40), lead.state.to_string(), received, lead.decisions.to_string()]
        };
        table(&["lead", "company", "state", "received", "decisions"], &leads.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

async fn compare(store: &dyn Store, trace: TraceId, out: Out) -> CliResult {
    let unknown = || CliError::Failed(format!("there is no decision {trace}"));
    let decision = store.decision(trace).await?.ok_or_else(unknown)?;
    let told = story::tell(store, &decision.lead_id, Some(trace)).await?.ok_or_else(unknown)?;
    let compared = told
        .compare(trace)
        .ok_or_else(|| CliError::Failed(format!("{trace} is the first decision on lead {}", decision.lead_id)))?;
    out.result(&compared, || {
        let mut lines = vec![format!("decision {}, and before it {}", compared.after, compared.before)];
        if compared.differences.is_empty() {
            lines.push("The two decisions say the same.".into());
        }
        lines.extend(
            compared
                .differences
                .iter()
                .flat_map(|one| wrap(&format!("{}: {}; before: {}", one.what, one.after, one.before))),
        );
        lines
    });
    Ok(())
}

/// The story in words: what happened, when, by whom; then what was decided and why.
fn lines(detail: &LeadDetail, events: &[AuditEvent], trace: Option<TraceId>) -> Vec<String> {
    let lead = &detail.record.lead;
    let mut lines = vec![
        format!("{}  {}  (now {})", lead.id, fit(&lead.company, 40), detail.record.state),
        format!("The CRM's own rules had chosen {}.", name(detail, &detail.record.legacy.owner)),
        String::new(),
    ];
    for event in events {
        let of_this = if trace.is_some() && event.trace_id == trace { "*" } else { " " };
        let text = format!(
            "{of_this} {}  {:<16}  {:<16}  {}",
            event.at.format("%Y-%m-%d %H:%M:%S"),
            event.what,
            fit(&event.actor, 16),
            story::details(event, &detail.names)
        );
        lines.push(text.trim_end().to_owned());
    }
    for decision in detail.decisions.iter().rev().filter(|d| trace.is_none_or(|trace| trace == d.trace_id)) {
        lines.push(String::new());
        lines.extend(decided(detail, decision));
    }
    lines
}

fn decided(detail: &LeadDetail, decision: &Decision) -> Vec<String> {
    let by = fit(story::by(decision), 40);
    let mut lines = vec![
        format!("decision {}", decision.trace_id),
        format!("  {} by {by}: {}", decision.verdict.name(), name(detail, &decision.owner)),
    ];
    let recommended = name(detail, &decision.recommendation.route.owner());
    let why = &decision.recommendation.explanation;
    lines.extend(wrap(&format!("  recommended was {recommended} ({}): {why}", decision.recommendation.reason)));
    if let Some(rejection) = &decision.rejection {
        let note = rejection.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        lines.extend(wrap(&format!("  turned down because {}{note}", rejection.code)));
    }
    let model = decision.model_id.as_ref().map_or_else(|| "no model".to_owned(), |id| format!("model {id}"));
    if let Some(old) = decision.replaces {
        lines.push(format!("  takes the place of decision {old}"));
    }
    if let Some((what, new)) = story::replaced_by(decision, &detail.decisions) {
        lines.push(format!("  {what} by decision {}", new.trace_id));
    }
    lines.push(format!("  {model}; the write is {}; `leadboard replay {}`", decision.write, decision.trace_id));
    lines
}

fn name(detail: &LeadDetail, owner: &Owner) -> String {
    fit(story::name(owner, &detail.names), 40)
}
