//! Routing rules as a manager meets them: a file becomes the rules in force, leads follow them, what a rep is given is
//! counted, and a decision made under rules can be made again.

mod absences;
mod explaining;
mod in_force;
mod round;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, Utc};
use leadboard::app::AppError;
use leadboard::app::companies::Companies;
use leadboard::app::decide::{self, VerdictRequest};
use leadboard::app::ports::{Clock, EffectResult, RulesSource, RulesText, Store};
use leadboard::app::rank::{self, Case, Desk};
use leadboard::app::routing::{self, Published};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{ModelId, QueueId, RepId, RepKey};
use leadboard::domain::lead::{LeadState, Owner};
use leadboard::domain::pool::Exclusion;
use leadboard::domain::ranking::{Interval, Support};
use leadboard::domain::recommendation::RouteReason;
use leadboard::domain::rep::Roster;
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};
use leadboard::model::{Explanation, LeadChance, RepScore, Scorer};
use leadboard::policy::route::{Rung, Why};
use leadboard::policy::rules::Rulebook;
use leadboard::policy::{Queues, Settings};

use absences::absences_come_from_files;
use explaining::{the_rep_is_told_what_to_say, why_not_is_told_as_it_was};
use in_force::{a_dry_run_counts_what_it_would_give, what_is_in_force_is_kept};
use round::{
    a_hold_ends_in_time_and_outlasts_restarts, no_lead_is_held_near_its_deadline_or_without_being_asked,
    the_moment_gives_places_to_whom_they_are_worth_most,
};

use crate::store_fixtures::{at, id, on_every_store, raw, receive, record, rep, roster, take_in};

pub(crate) struct FixedClock(pub(crate) DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Takes `best` for the best.
pub(crate) struct Prefers;

impl Scorer for Prefers {
    fn score(&self, _: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let p_win = |rep: &RepKey| if rep.as_str() == "best" { 0.5 } else { 0.3 };
        let one = |p_win| RepScore { p_win, interval: Interval { low: 0.1, high: 0.9 }, support: Support::default() };
        reps.iter().map(|rep| one(p_win(rep))).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }

    /// The fact `score`, where a lead has it.
    fn lead_chance(&self, facts: &LeadFacts) -> Option<LeadChance> {
        let score = *facts.numeric.get("score")? as u8;
        let interval = Interval { low: 0.1, high: 0.9 };
        Some(LeadChance { score, probability: 0.5, interval, deals: 100, factors: Vec::new() })
    }
}

/// Breaks down at every lead.
struct Fails;

impl Scorer for Fails {
    fn score(&self, _: &LeadFacts, _: &[RepKey]) -> Vec<RepScore> {
        Vec::new()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        String::new()
    }
}

/// A file that the manager edits, and others that it names.
#[derive(Default)]
pub(crate) struct File(Mutex<Option<String>>, Mutex<BTreeMap<String, String>>);

impl File {
    pub(crate) fn says(&self, text: &str) {
        *self.0.lock().unwrap() = Some(format!("format = 1\n{text}"));
    }

    fn is_gone(&self) {
        *self.0.lock().unwrap() = None;
    }

    /// Another file says this, or is gone.
    fn beside(&self, file: &str, text: Option<&str>) {
        let mut files = self.1.lock().unwrap();
        match text {
            Some(text) => files.insert(file.to_owned(), text.to_owned()),
            None => files.remove(file),
        };
    }
}

impl RulesSource for File {
    fn read(&self) -> Result<Option<RulesText>, String> {
        Ok(self.0.lock().unwrap().clone().map(|text| RulesText { text, place: "routing.toml".into() }))
    }

    fn named(&self, file: &str, _: usize) -> Result<String, String> {
        self.1.lock().unwrap().get(file).cloned().ok_or_else(|| format!("there is no file {file}"))
    }
}

const KEY_ACCOUNT: &str = r#"
[[rule]]
name = "Key account"
kind = "strategic"
when = 'lead.company == "Siemens"'
rep = "Leo Legacy"
owner = "Bea Best"
reason = "Leo knows the board"
"#;

/// A desk with a store and a file.
pub(crate) struct Office<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) file: File,
}

