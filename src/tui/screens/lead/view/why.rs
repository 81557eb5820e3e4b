//! Why: the lead score, what the gap is worth, and the reasons, each with the deals behind it.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::legacy_rep;
use super::parts::{chosen_by, heading, is_recommended, promised_by, rivals};
use crate::app::explain::{self, Compared};
use crate::domain::number::signed;
use crate::domain::ranking::{Expected, LeadScore, RankedRep, Ranking, Tier};
use crate::domain::recommendation::RouteReason;
use crate::tui::backend::LeadDetail;
use crate::tui::format;
use crate::tui::theme::Meaning;
use crate::tui::verdict::{name_of, rep_name};
use crate::tui::view::Ctx;

const fn tier_meaning(tier: Tier) -> Meaning {
    match tier {
        Tier::Hot => Meaning::Warn,
        Tier::Warm => Meaning::Text,
        Tier::Cold => Meaning::Muted,
    }
}

/// How good the lead is whoever works it, on one line; nothing where the model cannot tell.
pub(super) fn lead_score(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(lead) = detail.ranking.as_ref().and_then(|r| r.lead_score.as_ref()) else { return Vec::new() };
    let score = format!(" lead score {} of 100, {}", lead.score, lead.tier);
    let (p, range) = (format::percent_short(lead.probability), format::interval(lead.interval.low, lead.interval.high));
    let deals = format::grouped(lead.deals.into());
    let texts = [
        format!(": {p} win ({range}), whoever works it; among {deals} closed deals"),
        format!(": {p} win ({range}), whoever works it; {deals} deals"),
        format!(": {p} win ({range}), whoever works it"),
        format!(": {p} win ({range}), {deals} deals"),
    ];
    let room = width.saturating_sub(score.width() + 1);
    let text = texts.iter().find(|text| text.width() <= room).unwrap_or(&texts[3]);
    vec![Line::from(vec![
        ctx.span(tier_meaning(lead.tier), score),
        ctx.span(Meaning::Muted, ctx.theme.text(text, room)),
    ])]
}

/// The same with its reasons, for a wide screen.
pub(super) fn lead_score_list(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(lead) = detail.ranking.as_ref().and_then(|r| r.lead_score.as_ref()) else { return Vec::new() };
    let say = |label: &str, meaning: Meaning, value: String| {
        Line::from(vec![
            ctx.span(Meaning::Muted, format!(" {} ", ctx.theme.left(label, 16))),
            ctx.span(meaning, ctx.theme.text(&value, width.saturating_sub(18))),
        ])
    };
    let LeadScore { score, tier, probability, interval, deals, factors } = lead;
    let range = format::interval(interval.low, interval.high);
    let mut lines = vec![
        heading(ctx, "Lead score (whoever works it)"),
        say("score", tier_meaning(*tier), format!("{score} of 100, {tier}")),
        say("compared with", Meaning::Text, format!("{} closed deals", format::grouped((*deals).into()))),
        say("won", Meaning::Text, format!("{} ({range})", format::percent(*probability))),
    ];
    lines.extend(factors.iter().flat_map(|factor| weighed(factor.weight, &factor.label, ctx, width, 1)));
    lines
}

/// A reason with its sign and weight, on at most so many lines.
fn weighed(weight: f64, label: &str, ctx: &Ctx, width: usize, most: usize) -> Vec<Line<'static>> {
    let meaning = if weight >= 0.0 { Meaning::Good } else { Meaning::Warn };
    let mut sign = ctx.span(meaning, format!(" {weight:>+6.2} "));
    let rows = ctx.theme.wrap(label, width.saturating_sub(8), most);
    rows.into_iter()
        .map(|row| Line::from(vec![std::mem::replace(&mut sign, Span::raw(" ".repeat(8))), Span::raw(row)]))
        .collect()
}

