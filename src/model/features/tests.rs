use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use proptest::prelude::*;

use super::*;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, RepKey};
use crate::domain::ranking::Support;

fn day(days: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 1, 1, 0, 0, 0).unwrap() + TimeDelta::days(days)
}

fn deal(id: usize, rep: u8, industry: Option<&str>, created: i64, closed: i64, won: bool) -> Deal {
    let mut facts = LeadFacts::empty(day(created));
    facts.industry = industry.map(str::to_owned);
    facts.source = Some(if id.is_multiple_of(3) { "Web" } else { "Partner" }.to_owned());
    facts.amount = (!id.is_multiple_of(4)).then_some(1_000.0 * (1.0 + (id % 7) as f64));
    facts.numeric.insert("visits".into(), (id % 5) as f64);
    if !id.is_multiple_of(3) {
        facts.numeric.insert(RESPONSE_FACT.into(), (id % 11) as f64);
    }
    Deal {
        lead_id: LeadId::new(format!("{id:04}")),
        rep: RepKey::new(format!("rep {rep}")),
        facts,
        closed_at: day(closed),
        closed_assumed: false,
        outcome: if won { Outcome::Won } else { Outcome::Lost },
        closed_amount: None,
    }
}

fn declare(deals: &[Deal]) -> FeatureSpec {
    let facts: Vec<&LeadFacts> = deals.iter().map(|deal| &deal.facts).collect();
    FeatureSpec::declare(&facts, false).with_categories(deals.iter().map(|deal| deal.rep.clone()))
}

fn rows(spec: &FeatureSpec, deals: &[Deal]) -> Vec<Vec<u32>> {
    let deals: Vec<&Deal> = deals.iter().collect();
    let (matrix, _) = sweep(spec, &deals, &vec![true; deals.len()]);
    // As bits, so that missing equals missing.
    (0..deals.len()).map(|i| matrix.row(i).iter().map(|v| v.to_bits()).collect()).collect()
}

