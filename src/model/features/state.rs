//! The outcome statistics behind the features, as of one moment, and the one code path that turns a lead and a rep
//! into a row: the sweep over the training deals and the scorer both end here.

use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::experience::Experience;
use super::level_spread::LevelSpread;
use super::records::Records;
use super::rep_effects::{Layout, RepEffects, RepState, Tally};
use super::spec::{Codes, FeatureSpec, LEARNED_SMOOTHING_FROM, Scope, Source};
use crate::domain::ids::RepKey;
use crate::domain::ranking::Support;

/// Deals of the overall rate that a level's own rate is mixed with, in feature sets before version 3.
const LEVEL_SMOOTHING: f64 = 20.0;
/// Deals of the overall rate that a rep's own rate is mixed with.
const REP_SMOOTHING: f64 = 20.0;
/// Closed deals from which on a rep is supported: as many as the overall rate counts for.
pub const MIN_SUPPORT: u32 = REP_SMOOTHING as u32;
/// Deals of the overall rate that a rep's rate on one level is mixed with.
const RECORD_SMOOTHING: f64 = 1.0;
/// What the overall win rate is taken to be before any deal closed, and its weight in deals.
const FIRST_RATE: (f64, f64) = (0.25, 4.0);

/// How one deal ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closing {
    /// Won or lost.
    pub won: bool,
    /// Hours to the rep's first contact, if the data has them.
    pub response_hours: Option<f64>,
}

/// All statistics as of one moment: outcomes of deals known by then, and of no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureState {
    /// All deals.
    total: Tally,
    /// By field, then level.
    levels: Vec<Vec<Tally>>,
    /// By field; empty before version 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    spreads: Vec<LevelSpread>,
    /// What each rep did besides closing, by index. Empty in models of version 1.
    #[serde(default)]
    experience: Vec<Experience>,
    /// Empty before version 3, and in a declaration without [`Source::RepLevelRate`].
    #[serde(default, skip_serializing_if = "Records::is_empty")]
    pub(super) records: Records,
    /// Creation of the first known lead, in days since 1970.
    #[serde(default)]
    began: Option<f64>,
    baseline: Baseline,
    /// Sorted; the index of a rep here is its index in `effects`.
    reps: Vec<RepKey>,
    pub(super) effects: RepEffects,
    #[serde(skip)]
    pub(super) layout: Layout,
}

impl FeatureState {
    /// Before any deal closed. `reps` names everybody whose deals may be learned.
    pub fn new(spec: &FeatureSpec, reps: impl Iterator<Item = RepKey>) -> Self {
        let mut reps: Vec<RepKey> = reps.collect();
        reps.sort();
        reps.dedup();
        let layout = Layout::new(spec);
        let fields = spec.fields.iter();
        let levels: Vec<Vec<Tally>> = fields.map(|field| vec![Tally::default(); field.level_count()]).collect();
        let effects = RepEffects::new(&layout, reps.len());
        Self {
            total: Tally::default(),
            levels,
            spreads: vec![LevelSpread::default(); spreads(spec)],
            experience: vec![Experience::default(); reps.len()],
            records: Records::new(spec),
            began: None,
            baseline: Baseline::new(spec),
            reps,
            effects,
            layout,
        }
    }

    /// Completes a state that was read from a file. False if it does not fit the declaration.
    #[must_use]
    pub fn attach(&mut self, spec: &FeatureSpec) -> bool {
        let layout = Layout::new(spec);
        let fits = self.baseline.fits(spec)
            && self.levels.len() == spec.fields.len()
            && self.levels.iter().zip(&spec.fields).all(|(levels, field)| levels.len() == field.level_count())
            && self.spreads.len() == spreads(spec)
            && (spec.version < 2 || self.experience.len() == self.reps.len())
            && self.records.fits(spec, self.reps.len())
            && self.effects.fits(&layout)
            && self.effects.reps.len() == self.reps.len()
            && self.reps.is_sorted();
        self.layout = layout;
        fits
    }

    /// The index of a rep; `None` if the history never saw them.
    pub fn rep(&self, key: &RepKey) -> Option<usize> {
        self.reps.binary_search(key).ok()
    }

    /// Reps the history names.
    pub fn reps(&self) -> usize {
        self.reps.len()
    }

    /// Reps with at least one closed deal.
    pub fn known_reps(&self) -> usize {
        self.effects.reps.iter().filter(|rep| rep.deals().0 > 0).count()
    }

