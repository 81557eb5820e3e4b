//! The whole way of a lead through the routing policy, as the worker takes it: rules, pool, ladder, and every batch given
//! together at prices.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, ModelId, QueueId, RepId, RepKey};
use leadboard::domain::lead::Owner;
use leadboard::domain::ranking::{Interval, RankedRep, Ranking, Support};
use leadboard::domain::rep::{Rep, Roster};
use leadboard::policy::capacity::CapKind;
use leadboard::policy::route::{self, Desk, Moment, Offers, Policy, Situation};
use leadboard::policy::rules::Rulebook;
use leadboard::policy::subject::Subject;
use leadboard::policy::{Queues, Settings};

/// Leads of one transaction of the worker.
const BATCH: usize = 64;
/// Recent leads that prices rest on, as in the worker.
const SAMPLE: usize = 150;
/// How long prices count, in seconds, as in the worker.
const PRICES_LAST: f64 = 60.0;
/// What somebody wrote into a form.
const TEXT: &str = "We are looking for a partner who can do a penetration test of our shops and help us with the firewall. \
    Please call us next week, we would like to decide before the end of the quarter.";

/// What the policy of a company costs, in seconds of processor time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Costs {
    /// Who is away, at work and has room, once for each batch.
    pub(crate) moments: f64,
    /// What places cost.
    pub(crate) prices: f64,
    /// Rules and pool.
    pub(crate) prepare: f64,
    /// The ladder, with the whole explanation.
    pub(crate) ladder: f64,
    /// Offers of a batch, its best assignment, and the ladder again.
    pub(crate) together: f64,
    /// Leads that went to a rep.
    pub(crate) given: usize,
}

impl Costs {
    pub(crate) fn sum(&self) -> f64 {
        self.moments + self.prices + self.prepare + self.ladder + self.together
    }
}

/// A company with so many reps and rules of every kind, of which some fire.
pub(crate) fn rulebook(reps: usize, rules: usize) -> String {
    let head = "format = 1\n[hours]\nweek = \"Mon-Sun 00:00-23:59\"\n[capacity]\nper_day = 30\nopen = 60\n[fairness]\n\
        ahead_at_most = 500\n[[skill]]\nname = \"security\"\nphrases = [\"penetration test\", \"firewall\"]\n";
    let team = (0..reps).map(|rep| {
        let (id, weight) = (rep_id(rep), if rep % 3 == 0 { "0.8" } else { "1.0" });
        format!("[[rep]]\nrep = \"{id}\"\nlanguages = [\"en\", \"de\"]\nskills = [\"security\"]\nweight = {weight}\n")
    });
    let rules = (0..rules).map(|rule| {
        let (kind, when, then) = match rule % 5 {
            0 => ("strategic", format!("lead.company == \"Key account {rule}\""), format!("rep = \"{}\"", rep_id(rule))),
            1 => (
                "partner",
                format!("lead.email_domain == \"partner{rule}.example\""),
                format!("rep = \"{}\"\nsource = \"Partner\"", rep_id(rule)),
            ),
            2 => (
                "exception",
                format!("lead.text.lowerAscii().contains(\"tender {rule}\") && lead.amount > 1000"),
                String::new(),
            ),
            3 => {
                let sources = format!("lead.source in [\"source 1\", \"source {}\"]", rule % 8);
                ("hot", format!("{sources} && lead.score > 80"), String::new())
            }
            _ => (
                "require",
                format!("lead.industry == \"industry {}\" && lead.country == \"country {}\"", rule % 14, rule % 25),
                "rep_when = '\"en\" in rep.languages'".to_owned(),
            ),
        };
        format!(
            "[[rule]]\nname = \"rule {rule}\"\nkind = \"{kind}\"\nwhen = '''{when}'''\n{then}\nowner = \"m\"\nreason = \"r\"\n"
        )
    });
    std::iter::once(head.to_owned()).chain(team).chain(rules).collect()
}

fn rep_id(rep: usize) -> String {
    format!("0055g00000RepId{rep:03}AAA")
}

fn roster(reps: usize) -> Roster {
    let rep = |i: usize| Rep {
        id: RepId::new(rep_id(i)),
        key: RepKey::new(rep_id(i)),
        name: format!("Rep {i}"),
        active: true,
        territory: None,
        user_name: None,
        email: None,
    };
    Roster { reps: (0..reps).map(rep).collect(), queues: Vec::new() }
}

