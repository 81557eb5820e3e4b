//! `leadboard doctor`.

use serde_json::json;

use super::out::{Out, wrap};
use super::{CliError, CliResult};
use crate::app::doctor::{Finding, State};
use crate::bootstrap::Context;

pub(super) async fn run(read_only: bool, context: &Context, out: Out) -> CliResult {
    let questions = context.doctor_questions(!read_only)?;
    let mut findings = context.secrets();
    if findings.iter().any(|finding| finding.state == State::Failed) {
        findings.push(Finding::skipped("login", "Nothing else can be looked at without it."));
    } else {
        findings.extend(context.doctor()?.examine(&questions).await);
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (failed, warnings) = (count(State::Failed), count(State::Warning));
    out.result(&json!({"ok": failed == 0, "failed": failed, "warnings": warnings, "findings": findings}), || {
        let mut lines: Vec<String> = findings.iter().flat_map(describe).collect();
        lines.push(String::new());
        lines.push(match (failed, warnings) {
            (0, 0) => "leadboard can work with this org.".to_owned(),
            (0, n) => format!("leadboard can work with this org; look at {}.", counted(n, "warning")),
            (n, _) => format!(
                "leadboard cannot work with this org yet: {} to mend, the first one first.",
                counted(n, "thing")
            ),
        });
        lines
    });
    if failed == 0 {
        Ok(())
    } else {
        Err(CliError::Gate("the examination failed; each finding says what to do".into()))
    }
}

/// `1 thing`, `2 things`.
fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("{n} {what}") } else { format!("{n} {what}s") }
}

/// One finding: how it stands, what was seen, and below it what to do.
fn describe(finding: &Finding) -> Vec<String> {
    let mark = match finding.state {
        State::Passed => "ok      ",
        State::Warning => "warning ",
        State::Failed => "FAILED  ",
        State::Skipped => "skipped ",
    };
    let indented = |text: &str| {
        let lines = wrap(&format!("{}{text}", " ".repeat(mark.len()))).into_iter();
        lines.collect::<Vec<_>>()
    };
    let mut lines = indented(&finding.seen);
    if let Some(first) = lines.first_mut() {
        *first = format!("{mark}{}", first.trim_start());
    }
    lines.extend(finding.advice.as_deref().map(indented).unwrap_or_default());
    lines
}
