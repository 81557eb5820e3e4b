//! How each rep did on each level of each field.

use serde::{Deserialize, Serialize};

use super::rep_effects::Tally;
use super::spec::{Code, FeatureSpec, Source};

/// What one rep did on one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Index of the rep.
    pub(super) rep: u32,
    /// Closed deals and wins.
    pub(super) tally: Tally,
}

/// By field, then level: the reps who closed a deal there, ascending. Levels come first, so that a lead finds all reps who
/// know its level in one run. Fields without such a column have no levels here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Records(Vec<Vec<Vec<Record>>>);

impl Records {
    pub(super) fn new(spec: &FeatureSpec) -> Self {
        let levels = Self::levels(spec);
        Self(levels.into_iter().map(|levels| vec![Vec::new(); levels]).collect())
    }

    /// Levels of each field; nothing at all if the declaration wants none.
    fn levels(spec: &FeatureSpec) -> Vec<usize> {
        let mut levels = vec![0; spec.fields.len()];
        for column in &spec.columns {
            if let Source::RepLevelRate(field) = column.source {
                levels[field as usize] = spec.fields[field as usize].level_count();
            }
        }
        if levels.iter().all(|levels| *levels == 0) { Vec::new() } else { levels }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One more closed deal.
    pub(super) fn learn(&mut self, codes: &[Code], rep: usize, won: bool) {
        let rep = rep as u32;
        for (levels, code) in self.0.iter_mut().zip(codes) {
            let Some(known) = levels.get_mut(code.level as usize) else { continue };
            let at = known.binary_search_by_key(&rep, |record| record.rep).unwrap_or_else(|at| {
                known.insert(at, Record { rep, tally: Tally::default() });
                at
            });
            let Tally(deals, wins) = &mut known[at].tally;
            *deals += 1;
            *wins += u32::from(won);
        }
    }

    /// Everybody who closed a deal on the lead's level of a field, ascending.
    pub(super) fn on(&self, field: usize, codes: &[Code]) -> &[Record] {
        self.0.get(field).and_then(|levels| levels.get(codes[field].level as usize)).map_or(&[], Vec::as_slice)
    }

    /// What one rep did on the lead's level of a field.
    pub(super) fn of(&self, rep: Option<usize>, field: usize, codes: &[Code]) -> Tally {
        let known = self.on(field, codes);
        let at = rep.and_then(|rep| known.binary_search_by_key(&(rep as u32), |record| record.rep).ok());
        at.map_or_else(Tally::default, |at| known[at].tally)
    }

    /// Whether what was stored fits the declaration and so many reps.
    pub(super) fn fits(&self, spec: &FeatureSpec, reps: usize) -> bool {
        let levels = Self::levels(spec);
        let sound = |records: &Vec<Record>| {
            records.windows(2).all(|w| w[0].rep < w[1].rep)
                && records.iter().all(|record| (record.rep as usize) < reps && record.tally.1 <= record.tally.0)
        };
        self.0.len() == levels.len()
            && self.0.iter().zip(levels).all(|(known, levels)| known.len() == levels && known.iter().all(sound))
    }
}
