//! Columns that know the outcome because they were filled in when it was known.
//!
//! Three kinds of evidence: what a column alone tells (see [`signal`](super::signal)), that it is filled in for closed deals
//! but not for open ones, and that it holds dates after the fact. No fact of a lead that is known when it comes in tells
//! almost everything; but how much is too much is a matter of degree, so a column whose *name* says that it is written
//! over as the deal goes on ("Last Activity") needs less to be suspected than one whose name does not.

use super::column::Column;
use super::completeness::named;
use super::finding::{Bound, Finding, FindingCode, Severity};
use super::names::{Telling, telling};
use super::proposal;
use super::report::percent;
use super::row::{Rows, Use};
use super::signal::{Counts, Power};
use super::tally::Tally;
use crate::history::words::{count, counted, quoted, quoted_list};

/// Share of the outcome's uncertainty that no fact known at creation removes by itself.
const BLOCK_INFORMATION: f64 = 0.5;
/// The same, where it begins to be suspicious.
const WARN_INFORMATION: f64 = 0.3;
/// How much more a column must tell whose name is ambiguous than one whose name is not.
const AMBIGUOUS: f64 = 0.1;
/// Fewest open deals that can be compared with closed ones.
const MIN_OPEN: u64 = 50;
/// A column is filled in at closing if open deals have it this much more rarely than closed ones, as a ratio.
const HARDLY_EVER: f64 = 0.1;
/// Smallest share of closed deals for which that is worth a word.
const WORTH_A_WORD: f64 = 0.2;
/// Difference of the shares from which on a column seems to be filled in over time.
const FILLED_OVER_TIME: f64 = 0.3;
/// Share of dates after the fact that is more than an exception.
const MANY_LATER: f64 = 0.2;
/// Values shown as evidence.
const SHOWN_VALUES: usize = 3;

pub(super) fn check(tally: &Tally<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(tally.learned_from().filter_map(|column| by_value(tally, column)));
    findings.extend(by_missing(tally));
    findings.extend(filled_at_closing(tally));
    findings.extend(tally.learned_from().filter_map(|column| dated_later(tally, column)));
    findings.extend(left_out(tally));
    findings
}

/// Why a column is suspected.
struct Suspicion {
    severity: Severity,
    power: Power,
    /// The figure that was too high, its limit, and the key of the limit in the config.
    figure: &'static str,
    limit: f64,
    setting: &'static str,
    /// The word of the name that tells.
    word: Option<String>,
}

fn suspicion(tally: &Tally<'_>, column: &Column) -> Option<Suspicion> {
    use Severity::{Blocking, Warning};
    let (options, power) = (tally.options, column.power()?);
    let (telling, word) = telling(&column.declared.name);
    // The AUC that is too high for such a name.
    let named = match telling {
        Telling::Later => options.telling_name_auc,
        Telling::PerhapsLater => options.telling_name_auc + AMBIGUOUS,
        Telling::Nothing => f64::INFINITY,
    };
    let perhaps = if telling == Telling::PerhapsLater { options.telling_name_auc } else { f64::INFINITY };
    let rules = [
        (Blocking, "auc", options.block_leak_auc, "block_leak_auc"),
        (Blocking, "information", BLOCK_INFORMATION, ""),
        (Blocking, "auc", named, "telling_name_auc"),
        (Warning, "auc", perhaps, "telling_name_auc"),
        (Warning, "auc", options.warn_leak_auc, "warn_leak_auc"),
        (Warning, "information", WARN_INFORMATION, ""),
    ];
    let of = |figure: &str| if figure == "auc" { power.auc } else { power.information };
    let (severity, figure, limit, setting) = rules.into_iter().find(|(_, figure, limit, _)| of(figure) >= *limit)?;
    Some(Suspicion { severity, power, figure, limit, setting, word })
}