/// What the model's pick is worth against the legacy owner, after allowing for its having been chosen as the best.
pub(super) fn gap(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Line<'static> {
    let rivals = detail.ranking.as_ref().map(|ranking| (rivals(detail, ranking), ranking.expected));
    let uncleared = detail.recommendation.as_ref().is_some_and(|given| given.reason == RouteReason::ModelUncleared);
    let text = match rivals {
        Some(((Some(_), Some(_)), _)) if uncleared => "no gap: this model cannot yet tell which rep is better".into(),
        Some(((Some(model), Some(legacy)), _)) if model.rep_id == legacy.rep_id => {
            return ctx.span(Meaning::Muted, " The legacy rules chose the same rep.").into();
        }
        // Nobody gets the lead for being the model's best, so nobody wins more by it either.
        Some(((Some(best), legacy), _)) if to_queue(detail) => best_of_all(detail, best, legacy, ctx, width),
        Some(((Some(pick), _), _)) if promised_by(detail).is_some() => passed_over(detail, pick),
        Some(((Some(model), Some(legacy)), expected)) => {
            let points = (model.p_win - legacy.p_win) * 100.0;
            let apart = model.interval.low > legacy.interval.high;
            let sure = if apart { "ranges apart" } else { "ranges overlap" };
            let best = detail.ranking.as_ref().and_then(Ranking::best).is_some_and(|best| best.rep_id == model.rep_id);
            let close = model.too_close_to(legacy);
            let texts = match expected.and_then(|e| Some((e, e.gap?))) {
                // What is expected is expected of the best rep, and nothing is known of what a lower one's gap is worth.
                _ if !best => vec![format!("gap {points:.1} points ({sure}); others rank higher, see the way there")],
                Some((_, gap)) if close => too_close(points, Some(gap)),
                None if close => too_close(points, None),
                Some((expected, gap)) => held(points, expected, gap, sure),
                None => [
                    format!("gap {points:.1} points: {points:.0} more wins expected per 100 leads like this ({sure})"),
                    format!("gap {points:.1} points: {points:.0} more wins per 100 leads like this, {sure}"),
                    format!("gap {points:.1} points, {points:+.0} wins per 100 like this"),
                ]
                .to_vec(),
            };
            let fits = |text: &&String| text.width() + 2 <= width;
            texts.iter().find(fits).or(texts.last()).cloned().unwrap_or_default()
        }
        Some(((_, None), _)) => {
            let name = ctx.theme.text(name_of(detail, &detail.record.legacy.owner), 30);
            let kind = if legacy_rep(detail).is_some() { "has no probability" } else { "is a queue" };
            format!("no gap: the legacy owner {name} {kind}")
        }
        _ => "no gap: nobody is ranked".into(),
    };
    ctx.span(Meaning::Title, format!(" {}", ctx.theme.text(&text, width.saturating_sub(1)))).into()
}

/// Whether the lead is recommended to a queue.
fn to_queue(detail: &LeadDetail) -> bool {
    detail.recommendation.as_ref().is_some_and(|given| given.route.rep().is_none())
}

/// Whom the model ranks first of a lead that goes to a queue, beside the legacy owner.
fn best_of_all(detail: &LeadDetail, best: &RankedRep, legacy: Option<&RankedRep>, ctx: &Ctx, width: usize) -> String {
    let who = format!("Best of the reps: {}, {}", rep_name(detail, &best.rep_id), format::percent(best.p_win));
    let other = match legacy {
        Some(legacy) if legacy.rep_id == best.rep_id => ", the legacy owner".to_owned(),
        Some(legacy) => format!("; the legacy owner has {}", format::percent(legacy.p_win)),
        None => String::new(),
    };
    let long = format!("{who}{other}. A person decides.");
    if long.width() + 2 <= width { long } else { ctx.theme.text(&format!("{who}{other}"), width.saturating_sub(1)) }
}

/// A gap between two who each lie in the other's range; the longest first.
fn too_close(points: f64, gap: Option<f64>) -> Vec<String> {
    let held = gap.map_or_else(String::new, |gap| format!(", {:.1} expected to hold", gap * 100.0));
    let short = gap.map_or_else(String::new, |gap| format!(", {:.1} to hold", gap * 100.0));
    vec![
        format!("too close to call: gap {points:.1} points{held}, each lies in the other's range"),
        format!("too close to call: gap {points:.1} points{held}"),
        format!("too close to call: gap {points:.1} points{short}"),
        format!("too close to call: gap {points:.1}"),
    ]
}

/// What a rule or an account gives up, by the model: nobody should have to work it out.
fn passed_over(detail: &LeadDetail, pick: &RankedRep) -> String {
    match detail.ranking.as_ref().and_then(Ranking::best) {
        // Who has a promise may be outside the pool.
        Some(best) if !is_recommended(detail, pick) => format!(
            "The model does not rank that rep here; it ranks {} first: {}.",
            rep_name(detail, &best.rep_id),
            format::percent(best.p_win)
        ),
        Some(best) if best.rep_id != pick.rep_id => format!(
            "The model ranks {} first: {}, {} points more.",
            rep_name(detail, &best.rep_id),
            format::percent(best.p_win),
            signed((best.p_win - pick.p_win) * 100.0).trim_start_matches('+')
        ),
        _ => "The model ranks the same rep first.".into(),
    }
}

/// The gap, and what of it is expected to hold; the longest first.
fn held(points: f64, expected: Expected, gap: f64, sure: &str) -> Vec<String> {
    let held = gap * 100.0;
    let deals = format::grouped(expected.deals.into());
    let kept = format::percent_short(expected.kept);
    vec![
        format!(
            "gap {points:.1} points ({sure}), {held:.1} expected to hold: {held:.0} more wins per 100 leads like this \
             ({kept} of such gaps showed in {deals} held-out deals)"
        ),
        format!(
            "gap {points:.1} points, {held:.1} expected to hold: {held:.0} more wins per 100 leads like this ({sure})"
        ),
        format!("gap {points:.1} points, {held:.1} to hold: {held:.0} more wins per 100 like this ({sure})"),
        format!("gap {points:.1} points, {held:.1} to hold: {held:+.0} wins per 100 like this"),
    ]
}

