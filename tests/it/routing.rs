//! Routing rules as a manager meets them: a file becomes the rules in force, leads follow them, what a rep is given is
//! counted, and a decision made under rules can be made again.

mod explaining;
mod returning;

use std::sync::Mutex;

use chrono::{DateTime, Duration, Utc};
use leadboard::app::AppError;
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
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};
use leadboard::model::{Explanation, RepScore, Scorer};
use leadboard::policy::{Queues, Settings};
use leadboard::store::PostgresStore;

use explaining::{the_rep_is_told_what_to_say, why_not_is_told_as_it_was};
use returning::{a_rep_gives_it_back, only_who_was_given_it_gives_it_back};

use crate::store_cluster::database;
use crate::store_fixtures::{at, id, raw, receive, record, rep, roster, sqlite, take_in};

struct FixedClock(DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Takes `best` for the best.
struct Prefers;

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

/// A file that the manager edits.
#[derive(Default)]
pub(crate) struct File(Mutex<Option<String>>);

impl File {
    pub(crate) fn says(&self, text: &str) {
        *self.0.lock().unwrap() = Some(format!("format = 1\n{text}"));
    }

    fn is_gone(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl RulesSource for File {
    fn read(&self) -> Result<Option<RulesText>, String> {
        Ok(self.0.lock().unwrap().clone().map(|text| RulesText { text, place: "routing.toml".into() }))
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
    store: &'a dyn Store,
    pub(crate) file: File,
}

impl Office<'_> {
    pub(crate) async fn publish(&self, seconds: i64) -> Result<Published, AppError> {
        routing::publish(self.store, &FixedClock(at(seconds)), &self.file).await
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
        let ranked = pending.iter().map(|record| rank::rank(&Case::of(record), &desk)).collect();
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
}

pub(crate) async fn office(store: &dyn Store) -> Office<'_> {
    store.bind_org(&leadboard::domain::ids::OrgId::new("00D1")).await.unwrap();
    store.save_roster(&roster(), at(0)).await.unwrap();
    Office { store, file: File::default() }
}

async fn a_file_becomes_the_rules(store: &dyn Store) {
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
        (Some("[hold]\nlongest_seconds = 60"), "does not heed"),
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

async fn shares_are_booked_with_decisions(store: &dyn Store) {
    let office = office(store).await;
    office.file.says("[fairness]\nahead_at_most = 50");
    office.publish(1).await.unwrap();
    office.lead("L1", "Acme", 2).await;
    office.lead("L2", "Acme", 2).await;
    assert_eq!(office.balances().await, []);
    office.approve("L1", 3).await.unwrap();
    let one = vec![("best".to_owned(), 1_000_000, 500_000), ("legacy".to_owned(), 0, 500_000)];
    assert_eq!(office.balances().await, one);
    office.approve("L2", 4).await.unwrap();
    assert_eq!(office.balances().await[0], ("best".to_owned(), 2_000_000, 1_000_000));
    // A decision that is taken back never was.
    decide::undo(store, &FixedClock(at(5)), &id("L2"), "Dana").await.unwrap();
    assert_eq!(office.balances().await, one);
    assert_eq!(store.given(at(0)).await.unwrap().iter().map(|given| given.leads).sum::<u32>(), 1);
}

async fn who_does_not_get_it_is_not_charged(store: &dyn Store) {
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
        let done = |owner| EffectResult::Done { owner_after: Some(owner), stamps: None };
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

async fn who_gets_a_lead_that_the_model_failed_on_is_charged(store: &dyn Store) {
    let office = office(store).await;
    office.file.says("[fairness]\nahead_at_most = 50");
    office.publish(1).await.unwrap();
    office.lead_by(&Fails, "L1", "Acme", 2).await;
    assert_eq!(office.reason("L1").await.0, RouteReason::TechnicalFailure);
    let word = Verdict::Override { rep: RepId::new("best") };
    let reason = Some(Rejection { code: ReasonCode::O, note: Some("I know her".into()) });
    office.say("L1", word, reason, 3).await.unwrap();
    let charged = vec![("best".to_owned(), 1_000_000, 500_000), ("legacy".to_owned(), 0, 500_000)];
    assert_eq!(office.balances().await, charged);
}

async fn no_cap_is_broken_by_approving_fast(store: &dyn Store) {
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

macro_rules! on_both {
    ($($name:ident, $postgres:ident, $test:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (_dir, store) = sqlite().await;
            $test(store.as_ref()).await;
        }

        #[tokio::test]
        async fn $postgres() {
            let Some(database) = database().await else { return };
            $test(&PostgresStore::open(&database.url).await.unwrap()).await;
        }
    )*};
}

on_both! {
    a_file_becomes_the_rules_in_force_and_a_bad_one_does_not, rules_in_force_on_postgres, a_file_becomes_the_rules;
    accounts_follow_decisions_and_what_is_taken_back, accounts_on_postgres, shares_are_booked_with_decisions;
    who_does_not_get_the_lead_is_not_charged_for_it, not_charged_on_postgres, who_does_not_get_it_is_not_charged;
    a_manager_charges_whom_they_give_what_the_model_failed_on, failed_on_postgres,
        who_gets_a_lead_that_the_model_failed_on_is_charged;
    why_not_is_told_as_it_was_stored, why_not_on_postgres, why_not_is_told_as_it_was;
    the_rep_is_told_what_to_say_from_stored_reasons, talk_track_on_postgres, the_rep_is_told_what_to_say;
    a_lead_that_a_rep_gives_back_goes_to_another, given_back_on_postgres, a_rep_gives_it_back;
    nobody_gives_back_what_they_were_not_given, not_given_on_postgres, only_who_was_given_it_gives_it_back;
    who_has_no_room_gets_no_lead_however_fast_somebody_approves, room_on_postgres, no_cap_is_broken_by_approving_fast;
}