fn by_value(tally: &Tally<'_>, column: &Column) -> Option<Finding> {
    let suspicion = suspicion(tally, column)?;
    let name = named(column);
    let message = match (&suspicion.word, suspicion.severity) {
        (Some(word), _) if suspicion.setting == "telling_name_auc" => {
            format!("{name} tells won from lost, and by its name (\"{word}\") it is filled in as the deal goes on.")
        }
        (_, Severity::Blocking) => format!("{name} almost gives the outcome away, so it was filled in afterwards."),
        _ => format!("{name} alone tells more about the outcome than is usual for a fact known at the start."),
    };
    let (evidence, rows) = evidence(tally, column);
    Some(
        declare(tally, &[column], Finding::new(suspicion.severity, FindingCode::Leak, message, String::new()))
            .about(&column.declared.subject)
            .detail(told(suspicion.power))
            .details(evidence)
            .figure("auc", suspicion.power.auc)
            .figure("information", suspicion.power.information)
            .figure("deals", column.present().closed() as f64)
            .passes(suspicion.figure, Bound::Below, suspicion.limit, suspicion.setting)
            .rows(&rows),
    )
}

/// What a column alone tells, in words.
fn told(power: Power) -> String {
    format!(
        "Alone it ranks a won deal above a lost one {} times in 100 (AUC {:.3}; a coin does 50) and removes {} of the \
         uncertainty.",
        (power.auc * 100.0).round(),
        power.auc,
        percent(power.information)
    )
}

/// The values that tell most, as sentences, and rows that have them.
fn evidence(tally: &Tally<'_>, column: &Column) -> (Vec<String>, Rows) {
    if !column.is_category() {
        return (Vec::new(), Rows::default());
    }
    let base = tally.share(tally.won.count);
    let surprise = |counts: &Counts| (counts.won() as f64 - base * counts.closed() as f64).abs();
    let mut levels: Vec<_> = column.levels.iter().filter(|level| level.counts.closed() > 0).collect();
    levels.sort_by(|a, b| surprise(&b.counts).total_cmp(&surprise(&a.counts)));
    levels.truncate(SHOWN_VALUES);
    let rows = levels.iter().fold(Rows::default(), |all, level| all.and(&level.rows));
    let sentences = levels.iter().map(|level| {
        let (won, closed) = (level.counts.won(), level.counts.closed());
        format!("{}: {} of {} won.", quoted(&level.text), count(won), counted(closed, "deal"))
    });
    (sentences.collect(), rows)
}

/// Columns that were filled in, or not, for the same deals: a joined file fills all of its columns at once.
fn by_gaps<'c>(columns: impl Iterator<Item = &'c Column>) -> Vec<Vec<&'c Column>> {
    let mut groups: Vec<Vec<&Column>> = Vec::new();
    for column in columns.filter(|column| column.missing.all() > 0) {
        match groups.iter_mut().find(|group| group[0].missing == column.missing) {
            Some(group) => group.push(column),
            None => groups.push(vec![column]),
        }
    }
    groups
}

fn names_of<'c>(columns: &[&'c Column]) -> Vec<&'c str> {
    columns.iter().map(|column| column.declared.name.as_str()).collect()
}

/// The names, with the verb that fits.
fn listed(columns: &[&Column], one: &str, many: &str) -> String {
    format!("{} {}", quoted_list(names_of(columns), 4), if columns.len() == 1 { one } else { many })
}