impl Office<'_> {
    pub(crate) async fn publish(&self, seconds: i64) -> Result<Published, AppError> {
        routing::publish(self.store, &FixedClock(at(seconds)), &self.file, self.file.read()).await
    }

    /// A lead of a company, ranked by the rules in force.
    pub(crate) async fn lead(&self, name: &str, company: &str, seconds: i64) {
        self.lead_by(&Prefers, name, company, seconds).await;
    }

    pub(crate) async fn lead_by(&self, scorer: &dyn Scorer, name: &str, company: &str, seconds: i64) {
        let mut lead = raw(name, seconds, rep("legacy"));
        lead.lead.company = company.into();
        take_in(self.store, vec![receive(lead)], seconds).await;
        self.rank_by(scorer, seconds).await;
    }

    pub(crate) async fn rank(&self, seconds: i64) {
        self.rank_by(&Prefers, seconds).await;
    }

    pub(crate) async fn rank_by(&self, scorer: &dyn Scorer, seconds: i64) {
        let rules = routing::in_force(self.store, None).await.unwrap().unwrap();
        let situation = routing::situation(self.store, &rules, None, at(seconds)).await.unwrap();
        let moment = rank::moment(&rules, &situation, at(seconds));
        let desk = Desk {
            scorer,
            model_id: &ModelId::new("m-1"),
            cleared: true,
            roster: &rules.roster,
            queues: &Queues { manager: QueueId::new("mq"), default: QueueId::new("mq") },
            settings: &Settings::default(),
            moment: &moment,
        };
        let pending = self.store.pending(100).await.unwrap();
        let companies = Companies::of(self.store, &rules, &pending, at(seconds)).await.unwrap();
        let ranked = pending.iter().map(|record| rank::rank(&Case::of(record).known(&companies), &desk)).collect();
        self.store.save_rankings(ranked).await.unwrap();
    }

    pub(crate) async fn approve(&self, name: &str, seconds: i64) -> Result<(), AppError> {
        self.say(name, Verdict::Approve, None, seconds).await
    }

    pub(crate) async fn say(
        &self,
        name: &str,
        verdict: Verdict,
        rejection: Option<Rejection>,
        seconds: i64,
    ) -> Result<(), AppError> {
        let request =
            VerdictRequest { lead_id: id(name), verdict, rejection, manager: "Dana".into(), seen_decisions: None };
        decide::decide(self.store, &FixedClock(at(seconds)), &Settings::default(), request).await.map(drop)
    }

    pub(crate) async fn reason(&self, name: &str) -> (RouteReason, Owner) {
        let detail = self.store.lead_detail(&id(name)).await.unwrap().unwrap();
        let given = detail.recommendation.unwrap();
        (given.reason, given.route.owner())
    }

    pub(crate) async fn balances(&self) -> Vec<(String, i64, i64)> {
        let ledger = self.store.ledger().await.unwrap();
        ledger.accounts().map(|(rep, account)| (rep.to_string(), account.got, account.entitled)).collect()
    }

    /// When each rep last got a lead.
    async fn last_got(&self) -> Vec<(String, Option<DateTime<Utc>>)> {
        let ledger = self.store.ledger().await.unwrap();
        ledger.accounts().map(|(rep, account)| (rep.to_string(), account.last_at)).collect()
    }
}

pub(crate) async fn office(store: &dyn Store) -> Office<'_> {
    store.bind_org(&leadboard::domain::ids::OrgId::new("00D1")).await.unwrap();
    store.save_roster(&roster(), at(0)).await.unwrap();
    Office { store, file: File::default() }
}