    /// Learns one closed deal. Deals must come in the order in which their outcomes became known.
    pub fn learn(&mut self, codes: &Codes, rep: usize, closing: Closing) {
        let Closing { won, response_hours } = closing;
        let p = self.baseline.probability(&codes.fields);
        self.effects.learn(&self.layout, rep, &codes.fields, p, won);
        self.baseline.learn(&codes.fields, won);
        self.records.learn(&codes.fields, rep, won);
        let add = |tally: &mut Tally| {
            tally.0 += 1;
            tally.1 += u32::from(won);
        };
        add(&mut self.total);
        for (spread, (levels, code)) in self.spreads.iter_mut().zip(self.levels.iter().zip(&codes.fields)) {
            spread.learn(levels[code.level as usize], won);
        }
        for (levels, code) in self.levels.iter_mut().zip(&codes.fields) {
            add(&mut levels[code.level as usize]);
        }
        self.began = Some(self.began.map_or(codes.day, |began| began.min(codes.day)));
        if let Some(experience) = self.experience.get_mut(rep) {
            experience.learn(codes.day, response_hours);
        }
    }

    /// Tells how many deals a rep works on right now; `None` if nobody knows.
    pub fn set_load(&mut self, rep: usize, open_deals: Option<u32>) {
        if let Some(experience) = self.experience.get_mut(rep) {
            experience.load = open_deals;
        }
    }

    /// Brings every estimate up to date with the deals learned; called once, when learning ends.
    pub fn settle(&mut self) {
        self.effects.settle(&self.layout);
    }

    fn overall_rate(&self) -> f64 {
        let (rate, weight) = FIRST_RATE;
        (f64::from(self.total.1) + rate * weight) / (f64::from(self.total.0) + weight)
    }

    /// Fills the columns that depend on the lead alone; `row` begins with them.
    pub fn write_lead(&self, spec: &FeatureSpec, codes: &Codes, row: &mut [f32]) {
        for (column, value) in spec.columns.iter().zip(row).take_while(|(column, _)| column.scope == Scope::Lead) {
            *value = match column.source {
                Source::Numeric(i) => codes.numerics[i as usize],
                Source::Baseline => self.baseline.predict(&codes.fields).0 as f32,
                Source::LevelRate(i) => self.level_rate(i, codes),
                Source::Level(i) => spec.fields[i as usize].category(codes.fields[i as usize]),
                Source::Indicator(i, level) => f32::from(u8::from(codes.fields[i as usize].level == level)),
                _ => f32::NAN,
            };
        }
    }

    /// Fills the columns that depend on the rep; `row` begins with the lead's columns, which are left as they are.
    /// A rep whom the history does not know is a rep without deals.
    pub fn write_rep(&self, spec: &FeatureSpec, codes: &Codes, rep: Option<usize>, row: &mut [f32]) {
        let layout = &self.layout;
        let rep_index = rep;
        let rep = rep.map(|rep| &self.effects.reps[rep]);
        let tally = |cell: usize| rep.map_or(Tally::default(), |rep| rep.tallies[cell]);
        let effect = |cell: usize| rep.map_or(0.0, |rep| rep.effects[cell]);
        let experience = rep_index.and_then(|rep| self.experience.get(rep));
        let cell = |field: u32| layout.cell(field as usize, codes.fields[field as usize].slot);
        for (column, value) in spec.columns.iter().zip(row).filter(|(column, _)| column.scope != Scope::Lead) {
            *value = match column.source {
                Source::RepNumber => rep_index.map_or(f32::NAN, |rep| self.rep_number(spec, rep)),
                Source::RepRate => smoothed(tally(0), self.overall_rate(), REP_SMOOTHING),
                Source::RepEffect => effect(0) as f32,
                Source::RepTenure => self.tenure(rep_index, codes.day),
                Source::RepResponse => experience.map_or(f32::NAN, Experience::response),
                Source::RepLoad => experience.and_then(|known| known.load).map_or(f32::NAN, |open| open as f32),
                Source::Advantage => layout.active(&codes.fields).into_iter().map(effect).sum::<f64>() as f32,
                Source::RepLevelRate(i) => self.record_rate(self.records.of(rep_index, i as usize, &codes.fields)),
                Source::SegmentEffect(i) => cell(i).map_or(f32::NAN, |cell| (effect(0) + effect(cell)) as f32),
                _ => f32::NAN,
            };
        }
    }

    /// How long a rep has been in the job on a day, see [`Source::RepTenure`].
    pub(super) fn tenure(&self, rep: Option<usize>, day: f64) -> f32 {
        let known = rep.and_then(|rep| self.experience.get(rep));
        known.map_or(f32::NAN, |known| known.tenure(day, self.began))
    }

    /// See [`Source::RepNumber`].
    fn rep_number(&self, spec: &FeatureSpec, rep: usize) -> f32 {
        let known = self.effects.reps[rep].deals().0 > 0;
        let number = known.then(|| spec.reps.binary_search(&self.reps[rep]).ok()).flatten();
        number.map_or(f32::NAN, |number| number as f32)
    }

    /// See [`Source::LevelRate`].
    fn level_rate(&self, field: u32, codes: &Codes) -> f32 {
        let field = field as usize;
        let overall = self.overall_rate();
        let weight = self.spreads.get(field).map_or(LEVEL_SMOOTHING, |spread| spread.weight(self.total, overall));
        smoothed(self.levels[field][codes.fields[field].level as usize], overall, weight)
    }