fn by_missing(tally: &Tally<'_>) -> Vec<Finding> {
    let options = tally.options;
    let judged = |columns: Vec<&Column>| {
        let power = columns[0].missing_power()?;
        let (severity, limit, setting) = if power.auc >= options.block_missing_auc {
            (Severity::Blocking, options.block_missing_auc, "block_missing_auc")
        } else if power.auc >= options.warn_missing_auc {
            (Severity::Warning, options.warn_missing_auc, "warn_missing_auc")
        } else {
            return None;
        };
        let (missing, present) = (columns[0].missing, columns[0].present());
        let rate = |counts: Counts| counts.won() as f64 / counts.closed().max(1) as f64;
        let message = format!(
            "Whether {} filled in tells the outcome: of the deals with it {} were won, of those without it {}.",
            listed(&columns, "is", "are"),
            percent(rate(present)),
            percent(rate(missing))
        );
        Some(
            declare(tally, &columns, Finding::new(severity, FindingCode::LeakByMissing, message, String::new()))
                .about(&columns[0].declared.subject)
                .detail(format!(
                    "Being filled in ranks a won deal above a lost one {} times in 100 (AUC {:.3}); what is asked only of \
                     leads that go well is not known when they come in.",
                    (power.auc * 100.0).round(),
                    power.auc
                ))
                .figure("auc", power.auc)
                .figure("missing", missing.closed() as f64)
                .figure("win_rate_present", rate(present))
                .figure("win_rate_missing", rate(missing))
                .passes("auc", Bound::Below, limit, setting)
                .rows(&columns[0].missing_rows),
        )
    };
    by_gaps(tally.learned_from()).into_iter().filter_map(judged).collect()
}

/// Shares of closed and of open deals that have a value; `None` if there are too few open ones.
fn filled(tally: &Tally<'_>, column: &Column) -> Option<(f64, f64)> {
    let present = column.present();
    (tally.open >= MIN_OPEN && tally.closed() > 0)
        .then(|| (tally.share(present.closed()), f64::from(present.open) / tally.open as f64))
}

fn only_at_closing((closed, open): (f64, f64)) -> bool {
    closed >= WORTH_A_WORD && open < HARDLY_EVER * closed
}

fn filled_at_closing(tally: &Tally<'_>) -> Vec<Finding> {
    let judged = |columns: Vec<&Column>| {
        let shares @ (closed, open) = filled(tally, columns[0])?;
        let severity = if only_at_closing(shares) {
            Severity::Blocking
        } else if closed - open >= FILLED_OVER_TIME {
            Severity::Warning
        } else {
            return None;
        };
        let message = format!(
            "{} filled in for {} of the closed deals, but only for {} of the open ones: probably entered on the way to \
             closing.",
            listed(&columns, "is", "are"),
            percent(closed),
            percent(open)
        );
        let limit = if severity == Severity::Blocking { HARDLY_EVER * closed } else { closed - FILLED_OVER_TIME };
        Some(
            declare(tally, &columns, Finding::new(severity, FindingCode::FilledAtClosing, message, String::new()))
                .about(&columns[0].declared.subject)
                .detail("A new lead will not have it, so the model would score leads it has never seen the like of.")
                .figure("filled_closed", closed)
                .figure("filled_open", open)
                .figure("open_deals", tally.open as f64)
                .passes("filled_open", Bound::AtLeast, limit, ""),
        )
    };
    by_gaps(tally.learned_from()).into_iter().filter_map(judged).collect()
}

fn dated_later(tally: &Tally<'_>, column: &Column) -> Option<Finding> {
    if !column.is_date() || column.dated == 0 {
        return None;
    }
    let share = |rows: &Rows| rows.count as f64 / column.dated as f64;
    let (closed, created) = (share(&column.after_closed), share(&column.after_created));
    let (severity, rows, share, than) = if closed > MANY_LATER {
        (Severity::Blocking, &column.after_closed, closed, "the deal closed")
    } else if created > MANY_LATER {
        (Severity::Warning, &column.after_created, created, "the lead came in")
    } else {
        return None;
    };
    let message = format!(
        "{} of the dates in {} are later than {than}, so they were not known then.",
        percent(share),
        named(column)
    );
    Some(
        declare(tally, &[column], Finding::new(severity, FindingCode::DatedLater, message, String::new()))
            .about(&column.declared.subject)
            .figure("deals", rows.count as f64)
            .figure("share", share)
            .passes("share", Bound::AtMost, MANY_LATER, "")
            .rows(rows),
    )
}