async fn a_file_becomes_the_rules(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    assert!(routing::in_force(store, None).await.unwrap().is_none(), "nothing is ranked before the rules are read");
    assert!(matches!(office.publish(1).await.unwrap(), Published::New { ranked_again: 0, .. }));
    office.lead("L1", "Siemens", 2).await;
    assert_eq!(office.reason("L1").await, (RouteReason::ModelPick, rep("best")));

    // New rules: what waits is ranked again by them.
    office.file.says(KEY_ACCOUNT);
    let Published::New { ranked_again: 1, version, .. } = office.publish(3).await.unwrap() else { panic!() };
    assert_eq!(record(store, "L1").await.state, LeadState::Pending);
    office.rank(4).await;
    assert_eq!(office.reason("L1").await, (RouteReason::StrategicRule, rep("legacy")));
    assert_eq!(office.publish(5).await.unwrap(), Published::Same);

    // Neither a slip nor a missing file takes the rules away.
    for (text, words) in [
        (Some("[[rule]]\nname = 3"), "routing.toml:3"),
        (Some("[hold]\nworth_points = -1"), "must be 0 or more"),
        (Some(&*KEY_ACCOUNT.replace("Leo Legacy", "Leo Legasy")), "did you mean"),
        (None, "leave an empty file"),
    ] {
        match text {
            Some(text) => office.file.says(text),
            None => office.file.is_gone(),
        }
        let refused = office.publish(6).await.unwrap_err().to_string();
        assert!(refused.contains(words) && refused.contains("stay in force"), "{refused}");
        assert_eq!(store.rulebook().await.unwrap().unwrap().version, version);
    }
    // An empty file does.
    office.file.says("");
    assert!(matches!(office.publish(7).await.unwrap(), Published::New { ranked_again: 1, .. }));
    office.rank(8).await;
    assert_eq!(office.reason("L1").await, (RouteReason::ModelPick, rep("best")));
    assert_eq!(store.rulebooks().await.unwrap().len(), 2);
}

#[test]
fn a_territory_that_nobody_works_is_named_where_territories_are_known() {
    let rule = |name: &str, territory: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nkind = \"territory\"\nwhen = 'lead.country == \"{name}\"'\n\
             owner = \"Bea Best\"\nreason = \"None\"\nterritory = \"{territory}\"\n"
        )
    };
    let text = format!("format = 1\n{}{}", rule("NO", "Wst"), rule("PT", "West"));
    let book = Rulebook::parse(&text, "routing.toml").unwrap();
    let found = |roster: &Roster| {
        let examined = routing::examine(&book, roster, None, &File::default(), at(0));
        assert_eq!(examined.problems.len(), 0, "{:?}", examined.problems);
        examined.findings.iter().map(|f| format!("{}: {}", f.rule, f.trouble)).collect::<Vec<_>>()
    };
    assert_eq!(found(&roster()), ["NO: no rep works the territory \"Wst\"; did you mean \"West\"?"]);
    // Where the CRM gives no rep a territory, nothing is known of territories.
    let mut without = roster();
    without.reps.iter_mut().for_each(|rep| rep.territory = None);
    assert_eq!(found(&without), [""; 0]);
}

async fn shares_are_booked_with_decisions(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says("[fairness]\nahead_at_most = 50");
    office.publish(1).await.unwrap();
    office.lead("L1", "Acme", 2).await;
    office.lead("L2", "Acme", 2).await;
    assert_eq!(office.balances().await, []);
    office.approve("L1", 3).await.unwrap();
    let one = vec![("best".to_owned(), 1_000_000, 500_000), ("legacy".to_owned(), 0, 500_000)];
    assert_eq!(office.balances().await, one);
    // Whoever was passed over has not had a turn.
    assert_eq!(office.last_got().await, [("best".to_owned(), Some(at(3))), ("legacy".to_owned(), None)]);
    office.approve("L2", 4).await.unwrap();
    assert_eq!(office.balances().await[0], ("best".to_owned(), 2_000_000, 1_000_000));
    // A decision that is taken back never was.
    decide::undo(store, &FixedClock(at(5)), &id("L2"), "Dana").await.unwrap();
    assert_eq!(office.balances().await, one);
    assert_eq!(store.given(at(0)).await.unwrap().iter().map(|given| given.leads).sum::<u32>(), 1);
}

