//! From the text of `routing.toml` to a [`Rulebook`], with every mistake found in one go.

mod entry;
mod quotes;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;
use strum::IntoEnumIterator;
use toml::Spanned;
use toml::de::DeTable;
use toml::value::{Datetime, Offset};

use super::condition::compile;
use super::problem::{Problem, Source};
use super::settings::{self, Settings};
use super::syntax::{self, Mistake};
use super::typing::{self, Scope};
use super::words::{nearest, quoted, quoted_list};
use super::{
    FORMAT, Kind, LONGEST, MOST_RULES, PartnerTo, Places, RepCondition, Rule, Rulebook, Sections, Target, Then,
    Version, Window,
};
use entry::{Entry, Written};

/// Longest name, owner or reason, in characters.
const LONGEST_TEXT: usize = 500;

pub(super) fn parse(text: &str, place: &str) -> Result<Rulebook, Vec<Problem>> {
    let source = Source::new(place, text);
    if text.len() > LONGEST {
        let message = format!("the file is larger than {} MB", LONGEST >> 20);
        return Err(vec![source.problem(0..0, message, "a rulebook holds rules, no lists of leads")]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let cure = "compare it with the examples: texts in quotes, conditions in '…', lists in [ ], one key a line";
        return Err(errors.iter().map(|e| source.problem(e.span().unwrap_or(0..0), e.message(), cure)).collect());
    }
    let mut problems = Vec::new();
    check_format(table.get_ref(), &source, &mut problems);
    let rules = rules(table.get_ref(), &source, &mut problems);
    let sections = sections(&table, &source, &mut problems);
    let settings = Settings::of(&source, table.get_ref());
    problems.extend(sections.iter().flat_map(|sections| settings::problems(sections, &settings)));
    if problems.is_empty() {
        let canonical = toml::from_str(text).map(|table| canonical(&table)).unwrap_or_default();
        let (version, sections) = (Version::of(&canonical), sections.unwrap_or_default());
        Ok(Rulebook { version, canonical, rules, sections, settings })
    } else {
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        Err(problems)
    }
}

/// One layout for every file that says the same: keys sorted, no comments.
pub(super) fn canonical(table: &toml::Table) -> Arc<str> {
    let mut table = table.clone();
    table.entry("format").or_insert(toml::Value::Integer(FORMAT));
    toml::to_string(&table).unwrap_or_default().into()
}

fn check_format(table: &DeTable<'_>, source: &Source<'_>, problems: &mut Vec<Problem>) {
    let cure = format!("write format = {FORMAT} as the first line");
    match table.get("format") {
        None => problems.push(source.problem(0..0, "the file does not say its format", cure)),
        Some(value) => {
            let found = value.get_ref().as_integer().and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok());
            if found != Some(FORMAT) {
                let message = "this format is not known to this version of the program";
                problems.push(source.problem(value.span(), message, cure));
            }
        }
    }
}

fn sections(table: &Spanned<DeTable<'_>>, source: &Source<'_>, problems: &mut Vec<Problem>) -> Option<Sections> {
    let mut rest = table.clone();
    rest.get_mut().remove("format");
    rest.get_mut().remove("rule");
    match Sections::deserialize(toml::de::Deserializer::from(rest)) {
        Ok(sections) => Some(sections),
        Err(error) => {
            let (message, cure) = in_plain_words(error.message());
            problems.push(source.problem(error.span().unwrap_or(0..0), message, cure));
            None
        }
    }
}

/// serde's words as a user's, with the cure.
fn in_plain_words(message: &str) -> (String, String) {
    let ticked: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match ticked.split_first() {
        Some((wrong, known)) if message.starts_with("unknown field") => {
            let known: Vec<&str> = known.iter().copied().chain(["rule", "format"]).collect();
            let cure = match nearest(wrong, known.iter().copied()) {
                Some("rule") => "write [[rule]] above each rule".to_owned(),
                Some(near) => format!("did you mean {near}?"),
                None => format!("there is {}", quoted_list(known, 20)),
            };
            (format!("there is no {}", quoted(wrong)), cure)
        }
        Some((wrong, known)) if message.starts_with("unknown variant") => {
            (format!("{} is not one of the choices", quoted(wrong)), format!("there is {}", known.join(", ")))
        }
        _ => (message.to_owned(), "compare it with the examples".to_owned()),
    }
}