/// Columns that the map leaves out without saying why: the next person may add them.
fn left_out(tally: &Tally<'_>) -> Option<Finding> {
    let mut columns: Vec<&Column> = Vec::new();
    let (mut reasons, mut rows) = (Vec::new(), Rows::default());
    for column in tally.columns.iter().filter(|column| column.declared.used_as == Use::Unused) {
        let leak = suspicion(tally, column).filter(|suspicion| suspicion.severity == Severity::Blocking);
        let missing = column.missing_power().filter(|power| power.auc >= tally.options.block_missing_auc);
        let late = column.dated > 0 && column.after_closed.count as f64 > MANY_LATER * column.dated as f64;
        let name = named(column);
        reasons.push(if let Some(suspicion) = leak {
            let (values, found) = evidence(tally, column);
            rows = rows.and(&found);
            let example = values.first().map(|value| format!(" {value}")).unwrap_or_default();
            let word = suspicion.word.map(|word| format!(" The name says \"{word}\".")).unwrap_or_default();
            format!("{name}: AUC {:.3} alone.{word}{example}", suspicion.power.auc)
        } else if let Some(power) = missing {
            rows = rows.and(&column.missing_rows);
            format!("{name}: AUC {:.3} by being filled in or not.", power.auc)
        } else if let Some((closed, open)) = filled(tally, column).filter(|shares| only_at_closing(*shares)) {
            format!(
                "{name}: filled in for {} of the closed deals and {} of the open ones.",
                percent(closed),
                percent(open)
            )
        } else if late {
            rows = rows.and(&column.after_closed);
            format!("{name}: dates after the deal closed.")
        } else {
            continue;
        });
        columns.push(column);
    }
    let many = columns.len() > 1;
    let message = format!(
        "{} the outcome away; the map leaves {} out but does not say so.",
        listed(&columns, "gives", "give"),
        if many { "them" } else { "it" }
    );
    (!columns.is_empty()).then(|| {
        let finding = Finding::new(Severity::Warning, FindingCode::LeakLeftOut, message, String::new());
        let declared = declare(tally, &columns, finding);
        let it = if many { "them" } else { "it" };
        Finding { cure: format!("Declare {it}, so that nobody adds {it} to the features by mistake:"), ..declared }
            .details(reasons)
            .figure("columns", columns.len() as f64)
            .passes("columns", Bound::AtMost, 0.0, "")
            .rows(&rows)
    })
}

/// What to do with columns that must not be learned from.
fn declare(tally: &Tally<'_>, columns: &[&Column], finding: Finding) -> Finding {
    let names = names_of(columns);
    let finding = finding.columns(names.iter().copied());
    let it = if columns.len() == 1 { "it" } else { "them" };
    let Some(file) = &tally.file else {
        let cure = format!(
            "Take {it} out of the facts and features, in the map of the file or in [salesforce.fields] of the config, and \
             import or pull the history again."
        );
        return Finding { cure, ..finding };
    };
    let mut places: Vec<String> =
        columns.iter().map(|column| column.declared.place.clone()).filter(|place| !place.is_empty()).collect();
    places.sort_unstable();
    places.dedup();
    // A column that a joined file is looked up by is in use as long as the join is there.
    let looked_up = file.join_columns.iter().filter(|join| names.contains(&join.name.as_str()));
    places.extend(looked_up.map(|join| format!("the [[join]] by {}", quoted(&join.name))));
    let cure = format!("Take {it} out of {} in {}", and_list(&places), file.map);
    // What is declared must be a column of the main file; those of joined files are left out by not naming them.
    let main: Vec<&str> =
        columns.iter().filter(|column| !column.declared.joined).map(|column| column.declared.name.as_str()).collect();
    if main.is_empty() {
        return Finding { cure: format!("{cure}."), ..finding };
    }
    let all = file.known_afterwards.iter().map(String::as_str).chain(main);
    Finding { cure: format!("{cure}, and declare {it}:"), ..finding }
        .mapping(vec!["[known_afterwards]".to_owned(), format!("columns = {}", proposal::toml_list(all))])
}

/// `a, b and c`.
fn and_list(items: &[String]) -> String {
    match items {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        items => items.concat(),
    }
}