    /// See [`Source::RepLevelRate`].
    pub(super) fn record_rate(&self, record: Tally) -> f32 {
        smoothed(record, self.overall_rate(), RECORD_SMOOTHING)
    }

    /// The closed deals behind a rep, in all and in the lead's slot of `segment`.
    pub fn support(&self, codes: &Codes, rep: Option<usize>, segment: Option<usize>) -> Support {
        let Some(rep) = rep.map(|rep| &self.effects.reps[rep]) else { return Support::default() };
        let all = rep.deals();
        let similar = segment
            .and_then(|field| self.layout.cell(field, codes.fields[field].slot))
            .map_or(all, |cell| rep.tallies[cell]);
        Support { deals: all.0, wins: all.1, similar_deals: similar.0, similar_wins: similar.1 }
    }

    /// Whether the history says enough of a rep for the rep's own results to weigh at least as much as everybody else's
    /// in the smoothed rate: [`MIN_SUPPORT`] closed deals.
    pub fn supported(&self, rep: Option<usize>) -> bool {
        rep.is_some_and(|rep| self.effects.reps[rep].deals().0 >= MIN_SUPPORT)
    }

    /// What a rep adds to the log-odds of this lead, on all leads (`None`) or more in the lead's slot of one field; 0
    /// for a rep without deals and for a field that is not crossed.
    pub fn rep_effect(&self, codes: &Codes, rep: Option<usize>, field: Option<usize>) -> f64 {
        self.rep_cell(codes, rep, field).map_or(0.0, |(rep, cell)| rep.effects[cell])
    }

    /// Closed deals and wins of a rep, in all (`None`), in the lead's slot of one field, or on the lead's level of one
    /// that is not crossed.
    pub fn rep_record(&self, codes: &Codes, rep: Option<usize>, field: Option<usize>) -> (u32, u32) {
        let Tally(deals, wins) = match (self.rep_cell(codes, rep, field), field) {
            (Some((rep, cell)), _) => rep.tallies[cell],
            (None, Some(field)) => self.records.of(rep, field, &codes.fields),
            (None, None) => Tally::default(),
        };
        (deals, wins)
    }

    fn rep_cell(&self, codes: &Codes, rep: Option<usize>, field: Option<usize>) -> Option<(&RepState, usize)> {
        let cell = match field {
            None => 0,
            Some(field) => self.layout.cell(field, codes.fields[field].slot)?,
        };
        Some((&self.effects.reps[rep?], cell))
    }

    /// Variance of the lead's own log-odds.
    pub fn lead_variance(&self, codes: &Codes) -> f64 {
        self.baseline.predict(&codes.fields).1
    }

    /// Standard deviations of rep effects that the history shows, in log-odds: the rep itself, then each crossed field.
    pub fn effect_sds(&self, spec: &FeatureSpec) -> Vec<(String, f64)> {
        let names =
            std::iter::once("rep".to_owned()).chain(spec.crossed().map(|(_, f)| format!("rep x {}", f.fact.label())));
        names.zip(self.effects.variances.iter().map(|v| v.sqrt())).collect()
    }

    /// Precomputed variances of every rep's advantage.
    pub fn uncertainty(&self) -> Uncertainty {
        let layout = &self.layout;
        let known = (0..self.reps.len()).map(|rep| self.effects.covariance(layout, rep)).collect();
        Uncertainty { cells: layout.cells(), known, unknown: self.effects.variances.iter().sum() }
    }

    /// Variance of a rep's advantage on this lead, in squared log-odds.
    pub fn rep_variance(&self, uncertainty: &Uncertainty, codes: &Codes, rep: Option<usize>) -> f64 {
        let Some(rep) = rep else { return uncertainty.unknown };
        let active = self.layout.active(&codes.fields);
        let covariance = &uncertainty.known[rep];
        let sum = |row: &usize| active.iter().map(|column| covariance[row * uncertainty.cells + column]).sum::<f64>();
        active.iter().map(sum).sum()
    }
}

/// Posterior covariances of all reps, see [`FeatureState::uncertainty`].
#[derive(Clone, Debug)]
pub struct Uncertainty {
    pub(super) cells: usize,
    pub(super) known: Vec<Vec<f64>>,
    pub(super) unknown: f64,
}

/// Fields of which a declaration wants to know how much their levels differ.
fn spreads(spec: &FeatureSpec) -> usize {
    if spec.version < LEARNED_SMOOTHING_FROM { 0 } else { spec.fields.len() }
}

fn smoothed(tally: Tally, prior: f64, weight: f64) -> f32 {
    ((f64::from(tally.1) + prior * weight) / (f64::from(tally.0) + weight)) as f32
}
