//! The list of ranked reps: how probable each is to win the lead and on what that rests, and what they have on their desks.

use ratatui::text::{Line, Span};

use super::legacy_rep;
use super::parts::{chosen_by, is_recommended, promised_by};
use crate::app::views::has_passed;
use crate::domain::ids::RepId;
use crate::domain::lead::Owner;
use crate::domain::ranking::{RankedRep, Ranking};
use crate::tui::backend::LeadDetail;
use crate::tui::backend::boards::NextSlot;
use crate::tui::format;
use crate::tui::screens::lead::desks::Desks;
use crate::tui::screens::lead::model::{RepLine, rep_lines};
use crate::tui::screens::reps::view::{ROOM, room};
use crate::tui::theme::Meaning;
use crate::tui::verdict::rep_name;
use crate::tui::view::Ctx;
use crate::tui::widgets::strip::strip;

/// Said of a rep whom the deals do not tell from the recommended one.
const TOO_CLOSE: &str = "too close";

const RANK: usize = 3;
const P: usize = 6;
const RANGE: usize = 7;
/// `114 of 1320`, and the same as `114/1320`.
const EVIDENCE: usize = 10;
const SHORT: usize = 7;
/// A time of today.
const FREE: usize = 5;
/// How far ahead of their share.
const SHARE: usize = 5;
const TAG: usize = 13;
/// Fewest columns of a name beside what a rep has on their desk, and of a strip.
const LEAST_NAME: usize = 13;
const LEAST_STRIP: usize = 12;
/// Columns in which most names are whole.
const WHOLE_NAME: usize = 18;

/// Which columns the list has at a width, most telling first.
#[derive(Debug, Default, PartialEq, Eq)]
struct Columns {
    name: usize,
    won: Option<usize>,
    similar: Option<usize>,
    room: bool,
    free: bool,
    share: bool,
    strip: usize,
}

impl Columns {
    /// `desks`: something is known of what the reps can take.
    fn fit(width: usize, desks: bool) -> Self {
        let rest = width.saturating_sub(2 + RANK + 1 + 1 + P + 1 + RANGE + 1 + TAG);
        if desks && rest >= LEAST_NAME + 2 * (1 + SHORT) + 1 + ROOM {
            Self::with_desks(rest)
        } else {
            Self::plain(rest)
        }
    }

    fn plain(mut rest: usize) -> Self {
        let columns = |fits: bool| fits.then_some(EVIDENCE);
        let won = columns(rest >= 10 + 1 + EVIDENCE);
        let similar = columns(rest >= 12 + 2 * (1 + EVIDENCE));
        rest = rest.saturating_sub([won, similar].iter().flatten().map(|columns| 1 + columns).sum());
        let strip = if rest >= 28 { (rest - 18).min(40) } else { 0 };
        let name = rest.saturating_sub(if strip > 0 { strip + 2 } else { 0 }).min(28);
        Self { name, won, similar, strip, ..Self::default() }
    }

    fn with_desks(mut rest: usize) -> Self {
        // Takes columns if so many are left then.
        let takes = |rest: &mut usize, columns: usize, leaves: usize| {
            let fits = *rest >= columns + leaves;
            *rest -= if fits { columns } else { 0 };
            fits
        };
        takes(&mut rest, 2 * (1 + SHORT), 0);
        let room = takes(&mut rest, 1 + ROOM, LEAST_NAME);
        let free = takes(&mut rest, 1 + FREE, LEAST_NAME);
        let share = takes(&mut rest, 1 + SHARE, LEAST_NAME);
        // A strip tells more than words that are longer, and a whole name more than they do.
        let with_strip = LEAST_NAME + 2 + LEAST_STRIP;
        let leaves = if rest >= with_strip { with_strip + LEAST_STRIP } else { WHOLE_NAME };
        let long = takes(&mut rest, 2 * (EVIDENCE - SHORT), leaves);
        let strip = if rest >= with_strip { (rest - LEAST_NAME - 2).min(40) } else { 0 };
        let name = (rest - if strip > 0 { strip + 2 } else { 0 }).min(28);
        let evidence = Some(if long { EVIDENCE } else { SHORT });
        Self { name, won: evidence, similar: evidence, room, free, share, strip }
    }
}