/// How many reasons are told.
pub(super) struct Reasons {
    /// So many, whether there is room for them or not.
    pub least: usize,
    /// Not more than these.
    pub most: usize,
    /// On so many lines each, at most.
    pub lines: usize,
    /// Lines for all of them and their title.
    pub room: usize,
}

/// What tells the model's pick from the legacy owner, with the deals of both behind each reason.
pub(super) fn contrasts(detail: &LeadDetail, ctx: &Ctx, width: usize, reasons: &Reasons) -> Vec<Line<'static>> {
    let compared = explain::compared(detail).filter(|compared| !compared.reasons.contrasts.is_empty());
    let Some(Compared { reasons: comparison, recommended, role }) = compared else { return Vec::new() };
    let name = |rep| rep_name(detail, rep);
    let (ours, theirs) = (name(&comparison.ours), name(&comparison.theirs));
    let first = |name: &str| name.split_whitespace().next().unwrap_or(name).to_owned();
    let short = (first(ours), first(theirs));
    // What rounds to nothing is no reason.
    let telling = comparison.contrasts.iter().filter(|c| c.weight.abs() >= 0.005).take(reasons.most);
    let told = telling.map(|contrast| {
        let full = contrast.words(ours, theirs);
        // Where it is tight, first names do, if they tell the two apart.
        let words =
            if full.width() + 8 > width && short.0 != short.1 { contrast.words(&short.0, &short.1) } else { full };
        weighed(contrast.weight, &words, ctx, width, reasons.lines)
    });
    let (mut below, mut shown) = (Vec::new(), 0);
    for lines in told {
        if shown >= reasons.least && 1 + below.len() + lines.len() > reasons.room {
            break;
        }
        below.extend(lines);
        shown += 1;
    }
    let some = match comparison.contrasts.len() {
        all if all > shown => format!(", {shown} of {all} reasons"),
        _ => String::new(),
    };
    let titles = if recommended {
        [
            format!("Why {ours} before {theirs} ({role}): {:+.2} log-odds{some}", comparison.gap),
            format!("Why not {theirs} ({role}): {:+.2} log-odds{some}", comparison.gap),
            format!("Why not {theirs} ({role}): {:+.2} log-odds", comparison.gap),
        ]
    } else {
        // Whoever is not recommended gets nothing by being the model's best, and nobody is told that it goes to them.
        [
            format!(
                "Why the model ranks {ours} (its best) before {theirs} ({role}): {:+.2} log-odds{some}",
                comparison.gap
            ),
            format!("The model's best, {ours}, before {theirs} ({role}): {:+.2} log-odds", comparison.gap),
            format!("The model's best before {theirs} ({role}): {:+.2} log-odds", comparison.gap),
        ]
    };
    let title = titles.iter().find(|title| title.width() + 2 <= width).unwrap_or(&titles[2]);
    let title = ctx.span(Meaning::Title, format!(" {}", ctx.theme.text(title, width.saturating_sub(1))));
    std::iter::once(title.into()).chain(below).collect()
}

/// What speaks for and against the model's pick and the legacy owner, side by side where there is room.
pub(super) fn factors(detail: &LeadDetail, ctx: &Ctx, width: usize, count: usize) -> Vec<Line<'static>> {
    let Some(ranking) = &detail.ranking else { return Vec::new() };
    let (model, legacy) = rivals(detail, ranking);
    let mut columns: Vec<(&RankedRep, Meaning, &str)> = Vec::new();
    columns.extend(model.map(|rep| {
        let tag = if is_recommended(detail, rep) { chosen_by(detail) } else { "best ranked" };
        (rep, Meaning::Model, tag)
    }));
    let other = legacy.filter(|legacy| model.is_none_or(|model| model.rep_id != legacy.rep_id));
    columns.extend(other.map(|rep| (rep, Meaning::Legacy, "legacy")));
    columns.retain(|(rep, ..)| !rep.factors.is_empty());
    if columns.is_empty() {
        return Vec::new();
    }
    if width < 62 {
        columns.truncate(1);
    }
    let each = width.saturating_sub(1) / columns.len();
    let height = columns.iter().map(|(rep, ..)| rep.factors.len()).max().unwrap_or(0).min(count);
    let mut lines: Vec<Line<'static>> = vec![Line::default(); height + 1];
    for (rep, meaning, tag) in columns {
        let name = format!("{} ({tag})", rep_name(detail, &rep.rep_id));
        let title = [format!("{name} + for - against"), format!("{name} +for -against"), name];
        let title = title.iter().find(|title| title.width() < each).unwrap_or(&title[2]);
        lines[0].push_span(ctx.span(meaning, ctx.theme.left(&format!(" {title}"), each)));
        for (index, line) in lines.iter_mut().skip(1).enumerate() {
            let Some(factor) = rep.factors.get(index) else {
                line.push_span(Span::raw(" ".repeat(each)));
                continue;
            };
            let meaning = if factor.weight >= 0.0 { Meaning::Good } else { Meaning::Warn };
            line.push_span(ctx.span(meaning, format!(" {:>+6.2} ", factor.weight)));
            line.push_span(Span::raw(ctx.theme.left(&factor.label, each.saturating_sub(8))));
        }
    }
    lines
}
