//! Finds a rep by a few letters of the name: to give a lead to, or to ask why they do not get it.

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;

use super::fuzzy;
use crate::domain::ids::RepId;
use crate::domain::ranking::Ranking;
use crate::domain::rep::Roster;
use crate::tui::backend::LeadDetail;
use crate::tui::verdict::{Draft, rep_name};
use crate::tui::widgets::field::Field;

/// Longest text to look for, in characters: what names have.
const LIMIT: usize = 80;

/// A rep that can be chosen.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The rep.
    pub id: RepId,
    /// Name, raw.
    pub name: String,
    /// `p_win` where ranked, else why not.
    pub standing: Standing,
}

/// How a rep stands for this lead.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Eligible and ranked: rank and `p_win`.
    Ranked(u32, f64),
    /// Eligible, where nobody is to see how they are ranked: deals won, and of how many.
    Eligible(u32, u32),
    /// Not in the pool; why.
    Excluded(String),
    /// No ranking speaks of this rep.
    Unknown,
}

impl Standing {
    /// Whether they may get the lead.
    pub const fn may(&self) -> bool {
        matches!(self, Self::Ranked(..) | Self::Eligible(..))
    }
}

/// What a rep is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To give the lead to: of active reps.
    Give,
    /// To ask why they do not get it: of all.
    WhyNot,
    /// To say whom one would give it to before the ranking is shown: of active reps.
    First,
}

/// The state of the finder.
#[derive(Debug)]
pub struct Finder {
    /// The lead, and the verdict so far.
    pub draft: Draft,
    /// What the rep is looked for.
    pub purpose: Purpose,
    /// What is typed.
    pub query: Field,
    /// Everybody who could own the lead, ranked ones first.
    candidates: Vec<Candidate>,
    /// Indices of those that match, best first.
    matches: Vec<usize>,
    /// Line under the cursor.
    pub selected: usize,
}

impl Finder {
    /// Everybody whom the purpose allows, best ranked first, then by name: to give the lead to, whoever is active today; to
    /// ask about, also whoever there was when it was ranked.
    pub fn new(draft: Draft, purpose: Purpose, roster: Option<&Roster>, detail: &LeadDetail) -> Self {
        let blind = purpose == Purpose::First;
        let standing = |id: &RepId| standing(id, detail.ranking.as_ref(), blind);
        let today = roster.into_iter().flat_map(|roster| &roster.reps);
        let mut known: BTreeMap<&RepId, &str> = today
            .filter(|rep| rep.active || purpose == Purpose::WhyNot)
            .map(|rep| (&rep.id, rep.name.as_str()))
            .collect();
        if let (Purpose::WhyNot, Some(ranking)) = (purpose, &detail.ranking) {
            let then = ranking.pool.eligible.iter().chain(ranking.pool.excluded.iter().map(|(rep, _)| rep));
            for rep in then {
                known.entry(rep).or_insert_with(|| rep_name(detail, rep));
            }
        }
        let mut candidates: Vec<Candidate> = known
            .into_iter()
            .map(|(id, name)| Candidate { id: id.clone(), name: name.to_owned(), standing: standing(id) })
            .collect();
        candidates.sort_by_cached_key(|c| {
            let rank = match c.standing {
                Standing::Ranked(rank, _) => rank,
                Standing::Eligible(..) => 0,
                Standing::Excluded(_) | Standing::Unknown => u32::MAX,
            };
            (rank, c.name.to_lowercase())
        });
        let matches = (0..candidates.len()).collect();
        Self { draft, purpose, query: Field::new("", LIMIT), candidates, matches, selected: 0 }
    }

    /// The reps were read again: they may be others, or have been unknown before. What is typed stays.
    pub fn renew(&mut self, roster: &Roster, detail: &LeadDetail) {
        let chosen = self.chosen().map(|one| one.id.clone());
        self.candidates = Self::new(self.draft.clone(), self.purpose, Some(roster), detail).candidates;
        self.search();
        let place = self.matches().position(|one| Some(&one.id) == chosen.as_ref());
        self.selected = place.unwrap_or(0);
    }

    /// Those that match, best first.
    pub fn matches(&self) -> impl ExactSizeIterator<Item = &Candidate> {
        self.matches.iter().map(|i| &self.candidates[*i])
    }

    /// The rep under the cursor.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.matches.get(self.selected).map(|i| &self.candidates[*i])
    }

    /// Moves the cursor.
    pub fn step(&mut self, lines: isize) {
        self.selected = self.selected.saturating_add_signed(lines).min(self.matches.len().saturating_sub(1));
    }

    /// Takes a key of the text.
    pub fn input(&mut self, event: KeyEvent) {
        if self.query.input(event) {
            self.search();
        }
    }

    /// Looks again after the text changed.
    pub fn search(&mut self) {
        self.selected = 0;
        self.matches = fuzzy::best(&self.query.text(), self.candidates.iter().map(|one| (one.name.as_str(), "")));
        // However well a name matches, who may get the lead stands before who may not.
        self.matches.sort_by_key(|at| !self.candidates[*at].standing.may());
    }
}

fn standing(id: &RepId, ranking: Option<&Ranking>, blind: bool) -> Standing {
    let Some(ranking) = ranking else { return Standing::Unknown };
    // The legacy owner is scored even where they may not get the lead.
    if let Some(ranked) = ranking.of(id).filter(|ranked| ranked.in_pool) {
        return if blind {
            Standing::Eligible(ranked.support.wins, ranked.support.deals)
        } else {
            Standing::Ranked(ranked.rank, ranked.p_win)
        };
    }
    let excluded = ranking.pool.excluded.iter().find(|(rep, _)| rep == id);
    excluded.map_or(Standing::Unknown, |(_, why)| Standing::Excluded(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pool::Exclusion;
    use crate::tui::fake::company;
    use crate::tui::testing::noon;

    #[test]
    fn who_may_get_the_lead_stands_before_who_may_not_however_well_the_name_matches() {
        let state = company(noon(), 1);
        let (_, mut detail) = state.leads.values().next().unwrap().clone();
        let ranking = detail.ranking.as_mut().unwrap();
        let scored = ranking.reps[0].rep_id.clone();
        // Scored as the legacy owner, and out of the pool all the same.
        ranking.reps[0].in_pool = false;
        ranking.pool.eligible.retain(|rep| *rep != scored);
        ranking.pool.excluded.push((scored.clone(), Exclusion::Inactive));
        for purpose in [Purpose::Give, Purpose::WhyNot] {
            let mut finder = Finder::new(Draft::for_tests(), purpose, Some(&state.roster), &detail);
            for letters in ["", "a", "an"] {
                finder.query = Field::new(letters, LIMIT);
                finder.search();
                let eligible: Vec<bool> =
                    finder.matches().map(|one| matches!(one.standing, Standing::Ranked(..))).collect();
                assert!(eligible.contains(&true) && eligible.contains(&false), "{letters}");
                assert!(eligible.is_sorted_by(|before, after| before >= after), "{letters}: {eligible:?}");
            }
            let out = finder.candidates.iter().find(|one| one.id == scored).unwrap();
            assert!(matches!(out.standing, Standing::Excluded(_)));
        }
    }
}