/// A condition that stands in the file, waiting to be read with all others.
struct Waiting {
    /// The rule, by its place among those that are being read.
    draft: usize,
    scope: Scope,
    written: Written,
}

/// A rule without its conditions.
struct Draft {
    name: String,
    kind: Kind,
    target: Option<Target>,
    territory: Option<String>,
    replace: bool,
    source: Option<String>,
    owner: String,
    reason: String,
    window: Window,
    places: Places,
}

fn rules(table: &DeTable<'_>, source: &Source<'_>, problems: &mut Vec<Problem>) -> Vec<Rule> {
    let Some(value) = table.get("rule") else { return Vec::new() };
    let tables: Option<Vec<_>> = value
        .get_ref()
        .as_array()
        .and_then(|array| array.iter().map(|item| Some((item.get_ref().as_table()?, item.span()))).collect());
    let Some(tables) = tables else {
        problems.push(source.problem(value.span(), "rule is not a list of rules", "write [[rule]] above each rule"));
        return Vec::new();
    };
    if tables.len() > MOST_RULES {
        problems.push(source.problem(value.span(), format!("there are more than {MOST_RULES} rules"), "join rules"));
        return Vec::new();
    }
    let (mut drafts, mut waiting) = (Vec::new(), Vec::new());
    for (table, span) in tables {
        draft(&Entry::new(table, span, source), &mut drafts, &mut waiting, problems);
    }
    unique_names(&drafts, source, problems);
    let texts: Vec<&str> = waiting.iter().map(|waiting| waiting.written.value.as_str()).collect();
    let trees = syntax::read_all(&texts);
    let mut compiled = BTreeMap::new();
    for (Waiting { draft, scope, written }, tree) in waiting.iter().zip(trees) {
        let mistakes = match &tree {
            Ok(tree) => typing::check(tree, *scope),
            Err(mistakes) => mistakes.clone(),
        };
        problems.extend(mistakes.into_iter().map(|mistake| {
            let Mistake { span, message, cure } = mistake;
            source.problem(written.in_file(span), message, cure)
        }));
        if let Ok(tree) = tree {
            let place = |at: usize| source.place(written.in_file(at..at).start);
            compiled.insert((*draft, *scope == Scope::Rep), (compile(&tree, &place), written.value.trim().to_owned()));
        }
    }
    if problems.is_empty() {
        drafts.into_iter().enumerate().filter_map(|(i, d)| finish(i, d, &mut compiled)).collect()
    } else {
        Vec::new()
    }
}

type Compiled = BTreeMap<(usize, bool), (super::Condition, String)>;

/// A rule from its draft and its conditions. `None` only where a problem was reported.
fn finish(index: usize, draft: Draft, compiled: &mut Compiled) -> Option<Rule> {
    let (condition, written) = compiled.remove(&(index, false))?;
    let reps = compiled.remove(&(index, true)).map(|(condition, written)| RepCondition { written, condition });
    let then = match draft.kind {
        Kind::Territory => Then::Territory { territory: draft.territory?, replace: draft.replace },
        Kind::Strategic => Then::Strategic(draft.target?),
        Kind::Partner => {
            let to = match (draft.target, reps) {
                (Some(target), _) => PartnerTo::Target(target),
                (None, reps) => PartnerTo::Reps(reps?),
            };
            Then::Partner { to, source: draft.source }
        }
        Kind::Require => Then::Require { rep_when: reps? },
        Kind::Exception => Then::Exception,
        Kind::Hot => Then::Hot,
    };
    let Draft { name, kind, owner, reason, window, places, .. } = draft;
    Some(Rule { name, kind, written, condition, then, owner, reason, window, places })
}