/// The ranking that scoring makes of these probabilities; not counted here.
fn ranking(roster: &Roster, p_win: &[f64], prepared: &route::Prepared, now: DateTime<Utc>) -> Ranking {
    let entry = |(rep, p): (&Rep, &f64)| RankedRep {
        rep_id: rep.id.clone(),
        rank: 0,
        p_win: *p,
        interval: Interval { low: p * 0.8, high: (p * 1.2).min(1.0) },
        support: Support { deals: 40, wins: 10, similar_deals: 4, similar_wins: 1 },
        in_pool: prepared.pool.has(&rep.id),
        factors: Vec::new(),
    };
    let mut reps: Vec<RankedRep> = roster.reps.iter().zip(p_win).map(entry).collect();
    reps.sort_by(|a, b| b.p_win.total_cmp(&a.p_win).then_with(|| a.rep_id.cmp(&b.rep_id)));
    Ranking {
        model_id: ModelId::new("m"),
        ranked_at: now,
        segment: String::new(),
        reps,
        pool: prepared.pool.clone(),
        expected: None,
        comparison: None,
        lead_score: None,
    }
}

/// Routes leads with the probabilities of all reps, batch by batch.
pub(crate) fn route(reps: usize, rules: usize, leads: &[(LeadFacts, Vec<f64>)]) -> Costs {
    let roster = roster(reps);
    let book = Rulebook::parse(&rulebook(reps, rules), "bench").expect("a rulebook");
    let policy = Policy::new(book, &roster).expect("a policy");
    let (queues, settings) = (Queues { manager: QueueId::new("m"), default: QueueId::new("d") }, Settings::default());
    let legacy = Owner::Rep(RepId::new(rep_id(1)));
    let desk = Desk { legacy: &legacy, queues: &queues, settings: &settings, cleared: true, kept: Some(0.8) };
    let (mut costs, mut sample, mut prices, mut priced_at) = (Costs::default(), Vec::<Offers>::new(), None, None);
    let timed = |cost: &mut f64, start: f64| *cost += crate::cpu_seconds() - start;
    for (number, batch) in leads.chunks(BATCH).enumerate() {
        let now = batch[0].0.created_at + TimeDelta::minutes(5);
        let start = crate::cpu_seconds();
        let situation = Situation::default();
        let moment = Moment::new(&policy, &roster, &situation, now);
        timed(&mut costs.moments, start);
        let start = crate::cpu_seconds();
        if sample.len() == SAMPLE && priced_at.is_none_or(|at| start - at > PRICES_LAST) {
            priced_at = Some(start);
            let expected = BTreeMap::from([(CapKind::Day, (leads.len() - number * BATCH) as f64)]);
            prices = route::rep_prices(&sample, &expected, &moment);
        }
        let situation = Situation { prices: prices.clone(), ..situation.clone() };
        let moment = moment.with_situation(&situation);
        timed(&mut costs.prices, start);
        let mut ready = Vec::with_capacity(batch.len());
        let mut candidates = Vec::with_capacity(batch.len());
        for (at, (facts, p_win)) in batch.iter().enumerate() {
            let plain = Subject::plain(LeadId::new(format!("{number}-{at}")), facts.clone());
            let subject = Subject { company: "Acme".into(), text: Some(TEXT.into()), score: Some(60), ..plain };
            let start = crate::cpu_seconds();
            let prepared = route::prepare(&subject, &moment);
            timed(&mut costs.prepare, start);
            let ranking = ranking(&roster, p_win, &prepared, now);
            let start = crate::cpu_seconds();
            let (alone, candidate) = route::weigh(&subject, &prepared, &Ok(&ranking), &moment, &desk);
            timed(&mut costs.ladder, start);
            candidates.extend(candidate);
            ready.push((subject, prepared, ranking, alone));
        }
        let start = crate::cpu_seconds();
        let round = route::give(&candidates, &[], &moment);
        let situation = Situation { round, ..situation.clone() };
        let moment = moment.with_situation(&situation);
        for (subject, prepared, ranking, alone) in ready {
            let outcome = route::settle(alone, &subject, &prepared, &Ok(&ranking), &moment, &desk);
            costs.given += usize::from(outcome.recommendation.route.owner().rep().is_some());
        }
        timed(&mut costs.together, start);
        if sample.len() < SAMPLE {
            let offers = candidates.iter().map(|candidate| candidate.offers(&moment));
            sample.extend(offers.take(SAMPLE - sample.len()));
        }
    }
    costs
}