fn any_deals() -> impl Strategy<Value = Vec<Deal>> {
    // Few days and few reps, so that equal times, overlaps and outcomes dated before their lead are common.
    let one = (0u8..4, prop::option::of(0usize..3), 0i64..60, -3i64..30, any::<bool>());
    prop::collection::vec(one, 30..120).prop_map(|deals| {
        let industries = ["Tech", "Health", "Retail"];
        let build = |(id, (rep, industry, created, length, won)): (usize, (u8, Option<usize>, i64, i64, bool))| {
            deal(id, rep, industry.map(|i| industries[i]), created, created + length, won)
        };
        deals.into_iter().enumerate().map(build).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The declaration is fixed; then nothing that became known at or after a deal's creation can be seen in its row.
    #[test]
    fn no_feature_knows_the_future(deals in any_deals(), at in 0i64..60, change in 0u8..3) {
        let spec = declare(&deals);
        let before = rows(&spec, &deals);
        let later = |deal: &Deal| deal.closed_at.max(deal.facts.created_at) >= day(at);
        let mut changed = Vec::new();
        let mut kept = Vec::new();
        for (i, deal) in deals.iter().enumerate() {
            let mut deal = deal.clone();
            if later(&deal) {
                match change {
                    0 => deal.outcome = if deal.outcome == Outcome::Won { Outcome::Lost } else { Outcome::Won },
                    1 => continue,
                    _ => {
                        let mut twin = deal.clone();
                        twin.lead_id = LeadId::new(format!("twin {i}"));
                        twin.rep = RepKey::new("rep 1");
                        changed.push(twin);
                    }
                }
            }
            if deal.facts.created_at <= day(at) {
                kept.push((i, changed.len()));
            }
            changed.push(deal);
        }
        let after = rows(&spec, &changed);
        for (old, new) in kept {
            prop_assert_eq!(&before[old], &after[new], "deal {}", old);
        }
    }

    /// Training and scoring are one code path: a deal created after all others has the row that scoring makes.
    #[test]
    fn scoring_makes_the_same_row_as_training(deals in any_deals()) {
        let spec = declare(&deals);
        let probe = deal(900, 1, Some("Tech"), 500, 501, true);
        let all: Vec<&Deal> = deals.iter().chain([&probe]).collect();
        let mut known = vec![true; all.len()];
        known[deals.len()] = false;
        let (matrix, mut state) = sweep(&spec, &all, &known);
        // A rep's effects may lag by a few percent of their deals in the sweep; the scorer's do not.
        state.settle();
        let codes = spec.encode(&probe.facts);
        let mut row = vec![0.0; spec.columns.len()];
        state.write_lead(&spec, &codes, &mut row);
        state.write_rep(&spec, &codes, state.rep(&probe.rep), &mut row);
        for ((column, ours), trained) in spec.columns.iter().zip(&row).zip(matrix.row(deals.len())) {
            if matches!(column.source, Source::RepEffect | Source::Advantage | Source::SegmentEffect(_)) {
                prop_assert!((ours - trained).abs() < 0.25, "{}: {} {}", column.name, ours, trained);
            } else {
                prop_assert_eq!(ours.to_bits(), trained.to_bits(), "{}", column.name);
            }
        }
    }
}

#[test]
fn tenure_counts_from_the_first_known_lead_and_is_missing_for_those_who_were_there_before() {
    // Rep 0 from the first day on, rep 1 from day 200 on.
    let mut deals: Vec<Deal> =
        (0..60).map(|i| deal(i, 0, Some("Tech"), i as i64 * 5, i as i64 * 5 + 3, true)).collect();
    deals.push(deal(60, 1, Some("Tech"), 200, 210, false));
    deals.push(deal(61, 1, Some("Tech"), 205, 230, false));
    deals.push(deal(62, 1, Some("Tech"), 240, 250, false));
    let spec = declare(&deals);
    let refs: Vec<&Deal> = deals.iter().collect();
    let (matrix, _) = sweep(&spec, &refs, &vec![true; deals.len()]);
    let column = spec.columns.iter().position(|column| column.source == Source::RepTenure).unwrap();
    let tenure = |row: usize| matrix.row(row)[column];
    assert!(tenure(0).is_nan() && tenure(59).is_nan());
    // Nobody knows on day 205 that rep 1 began on day 200: the first deal is still open.
    assert!(tenure(61).is_nan());
    assert!((tenure(62) - 40.0f32.ln_1p()).abs() < 1e-6);
}

#[test]
fn load_counts_open_deals_and_only_on_request() {
    let deals: Vec<Deal> = (0..60).map(|i| deal(i, 0, Some("Tech"), i as i64, i as i64 + 10, i % 2 == 0)).collect();
    let facts: Vec<&LeadFacts> = deals.iter().map(|deal| &deal.facts).collect();
    let is_load = |column: &Column| column.source == Source::RepLoad;
    assert!(!FeatureSpec::declare(&facts, false).columns.iter().any(is_load));
    let spec = FeatureSpec::declare(&facts, true);
    let refs: Vec<&Deal> = deals.iter().collect();
    let (matrix, mut state) = sweep(&spec, &refs, &vec![true; deals.len()]);
    let column = spec.columns.iter().position(is_load).unwrap();
    // A deal that closes on the very day is still open when the lead is created.
    assert_eq!([5, 40].map(|row| matrix.row(row)[column] as u32), [5, 10]);
    let row = |state: &FeatureState| {
        let mut row = vec![0.0; spec.columns.len()];
        state.write_rep(&spec, &spec.encode(facts[0]), Some(0), &mut row);
        row[column]
    };
    assert!(row(&state).is_nan(), "after the history only the scorer can know");
    state.set_load(0, Some(7));
    assert_eq!(row(&state) as u32, 7);
}

#[test]
fn the_response_to_a_lead_is_no_feature_of_it_but_of_its_reps_later_leads() {
    let mut deals: Vec<Deal> = (0..60).map(|i| deal(i, 0, Some("Tech"), i as i64, i as i64, true)).collect();
    for (i, deal) in deals.iter_mut().enumerate() {
        deal.facts.numeric.insert(RESPONSE_FACT.into(), if i == 0 { 900.0 } else { 3.0 });
    }
    let spec = declare(&deals);
    assert!(spec.numerics.iter().all(|n| n.fact != NumericFact::Named(RESPONSE_FACT.into())));
    let refs: Vec<&Deal> = deals.iter().collect();
    let (matrix, _) = sweep(&spec, &refs, &vec![true; deals.len()]);
    let column = spec.columns.iter().position(|column| column.source == Source::RepResponse).unwrap();
    assert!(matrix.row(0)[column].is_nan());
    assert!((matrix.row(1)[column] - 900.0f32.ln_1p()).abs() < 1e-5);
    assert!(matrix.row(59)[column] < 1.6);
}

/// What version 1 wrote: neither experience nor the columns that need it.
#[test]
fn a_feature_set_of_version_1_is_read_and_makes_the_same_rows() {
    let mut deals = specialists();
    for deal in &mut deals {
        deal.facts.numeric.remove(RESPONSE_FACT);
    }
    let set = learned(&deals);
    let mut json = serde_json::to_value(&set).unwrap();
    json["spec"]["version"] = 1.into();
    json["spec"]["columns"].as_array_mut().unwrap().retain(|column| column["source"] != "rep_tenure");
    let state = json["state"].as_object_mut().unwrap();
    assert!(state.remove("experience").is_some() && state.remove("began").is_some());
    assert!(state.remove("spreads").is_some());
    let mut old: FeatureSet = serde_json::from_value(json).unwrap();
    assert!(old.spec.is_sound() && old.state.attach(&old.spec));
    assert_eq!(old.spec.columns.len() + 1, set.spec.columns.len());
    for column in old.spec.columns.iter().filter(|column| column.scope != Scope::Lead) {
        let of = |set: &FeatureSet| effect(set, "rep 3", "Tech", &column.name).to_bits();
        assert_eq!(of(&old), of(&set), "{}", column.name);
    }
    // A file that says it is of version 2 must bring what version 2 has.
    old.spec.version = 2;
    assert!(!old.state.attach(&old.spec));
}

/// What version 2 wrote: a level's rate always is smoothed by 20 deals of the overall rate.
#[test]
fn a_feature_set_of_version_2_is_read_and_still_smooths_by_twenty_deals() {
    let deals = specialists();
    let set = learned(&deals);
    let mut json = serde_json::to_value(&set).unwrap();
    json["spec"]["version"] = 2.into();
    let mut damaged: FeatureSet = serde_json::from_value(json.clone()).unwrap();
    assert!(!damaged.state.attach(&damaged.spec), "version 2 knew nothing of spreads");
    json["state"].as_object_mut().unwrap().remove("spreads").unwrap();
    let mut old: FeatureSet = serde_json::from_value(json).unwrap();
    assert!(old.state.attach(&old.spec));
    let rate = effect(&old, "nobody", "Tech", "lead.industry.rate");
    let won = |deals: &mut dyn Iterator<Item = &Deal>| deals.filter(|deal| deal.outcome == Outcome::Won).count() as f64;
    let overall = (won(&mut deals.iter()) + 1.0) / (deals.len() as f64 + 4.0);
    let of_tech = won(&mut deals.iter().filter(|deal| deal.facts.industry.as_deref() == Some("Tech")));
    assert!((f64::from(rate) - (of_tech + 20.0 * overall) / 420.0).abs() < 1e-6, "{rate}");
    // Nor does a declaration of version 2 learn any, as of a model that was trained elsewhere with it.
    let refs: Vec<&Deal> = deals.iter().collect();
    let (_, state) = sweep(&old.spec, &refs, &vec![true; deals.len()]);
    assert_eq!(FeatureSet { spec: old.spec.clone(), state }, old);
    // A file that says it is of version 3 must bring what version 3 has.
    old.spec.version = 3;
    assert!(!old.state.attach(&old.spec));
}

#[test]
fn two_deals_make_a_level_and_five_a_column() {
    let mut deals: Vec<Deal> = (0..200).map(|i| deal(i, 0, Some("Tech"), i as i64, i as i64 + 1, true)).collect();
    for (name, count) in [("Once", 1), ("Twice", 2), ("Often", 5)] {
        for deal in deals.iter_mut().filter(|deal| deal.facts.industry.as_deref() == Some("Tech")).take(count) {
            deal.facts.industry = Some(name.to_owned());
        }
    }
    let spec = declare(&deals);
    let field = spec.fields.iter().find(|field| field.fact == CategoricalFact::Industry).unwrap();
    assert_eq!(field.levels, ["Often", "Tech", "Twice"]);
    assert_eq!(field.indicators, [0, 1]);
}

#[test]
fn a_rep_is_supported_from_twenty_deals_on() {
    let deals: Vec<Deal> =
        (0..60).map(|i| deal(i, u8::from(i < 19), Some("Tech"), i as i64, i as i64 + 1, i % 2 == 0)).collect();
    let set = learned(&deals);
    assert!(set.supported(&RepKey::new("rep 0")));
    assert!(!set.supported(&RepKey::new("rep 1")) && !set.supported(&RepKey::new("nobody")));
}

/// Forty deals in each of two industries for each of ten reps: specialists of either, and some of neither.
fn specialists() -> Vec<Deal> {
    let mut deals = Vec::new();
    for i in 0..800 {
        let rep = (i % 10) as u8;
        let (industry, round) = if i % 20 < 10 { ("Tech", i / 20) } else { ("Health", i / 20) };
        let won = match (rep % 3, industry) {
            (0, "Tech") | (1, "Health") => round % 10 < 6,
            (0, "Health") | (1, "Tech") => round % 10 < 1,
            _ => round % 10 < 3,
        };
        deals.push(deal(i, rep, Some(industry), i as i64 / 8, i as i64 / 8 + 1, won));
    }
    deals
}

fn effect(set: &FeatureSet, rep: &str, industry: &str, name: &str) -> f32 {
    let mut facts = LeadFacts::empty(day(900));
    facts.industry = Some(industry.into());
    let codes = set.spec.encode(&facts);
    let mut row = vec![f32::NAN; set.spec.columns.len()];
    set.state.write_lead(&set.spec, &codes, &mut row);
    set.state.write_rep(&set.spec, &codes, set.state.rep(&RepKey::new(rep)), &mut row);
    row[set.spec.columns.iter().position(|column| column.name == name).unwrap()]
}

fn learned(deals: &[Deal]) -> FeatureSet {
    let spec = declare(deals);
    let deals: Vec<&Deal> = deals.iter().collect();
    let (_, state) = sweep(&spec, &deals, &vec![true; deals.len()]);
    FeatureSet { spec, state }
}

#[test]
fn forty_deals_in_a_segment_show_a_specialist() {
    let set = learned(&specialists());
    let of = |rep, industry| effect(&set, rep, industry, "pair.industry.effect");
    // Without shrinkage the step would be (rate - p) / (p (1 - p)), for p = 1/3: +1.2 and -1.05. A good part must stay.
    assert!(of("rep 0", "Tech") > 0.5 && of("rep 0", "Tech") < 1.2, "{}", of("rep 0", "Tech"));
    assert!(of("rep 0", "Health") < -0.4 && of("rep 0", "Health") > -1.05, "{}", of("rep 0", "Health"));
    // Wins 0.3 of Tech, where all reps together win 0.36.
    assert!(of("rep 2", "Tech").abs() < 0.45, "{}", of("rep 2", "Tech"));
}

#[test]
fn an_unknown_rep_and_unknown_values_are_ordinary() {
    let set = learned(&specialists());
    assert_eq!(effect(&set, "nobody", "Tech", "pair.advantage").to_bits(), 0.0f32.to_bits());
    assert_eq!(effect(&set, "rep 0", "Never seen", "lead.industry=Tech").to_bits(), 0.0f32.to_bits());
    let codes = set.spec.encode(&LeadFacts::empty(day(900)));
    assert!(codes.numerics.iter().all(|v| v.is_nan()));
    assert_eq!(set.state.support(&codes, None, None), Support::default());
    let known = set.spec.encode(&specialists()[0].facts);
    let industry = set.spec.fields.iter().position(|field| field.fact == CategoricalFact::Industry);
    let support = set.state.support(&known, set.state.rep(&RepKey::new("rep 0")), industry);
    assert_eq!(support, Support { deals: 80, wins: 28, similar_deals: 40, similar_wins: 24 });
}

#[test]
fn an_unknown_rep_is_the_least_certain() {
    let set = learned(&specialists());
    let uncertainty = set.state.uncertainty();
    let codes = set.spec.encode(&specialists()[0].facts);
    let known = set.state.rep_variance(&uncertainty, &codes, set.state.rep(&RepKey::new("rep 0")));
    let unknown = set.state.rep_variance(&uncertainty, &codes, None);
    assert!(known > 0.0 && known < unknown, "{known} {unknown}");
}

#[test]
fn where_reps_do_not_matter_their_variances_fall() {
    let mut deals = specialists();
    for (i, deal) in deals.iter_mut().enumerate() {
        deal.outcome = if (i / 20 * 7 + i % 10 * 3) % 10 < 3 { Outcome::Won } else { Outcome::Lost };
    }
    let sd = |deals: &[Deal]| {
        let set = learned(deals);
        set.state.effect_sds(&set.spec).into_iter().map(|(_, sd)| sd * sd).sum::<f64>()
    };
    assert!(sd(&deals) < 0.3 * sd(&specialists()), "{} {}", sd(&deals), sd(&specialists()));
}