/// Heading and ranked reps, in exactly `height` lines of reps if there are so many.
pub(super) fn reps(
    detail: &LeadDetail,
    desks: &Desks,
    ctx: &Ctx,
    width: usize,
    (scroll, height): (usize, usize),
) -> Vec<Line<'static>> {
    let Some(ranking) = &detail.ranking else {
        return vec![
            ctx.span(Meaning::Muted, " ranked reps").into(),
            ctx.span(Meaning::Warn, " Not ranked: no probability can be shown.").into(),
        ];
    };
    let columns = Columns::fit(width, desks.tell_of(detail));
    let given = detail.decisions.iter().find(|decision| decision.stands()).map(|decision| &decision.owner);
    let chosen = given.cloned().or_else(|| Some(detail.recommendation.as_ref()?.route.owner()));
    let chosen = match &chosen {
        Some(Owner::Rep(rep)) => Some(rep),
        _ => None,
    };
    let keep: Vec<&RepId> = legacy_rep(detail).into_iter().chain(chosen).collect();
    let shown = rep_lines(ranking, &keep, scroll, height);
    let scale = ranking.reps.iter().map(|r| r.interval.high).fold(0.01, f64::max);
    let mut lines = vec![rep_head(ranking, &columns, ctx, scale)];
    lines.extend(shown.into_iter().map(|line| match line {
        RepLine::Rep(rep) => rep_line(rep, detail, desks, &columns, ctx, scale),
        RepLine::Skipped(n) => {
            let text = format!("  {:>RANK$} {n} more", ctx.theme.glyphs().skipped);
            ctx.span(Meaning::Muted, text).into()
        }
    }));
    lines
}

/// Names the columns, and the model that the probabilities come from.
fn rep_head(ranking: &Ranking, columns: &Columns, ctx: &Ctx, scale: f64) -> Line<'static> {
    let by = format!("by {}", ranking.model_id);
    let by = ctx.theme.left(if by.len() <= columns.name { &by } else { "rep" }, columns.name);
    let mut head = format!("  {:>RANK$} {by} {:>P$} {:>RANGE$}", "#", "p_win", "95%");
    for (name, columns) in [("won", columns.won), ("similar", columns.similar)] {
        head.extend(columns.map(|columns| format!(" {name:>columns$}")));
    }
    head.extend(columns.room.then(|| format!(" {:<ROOM$}", "room")));
    head.extend(columns.free.then(|| format!(" {:>FREE$}", "free")));
    head.extend(columns.share.then(|| format!(" {:>SHARE$}", "share")));
    if columns.strip > 0 {
        let end = format::percent_short(scale);
        let scale = format!("  0%{end:>w$}", w = columns.strip.saturating_sub(2));
        head.push_str(&scale);
    }
    ctx.span(Meaning::Muted, head).into()
}

fn rep_line(
    rep: &RankedRep,
    detail: &LeadDetail,
    desks: &Desks,
    columns: &Columns,
    ctx: &Ctx,
    scale: f64,
) -> Line<'static> {
    let recommended = is_recommended(detail, rep);
    let legacy = legacy_rep(detail) == Some(&rep.rep_id);
    let by = chosen_by(detail);
    let both = format!("{by}, legacy");
    // Named only where the model chose: elsewhere its chances did not decide.
    let close = promised_by(detail).is_none()
        && detail
            .ranking
            .as_ref()
            .and_then(|r| r.reps.iter().find(|one| is_recommended(detail, one)))
            .is_some_and(|pick| pick.too_close_to(rep));
    let (meaning, tag) = match (recommended, legacy) {
        (true, true) => (Meaning::Model, both.as_str()),
        (true, false) => (Meaning::Model, by),
        (false, true) if rep.in_pool && close => (Meaning::Legacy, "legacy, close"),
        (false, true) if rep.in_pool => (Meaning::Legacy, "legacy"),
        (false, true) => (Meaning::Legacy, "legacy, out"),
        (false, false) if close => (Meaning::Text, TOO_CLOSE),
        (false, false) => (Meaning::Text, ""),
    };
    let cursor = if recommended { ctx.theme.glyphs().cursor } else { " " };
    let range = format::interval(rep.interval.low, rep.interval.high);
    let mut spans = vec![
        ctx.span(meaning, format!("{cursor} {:>RANK$} ", rep.rank)),
        ctx.span(meaning, ctx.theme.left(rep_name(detail, &rep.rep_id), columns.name)),
        ctx.span(meaning, format!(" {:>P$}", p_win(rep, detail))),
        ctx.span(Meaning::Muted, format!(" {range:>RANGE$}")),
    ];
    let support = &rep.support;
    let won =
        [(columns.won, support.wins, support.deals), (columns.similar, support.similar_wins, support.similar_deals)];
    spans.extend(won.into_iter().filter_map(|(columns, wins, deals)| {
        let columns = columns?;
        let text = match deals {
            0 => "none".into(),
            _ if columns < EVIDENCE => format!("{wins}/{deals}"),
            _ => format!("{wins} of {deals}"),
        };
        Some(ctx.span(Meaning::Text, format!(" {text:>columns$}")))
    }));
    spans.extend(desk(&rep.rep_id, desks, columns, ctx));
    if columns.strip > 0 {
        let drawn = strip(ctx.theme.glyphs(), rep.p_win, (rep.interval.low, rep.interval.high), scale, columns.strip);
        spans.push(ctx.span(if meaning == Meaning::Text { Meaning::Muted } else { meaning }, format!("  {drawn}")));
    }
    if !tag.is_empty() {
        spans.push(ctx.span(if tag == TOO_CLOSE { Meaning::Muted } else { meaning }, format!(" {tag}")));
    }
    Line::from(spans)
}