fn unique_names(drafts: &[Draft], source: &Source<'_>, problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<String, &Draft> = BTreeMap::new();
    for draft in drafts {
        if let Some(first) = seen.insert(draft.name.to_lowercase(), draft) {
            let message = format!(
                "two rules are called {}; the other is in line {}",
                quoted(&draft.name),
                first.places.rule.line
            );
            let at = source.offset(&draft.places.rule);
            problems.push(source.problem(
                at..at + 1,
                message,
                "give each rule a name of its own: explanations and diffs use it",
            ));
        }
    }
}

/// Keys that only some kinds have.
fn keys_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Territory => &["territory", "replace"],
        Kind::Strategic => &["rep", "queue"],
        Kind::Partner => &["rep", "queue", "rep_when", "source"],
        Kind::Require => &["rep_when"],
        Kind::Exception | Kind::Hot => &[],
    }
}

const COMMON_KEYS: [&str; 7] = ["name", "kind", "when", "owner", "reason", "from", "until"];

/// Reads one rule. What is missing or wrong is reported, and the rest read all the same, so that all mistakes come at once.
fn draft(entry: &Entry<'_, '_>, drafts: &mut Vec<Draft>, waiting: &mut Vec<Waiting>, problems: &mut Vec<Problem>) {
    let source = entry.source;
    let start = entry.span.start;
    let name = entry.required("name", "\"Key account Siemens\"", problems);
    let kind_word = entry.required("kind", "\"strategic\"", problems);
    let owner = entry.required("owner", "\"maria@example.com\"  # who answers for this rule", problems);
    let reason = entry.required("reason", "\"why it exists\"", problems);
    let when = entry.required("when", "'lead.source == \"Webinar\"'", problems);
    let places = |when: &Written| Places {
        rule: source.place(name.as_ref().map_or(start, |name| name.span.start)),
        when: source.place(when.span.start),
        target: None,
        source: None,
        owner: source.place(owner.as_ref().map_or(start, |owner| owner.span.start)),
        until: None,
    };
    let nothing = Written::nothing(start);
    let mut places = places(when.as_ref().unwrap_or(&nothing));
    let index = drafts.len();
    waiting.extend(when.map(|written| Waiting { draft: index, scope: Scope::Lead, written }));
    let kind = kind_word.as_ref().and_then(|word| {
        let kind = word.value.parse::<Kind>().ok();
        if kind.is_none() {
            let kinds: Vec<&str> = Kind::iter().map(Into::into).collect();
            let cure = match nearest(&word.value, kinds.iter().copied()) {
                Some(near) => format!("did you mean {}?", quoted(near)),
                None => format!("there is {}", kinds.join(", ")),
            };
            problems.push(source.problem(word.span.clone(), format!("there is no kind {}", quoted(&word.value)), cure));
        }
        kind
    });
    let mut text =
        |key: &'static str| kind.filter(|kind| keys_of(*kind).contains(&key)).and_then(|_| entry.text(key, problems));
    let (rep, queue, rep_when) = (text("rep"), text("queue"), text("rep_when"));
    let (territory, new_source) = (text("territory"), text("source"));
    let replace = kind == Some(Kind::Territory) && entry.flag("replace", problems).unwrap_or(false);
    let from = entry.date("from", problems);
    let until = entry.date("until", problems);
    places.target =
        [&rep, &queue, &rep_when, &territory].into_iter().flatten().next().map(|w| source.place(w.span.start));
    places.source = new_source.as_ref().map(|written| source.place(written.span.start));
    places.until = until.as_ref().map(|(_, span)| source.place(span.start));
    let window = window(from.as_ref(), until.as_ref(), source, problems);
    if let Some(kind) = kind {
        check_target(kind, entry, [&rep, &queue, &rep_when, &territory], problems);
        let known: Vec<&'static str> = COMMON_KEYS.iter().chain(keys_of(kind)).copied().collect();
        entry.finish(
            &known,
            |key| {
                let other = Kind::iter().find(|other| keys_of(*other).contains(&key))?;
                Some(format!("rules of kind {kind} have no {key}; those of kind {other} do"))
            },
            problems,
        );
    }
    waiting.extend(rep_when.map(|written| Waiting { draft: index, scope: Scope::Rep, written }));
    let target = rep.map(|rep| Target::Rep(rep.value)).or_else(|| queue.map(|queue| Target::Queue(queue.value)));
    let value = |written: Option<Written>| written.map(|written| written.value).unwrap_or_default();
    drafts.push(Draft {
        name: value(name),
        // Where the kind is wrong a problem was reported, and no rule comes of it.
        kind: kind.unwrap_or(Kind::Hot),
        target,
        territory: territory.map(|written| written.value),
        replace,
        source: new_source.map(|written| written.value),
        owner: value(owner),
        reason: value(reason),
        window,
        places,
    });
}

