//! Handing leads over: which manager, what they should know, and what comes of it; and leads that others hand over.

use chrono::{DateTime, Utc};
use ratatui::text::Line;

use super::name;
use crate::domain::ids::LeadId;
use crate::tui::backend::BackendError;
use crate::tui::backend::team::{HandOver, HandedOver, HandingOver, called};
use crate::tui::format;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::{Effect, Generation, Load};
use crate::tui::overlay::Overlay;
use crate::tui::overlay::menu::Menu;
use crate::tui::overlay::question::{Purpose, Question};
use crate::tui::screens::Screen;
use crate::tui::theme::Meaning;
use crate::tui::view::Ctx;

/// Lines of a note under a lead.
const NOTE_LINES: usize = 2;

/// Leads that are being handed over, and what is known of those that came.
#[derive(Debug, Default)]
pub(super) struct Handing {
    /// Asks for the managers.
    load: Load,
    /// The leads, and what they are called together; raw.
    leads: Vec<LeadId>,
    subject: String,
    /// To whom, once that is chosen.
    to: String,
    /// When the newest came that the person was told of; `None` before the first look.
    told: Option<DateTime<Utc>>,
}

/// Begins to hand over the marked leads, or the one in focus: asks who there is.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    if model.options.read_only {
        model.say(Tone::Warn, "Read-only: nothing is handed over in this session.");
        return Vec::new();
    }
    let marked = if model.screen == Screen::Queue { model.queue.marked() } else { Vec::new() };
    let (leads, subject) = match (marked.as_slice(), model.lead_in_focus()) {
        ([], None) => {
            model.say(Tone::Info, "No lead is selected.");
            return Vec::new();
        }
        ([], Some(lead)) => {
            let row = model.queue.rows().iter().find(|row| row.id == *lead).map(|row| row.company.clone());
            let detail = model.focus.detail().filter(|detail| detail.record.lead.id == *lead);
            let company = row.or_else(|| detail.map(|detail| detail.record.lead.company.clone()));
            (vec![lead.clone()], company.unwrap_or_else(|| lead.to_string()))
        }
        ([one], _) => (vec![one.lead.clone()], one.company.clone()),
        (several, _) => {
            let n = format::grouped(several.len() as u64);
            (several.iter().map(|one| one.lead.clone()).collect(), format!("{n} marked leads"))
        }
    };
    let handing = &mut model.team.handing;
    (handing.leads, handing.subject) = (leads, subject);
    vec![Effect::LoadManagers(handing.load.start())]
}

/// The managers are known: asks which one.
pub fn choose(model: &mut Model, generation: Generation, result: Result<Vec<String>, BackendError>) -> Vec<Effect> {
    // Whoever is doing something else by now is not interrupted.
    if !model.team.handing.load.accept(generation) || !model.overlays.is_empty() {
        return Vec::new();
    }
    match result {
        Err(error) => model.say(Tone::Error, format!("The managers could not be read: {error}")),
        Ok(names) if names.is_empty() => {
            model.say(Tone::Warn, "No other manager has worked on this store yet, so there is nobody to hand to.");
        }
        Ok(names) => {
            let title = format!("Hand {} over to whom?", name(&model.team.handing.subject));
            model.overlays.push(Overlay::Menu(Menu::managers(&names, title)));
        }
    }
    Vec::new()
}

/// The manager is chosen: asks for a note.
pub fn ask_note(model: &mut Model, to: String) {
    let mut question = Question::new(Purpose::HandOver, "");
    question.about = format!(" {} to {}?", name(&model.team.handing.subject), name(&to));
    model.team.handing.to = to;
    model.overlays.push(Overlay::Question(Box::new(question)));
}

/// Hands over.
pub fn send(model: &mut Model, note: Option<String>) -> Vec<Effect> {
    let handing = &mut model.team.handing;
    let (leads, to) = (std::mem::take(&mut handing.leads), std::mem::take(&mut handing.to));
    vec![Effect::HandOver(HandingOver { leads, to, note })]
}

/// What came of it.
pub fn done(model: &mut Model, result: Result<HandedOver, BackendError>) -> Vec<Effect> {
    match result {
        Err(error) => model.say(Tone::Error, format!("Nothing was handed over: {error}")),
        Ok(HandedOver { to, leads, left_out }) => {
            for lead in &leads {
                model.queue.unmark(lead);
            }
            let what = match leads.len() {
                1 => model.team.handing.subject.clone(),
                n => format!("{} leads", format::grouped(n as u64)),
            };
            let what = if leads.len() == 1 && !left_out.is_empty() { "1 lead".to_owned() } else { name(&what) };
            let left_out = match left_out.len() {
                0 => String::new(),
                n => format!(" {} not: decided meanwhile.", format::grouped(n as u64)),
            };
            model.say(Tone::Good, format!("{what}: handed over to {}.{left_out}", name(&to)));
        }
    }
    let mut effects = vec![model.queue.reload()];
    effects.extend(model.focus.refresh());
    effects
}

/// Whether a lead is handed to the manager at this terminal.
pub fn is_mine(model: &Model, handed: &HandOver) -> bool {
    handed.to == called(&model.options.manager)
}

/// Says that leads came, once, while the line is free.
pub fn arrived(model: &mut Model) {
    let Some(overview) = &model.overview.data else { return };
    // The seconds of an undo are not covered up.
    if model.status.as_ref().and_then(|status| status.undo_until).is_some_and(|until| until > model.now) {
        return;
    }
    let told = model.team.handing.told;
    let new: Vec<_> = overview.handed.iter().filter(|one| told.is_none_or(|told| one.hand_over.at > told)).collect();
    let text = match (new.as_slice(), told) {
        ([], _) => None,
        ([one], Some(_)) => {
            let note = one.hand_over.note.as_deref().map_or_else(String::new, |note| format!(": {note}"));
            Some(format!("{} hands you {}{note}", name(&one.hand_over.from), name(&one.company)))
        }
        ([one], None) => Some(format!("{} is handed to you; the filter for:me shows it.", name(&one.company))),
        (several, _) => Some(format!("{} leads are handed to you; the filter for:me shows them.", several.len())),
    };
    let newest = overview.handed.iter().map(|one| one.hand_over.at).max();
    model.team.handing.told = newest.max(told).or(Some(DateTime::<Utc>::MIN_UTC));
    if let Some(text) = text {
        model.say(Tone::Info, text);
    }
}

/// Who handed the lead to whom, and what they said.
pub(super) fn lines(model: &Model, ctx: &Ctx, handed: &HandOver, width: usize) -> Vec<Line<'static>> {
    let to = if is_mine(model, handed) { "you".to_owned() } else { name(&handed.to) };
    let at = format::moment(handed.at, ctx.now, ctx.zone);
    let note = handed.note.as_deref().map_or_else(String::new, |note| format!(": {note}"));
    let words = format!("{} handed this to {to} at {at}{note}", name(&handed.from));
    let wrapped = ctx.theme.wrap(&words, width.saturating_sub(2), NOTE_LINES);
    wrapped.into_iter().map(|line| ctx.span(Meaning::Warn, format!(" {line}")).into()).collect()
}