/// What a rep can still take, when they are free, and how far they are ahead of their share; a dash where nobody knows.
fn desk(rep: &RepId, desks: &Desks, columns: &Columns, ctx: &Ctx) -> Vec<Span<'static>> {
    let known = desks.of(rep);
    let mut spans = Vec::new();
    if columns.room {
        spans.push(Span::raw(" "));
        spans.push(room(known.and_then(|known| known.room.as_ref()), ctx));
    }
    if columns.free {
        let (meaning, text) = match known.map(|known| known.next_slot) {
            Some(NextSlot::At { at }) if has_passed(at, ctx.now) => (Meaning::Muted, "past".to_owned()),
            Some(NextSlot::At { at }) => (Meaning::Text, format::clock_or_day(at, ctx.now, ctx.zone)),
            Some(NextSlot::None) => (Meaning::Warn, "none".to_owned()),
            Some(NextSlot::Unknown) | None => (Meaning::Muted, "-".to_owned()),
        };
        spans.push(ctx.span(meaning, format!(" {text:>FREE$}")));
    }
    if columns.share {
        let share = known.and_then(|known| known.account);
        let text = share.map_or_else(|| "-".to_owned(), |account| format!("{:+.1}", account.ahead()));
        spans.push(ctx.span(Meaning::Text, format!(" {text:>SHARE$}")));
    }
    spans
}

/// A rep's probability; beside a gate that it is compared with, so that it shows on which side it is.
fn p_win(rep: &RankedRep, detail: &LeadDetail) -> String {
    match detail.path.as_ref().map(|path| &path.gates).filter(|gates| gates.cleared) {
        Some(gates) => format::percent_beside(rep.p_win, gates.confidence),
        None => format::percent(rep.p_win),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_room_shows_more_and_never_leaves_a_name_without_room() {
        let on_80 = Columns::fit(80, true);
        assert_eq!((on_80.won, on_80.similar, on_80.room, on_80.free), (Some(SHORT), Some(SHORT), true, true));
        assert!(on_80.strip == 0 && !on_80.share);
        let all = Columns::fit(140, true);
        assert!(all.room && all.free && all.share && all.strip >= LEAST_STRIP && all.won == Some(EVIDENCE));
        for width in 0..300 {
            let Columns { name, won, similar, room, free, share, strip } = Columns::fit(width, true);
            let evidence: usize = [won, similar].iter().flatten().map(|columns| 1 + columns).sum();
            let desk =
                usize::from(room) * (1 + ROOM) + usize::from(free) * (1 + FREE) + usize::from(share) * (1 + SHARE);
            let taken = name + evidence + desk + if strip > 0 { strip + 2 } else { 0 };
            assert!(taken <= width.saturating_sub(2 + RANK + 1 + 1 + P + 1 + RANGE + 1 + TAG), "{width}");
            assert!(name >= LEAST_NAME || !room, "{width}");
            // What is shown on a narrow screen is shown on a wider one.
            let wider = Columns::fit(width + 1, true);
            assert!((!room || wider.room) && (!free || wider.free) && (!share || wider.share), "{width}");
            assert!(!Columns::fit(width, false).room);
        }
    }
}