/// Rules of some kinds say exactly one of some things.
fn check_target(kind: Kind, entry: &Entry<'_, '_>, found: [&Option<Written>; 4], problems: &mut Vec<Problem>) {
    let (wanted, example): (&[&str], &str) = match kind {
        Kind::Territory => (&["territory"], "territory = \"North\""),
        Kind::Strategic => (&["rep", "queue"], "rep = \"ana@example.com\", or queue = \"Key_Accounts\""),
        Kind::Partner => {
            (&["rep", "queue", "rep_when"], "rep = \"…\", queue = \"…\" or rep_when = '\"gold\" in rep.partner_tiers'")
        }
        Kind::Require => (&["rep_when"], "rep_when = '\"iso27001\" in rep.skills'"),
        Kind::Exception | Kind::Hot => return,
    };
    let present: Vec<&Written> = found.into_iter().flatten().collect();
    match present.as_slice() {
        [] if wanted.iter().any(|key| entry.has(key)) => {}
        [] => {
            let message = format!("a rule of kind {kind} must say {}", wanted.join(" or "));
            problems.push(entry.source.problem(entry.span.clone(), message, format!("add {example}")));
        }
        [_] => {}
        [_, second, ..] => {
            let message = format!("a rule says only one of {}", wanted.join(", "));
            problems.push(entry.source.problem(second.span.clone(), message, "take one away, or make two rules"));
        }
    }
}

type Dated = (Datetime, Range<usize>);

fn window(from: Option<&Dated>, until: Option<&Dated>, source: &Source<'_>, problems: &mut Vec<Problem>) -> Window {
    let mut moment = |dated: Option<&Dated>, last: bool| {
        let (date, span) = dated?;
        let moment = moment(*date, last);
        if moment.is_none() {
            let cure = "write a day, 2027-01-31, or a moment with its zone, 2027-01-31T18:00:00+01:00";
            problems.push(source.problem(span.clone(), "this is no day and no moment with a zone", cure));
        }
        moment
    };
    let window = Window { from: moment(from, false), before: moment(until, true) };
    if let (Some(start), Some(end), Some((_, span))) = (window.from, window.before, until)
        && start >= end
    {
        problems.push(source.problem(span.clone(), "the rule ends before it begins", "exchange from and until"));
    }
    window
}

/// The moment that a date means: the beginning of a day, or of the next one if the day is the last.
fn moment(date: Datetime, last: bool) -> Option<DateTime<Utc>> {
    let day = date.date?;
    let day = NaiveDate::from_ymd_opt(i32::from(day.year), u32::from(day.month), u32::from(day.day))?;
    match (date.time, date.offset) {
        (None, None) => {
            let day = if last { day.succ_opt()? } else { day };
            Some(day.and_time(NaiveTime::MIN).and_utc())
        }
        (Some(time), Some(offset)) => {
            // A leap second is the second before it.
            let second = u32::from(time.second.unwrap_or(0)).min(59);
            let time = NaiveTime::from_hms_nano_opt(
                time.hour.into(),
                time.minute.into(),
                second,
                time.nanosecond.unwrap_or(0),
            )?;
            let minutes = match offset {
                Offset::Z => 0,
                Offset::Custom { minutes } => i64::from(minutes),
            };
            day.and_time(time).and_utc().checked_sub_signed(TimeDelta::minutes(minutes))
        }
        _ => None,
    }
}