async fn who_does_not_get_it_is_not_charged(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says("[fairness]\nahead_at_most = 50");
    office.publish(1).await.unwrap();
    let none = vec![("best".to_owned(), 0, 0), ("legacy".to_owned(), 0, 0)];
    let due = at(3) + Settings::default().grace;
    for name in ["overridden", "degraded", "taken"] {
        office.lead(name, "Acme", 2).await;
        office.approve(name, 3).await.unwrap();
        assert_eq!(office.balances().await[0], ("best".to_owned(), 1_000_000, 500_000));
        let [effect] = store.claim_effects("w", 9, due + Duration::hours(1), due).await.unwrap().try_into().unwrap();
        let done = |owner| EffectResult::Done { owner_after: Some(owner), stamps: None, source: None };
        let ends = match name {
            "overridden" => vec![done(rep("legacy"))],
            "taken" => vec![EffectResult::Superseded("somebody was faster".into())],
            _ => {
                let why = "INACTIVE_OWNER_OR_USER".to_owned();
                let write = Box::new(effect.write.for_queue(QueueId::new("mq"), &why).unwrap());
                vec![EffectResult::Degrade { write, why }, done(Owner::Queue(QueueId::new("mq")))]
            }
        };
        let mut effect = effect;
        let last = ends.len() - 1;
        for (n, end) in ends.into_iter().enumerate() {
            assert!(store.finish_effect(&effect, end, due).await.unwrap());
            assert_eq!(office.balances().await, none, "{name}");
            if n < last {
                let again = store.claim_effects("w", 9, due + Duration::hours(1), due).await.unwrap();
                [effect] = again.try_into().unwrap();
            }
        }
    }
}

async fn who_gets_a_lead_that_the_model_failed_on_is_charged(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says("[fairness]\nahead_at_most = 50");
    office.publish(1).await.unwrap();
    office.lead_by(&Fails, "L1", "Acme", 2).await;
    assert_eq!(office.reason("L1").await.0, RouteReason::TechnicalFailure);
    let word = Verdict::Override { rep: RepId::new("best") };
    let reason = Some(Rejection { code: ReasonCode::O.into(), note: Some("I know her".into()) });
    office.say("L1", word, reason, 3).await.unwrap();
    let charged = vec![("best".to_owned(), 1_000_000, 500_000), ("legacy".to_owned(), 0, 500_000)];
    assert_eq!(office.balances().await, charged);
}

async fn no_cap_is_broken_by_approving_fast(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says("[capacity]\nper_day = 1");
    office.publish(1).await.unwrap();
    for name in ["L1", "L2", "L3"] {
        office.lead(name, "Acme", 2).await;
        assert_eq!(office.reason(name).await, (RouteReason::ModelPick, rep("best")));
    }
    office.approve("L1", 3).await.unwrap();
    let refused = office.approve("L2", 4).await.unwrap_err().to_string();
    assert!(refused.contains("Bea Best has no room any more (has 1 of 1 leads today)"), "{refused}");
    // It is ranked again, for who has room.
    assert_eq!(record(store, "L2").await.state, LeadState::Pending);
    office.rank(5).await;
    assert_eq!(office.reason("L2").await, (RouteReason::ModelAgrees, rep("legacy")));
    office.approve("L2", 6).await.unwrap();
    office.approve("L3", 7).await.unwrap_err();
    office.rank(8).await;
    assert_eq!(office.reason("L3").await.0, RouteReason::EmptyPool);
    let detail = store.lead_detail(&id("L3")).await.unwrap().unwrap();
    let pool = detail.ranking.unwrap().pool;
    assert!(pool.excluded.iter().all(|(_, why)| matches!(why, Exclusion::NoRoom { .. })), "{pool:?}");
    assert_eq!(pool.excluded.len(), roster().reps.len());
}

on_every_store! {
    a_file_becomes_the_rules
    what_is_in_force_is_kept
    a_dry_run_counts_what_it_would_give
    shares_are_booked_with_decisions
    who_does_not_get_it_is_not_charged
    who_gets_a_lead_that_the_model_failed_on_is_charged
    why_not_is_told_as_it_was
    the_rep_is_told_what_to_say
    no_cap_is_broken_by_approving_fast
    the_moment_gives_places_to_whom_they_are_worth_most
    a_hold_ends_in_time_and_outlasts_restarts
    no_lead_is_held_near_its_deadline_or_without_being_asked
    absences_come_from_files
}
