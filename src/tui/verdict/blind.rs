//! The blind sample: for a few leads a manager says whom they would give it to, and sees what the model would choose only
//! then. What they say is stored before anything is shown; the verdict is given afterwards, as of any lead.

use super::{Draft, name_of, refuse};
use crate::domain::blind;
use crate::domain::disagreement::Cause;
use crate::domain::ids::LeadId;
use crate::domain::lead::Owner;
use crate::tui::backend::{BackendError, Disagreements, FirstChoice, LeadDetail, QueueRow, Which};
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::finder::{Finder, Purpose};

impl Model {
    /// Whether what is recommended for a lead of the list is not to be shown yet.
    pub fn hides_row(&self, row: &QueueRow) -> bool {
        let hides = blind::hides(&row.id, row.state, (row.lane, row.reason), self.options.blind_share);
        hides && self.chooses(&row.id)
    }

    /// The same of a lead that was read.
    pub fn hides(&self, detail: &LeadDetail) -> bool {
        let record = &detail.record;
        let reason = detail.recommendation.as_ref().map(|advice| advice.reason);
        let hides = blind::hides(&record.lead.id, record.state, (record.lane, reason), self.options.blind_share);
        hides && detail.first_choice.is_none() && self.chooses(&record.lead.id)
    }

    /// Whether somebody may still be asked to choose: nobody is in a session that gives no verdicts.
    fn chooses(&self, lead: &LeadId) -> bool {
        !self.options.read_only && !self.session.chosen.contains(lead)
    }

    /// The same of the lead that verdicts are about.
    pub fn hides_focus(&self) -> bool {
        self.focus.detail().is_some_and(|detail| self.hides(detail))
    }

    /// Disagreements without those that would show what is to be chosen for first, and how many those are.
    pub fn sighted(&self, mut found: Disagreements) -> (Disagreements, usize) {
        let all = found.rows.len();
        if found.which == Which::Open {
            let share = self.options.blind_share;
            found.rows.retain(|one| {
                let promised = matches!(one.cause, Cause::StrategicRule | Cause::AccountOwner | Cause::PartnerRule);
                promised || !(blind::in_sample(&one.lead, share) && self.chooses(&one.lead))
            });
        }
        let hidden = all - found.rows.len();
        (found, hidden)
    }
}

/// Asks whom they would give the lead in focus to.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let (Some(detail), Some(roster)) = (model.focus.detail(), &model.roster.data) else {
        model.say(Tone::Warn, "The reps are not read yet; try again in a moment.");
        return model.roster.load.refresh().map(Effect::LoadRoster).into_iter().collect();
    };
    let finder = Finder::new(Draft::of(detail), Purpose::First, Some(roster), detail);
    model.overlays.push(Overlay::Finder(Box::new(finder)));
    // They may have been read before the worker had seen any.
    model.roster.load.refresh().map(Effect::LoadRoster).into_iter().collect()
}

/// A rep was chosen: stored, and nothing is shown before that.
pub(super) fn choose(draft: Draft, owner: Owner) -> Vec<Effect> {
    vec![Effect::ChooseFirst { lead: draft.lead, owner, expected_decisions: draft.expected_decisions }]
}

/// The choice is stored: what is recommended may be seen, beside what was chosen.
pub fn chosen(model: &mut Model, lead: &LeadId, result: Result<FirstChoice, BackendError>) -> Vec<Effect> {
    let choice = match result {
        Ok(choice) => choice,
        Err(error) => return refuse(model, format!("Your choice was not kept: {error}")),
    };
    model.session.chosen.insert(lead.clone());
    let Some(detail) = model.focus.detail().filter(|_| model.focus.id() == Some(lead)) else { return Vec::new() };
    let name = name_of(detail, &choice.owner).to_owned();
    let whose = if choice.manager == model.options.manager { "You".to_owned() } else { choice.manager.clone() };
    let text = if choice.agrees() {
        format!("{whose} chose {name}, and so does leadboard.")
    } else {
        format!("{whose} chose {name}; leadboard recommends {}.", name_of(detail, &choice.recommended))
    };
    model.say(Tone::Info, text);
    if model.screen != crate::tui::screens::Screen::Lead {
        crate::tui::update::open(model, lead.clone());
    }
    model.focus.refresh().into_iter().collect()
}

/// A lead was read: who chose for it before, perhaps in another session, need not choose again.
pub fn arrived(model: &mut Model) {
    let chosen = model.focus.detail().filter(|detail| detail.first_choice.is_some());
    model.session.chosen.extend(chosen.map(|detail| detail.record.lead.id.clone()));
}

#[cfg(test)]
mod tests;
