//! Routing rules as a manager meets them: a file becomes the rules in force, leads follow them, what a rep is given is
//! counted, and a decision made under rules can be made again.

mod explaining;
mod in_force;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, Utc};
use leadboard::app::AppError;
use leadboard::app::companies::Companies;
use leadboard::app::decide::{self, VerdictRequest};
use leadboard::app::ports::{Clock, EffectResult, Hold, RulesSource, RulesText, Store};
use leadboard::app::rank::round::{self, Recent};
use leadboard::app::rank::{self, Case, Desk};
use leadboard::app::routing::absences::{self, Looked};
use leadboard::app::routing::{self, Published};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{ModelId, QueueId, RepId, RepKey};
use leadboard::domain::lead::{LeadState, Owner};
use leadboard::domain::pool::Exclusion;
use leadboard::domain::ranking::{Interval, Support};
use leadboard::domain::recommendation::RouteReason;
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};
use leadboard::model::{Explanation, LeadChance, RepScore, Scorer};
use leadboard::policy::route::{Rung, Why};
use leadboard::policy::{Queues, Settings};

use explaining::{the_rep_is_told_what_to_say, why_not_is_told_as_it_was};
use in_force::{a_dry_run_counts_what_it_would_give, what_is_in_force_is_kept};

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

    async fn look(&self, seconds: i64) -> Result<Looked, AppError> {
        let rules = routing::in_force(self.store, None).await?.unwrap();
        absences::look(self.store, &FixedClock(at(seconds)), &self.file, &rules).await
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
    let reason = Some(Rejection { code: ReasonCode::O, note: Some("I know her".into()) });
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

/// Who wins what depends on where it is from: most of those from events, only the best does.
struct Picky;

impl Scorer for Picky {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let of = |rep: &RepKey| match (facts.source.as_deref(), rep.as_str()) {
            (Some("Event"), "best") => 0.60,
            (Some("Event"), _) => 0.22,
            (_, "best") => 0.50,
            _ => 0.45,
        };
        let one = |p_win| RepScore { p_win, interval: Interval { low: 0.1, high: 0.9 }, support: Support::default() };
        reps.iter().map(|rep| one(of(rep))).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }
}

impl Office<'_> {
    /// A lead arrives, from a source.
    async fn arrives(&self, name: &str, source: &str, seconds: i64) {
        let mut lead = raw(name, seconds, rep("legacy"));
        lead.lead.facts.source = Some(source.into());
        take_in(self.store, vec![receive(lead)], seconds).await;
    }

    /// What the worker makes of the leads that wait. Nothing is kept but the store, so that each time is after a restart.
    async fn settle(&self, seconds: i64) {
        let rules = routing::in_force(self.store, None).await.unwrap().unwrap();
        let situation = routing::situation(self.store, &rules, None, at(seconds)).await.unwrap();
        let desk = Desk {
            scorer: &Picky,
            model_id: &ModelId::new("m-1"),
            cleared: true,
            roster: &rules.roster,
            queues: &Queues { manager: QueueId::new("mq"), default: QueueId::new("mq") },
            settings: &Settings::default(),
            moment: &rank::moment(&rules, &situation, at(seconds)),
        };
        let outlook = Recent::read(self.store, at(seconds)).await.unwrap().outlook(&desk);
        let (pending, open) = (self.store.pending(64).await.unwrap(), self.store.open_hold().await.unwrap());
        let settled =
            round::settle(&pending, &Companies::default(), &desk, (&rules, &situation), &outlook, open.as_ref(), false)
                .unwrap();
        self.store.keep_hold(settled.held.as_ref(), at(seconds)).await.unwrap();
        self.store.save_rankings(settled.ranked).await.unwrap();
        assert_eq!(self.store.conservation().await.unwrap().lost(), 0);
    }

    async fn held(&self, name: &str) -> Option<Hold> {
        self.store.lead_detail(&id(name)).await.unwrap().unwrap().hold
    }
}

async fn the_moment_gives_places_to_whom_they_are_worth_most(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says("[capacity]\nper_day = 1");
    office.publish(1).await.unwrap();
    office.arrives("L1", "Web", 2).await;
    office.arrives("L2", "Event", 2).await;
    office.settle(3).await;
    assert_eq!(office.reason("L1").await, (RouteReason::ModelAgrees, rep("legacy")));
    assert_eq!(office.reason("L2").await, (RouteReason::ModelPick, rep("best")));
    let path = store.lead_detail(&id("L1")).await.unwrap().unwrap().path.unwrap();
    assert_eq!(path.round.as_ref().unwrap().leads, 2);
    let Some(Why::Chosen { instead_of: Some(first), .. }) = path.on(Rung::Model) else { panic!("{path:?}") };
    assert_eq!(first.name, "Bea Best");
    // Both are approved, and no cap is broken.
    office.approve("L1", 4).await.unwrap();
    office.approve("L2", 5).await.unwrap();
}

/// Forty leads of the last hour say what is to come.
async fn busy_hour(office: &Office<'_>, rules: &str) {
    office.file.says(rules);
    office.publish(1).await.unwrap();
    for lead in 0..40 {
        office.arrives(&format!("P{lead}"), if lead % 2 == 0 { "Event" } else { "Web" }, 10 + lead).await;
    }
    office.rank(100).await;
}

async fn a_hold_ends_in_time_and_outlasts_restarts(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    busy_hour(&office, "[capacity]\nopen = 1\n[hold]\nlongest_seconds = 600\nloss_per_minute = 0.01").await;
    office.arrives("H1", "Web", 3_600).await;
    office.settle(3_600).await;
    let hold = office.held("H1").await.unwrap();
    assert_eq!(record(store, "H1").await.state, LeadState::Pending);
    assert!(hold.closes_at > at(3_600) && hold.closes_at <= at(4_200) && hold.gain > hold.cost, "{hold:?}");
    let refused = office.approve("H1", 3_601).await.unwrap_err().to_string();
    assert!(refused.contains("is held until") && refused.contains("together with others"), "{refused}");

    // Another joins, and the end is where it was.
    office.arrives("H2", "Event", 3_610).await;
    office.settle(3_620).await;
    assert_eq!(office.held("H1").await, Some(hold.clone()));
    assert_eq!(office.held("H2").await, Some(hold.clone()));

    office.settle((hold.closes_at - at(0)).num_seconds()).await;
    assert_eq!(office.reason("H1").await, (RouteReason::ModelAgrees, rep("legacy")));
    assert_eq!(office.reason("H2").await, (RouteReason::ModelPick, rep("best")));
    assert_eq!((store.open_hold().await.unwrap(), office.held("H1").await), (None, None));
    let told = store.audit(Some(&id("H1")), 10).await.unwrap();
    assert!(told.iter().any(|event| event.what == "lead.held"), "{told:?}");
}

async fn no_lead_is_held_near_its_deadline_or_without_being_asked(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    let section = "[hold]\nlongest_seconds = 600\nloss_per_minute = 0.01";
    busy_hour(&office, "[capacity]\nopen = 1").await;
    office.arrives("H1", "Web", 3_600).await;
    office.settle(3_600).await;
    assert_eq!(office.held("H1").await, None, "nobody asked for it");
    office.file.says(&format!("[capacity]\nopen = 1\n{section}"));
    office.publish(3_601).await.unwrap();
    office.rank(3_602).await;
    // Three hours later, one is left, and that is what the rep needs.
    office.arrives("H2", "Web", 10_800).await;
    office.settle(10_800).await;
    assert_eq!((office.held("H2").await, record(store, "H2").await.state), (None, LeadState::InLane));
}

const AWAY: &str = r#"
[hours]
week = "Mon-Fri 09:00-17:30"
[capacity]
per_day = 4
[[absence.calendar]]
name = "Bea's"
rep = "Bea Best"
file = "bea.ics"
means = "leave"
[[absence.hr]]
name = "personnel"
file = "leave.csv"
"#;

/// A calendar in which Bea is away.
const BEA: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n\
    DTSTART;VALUE=DATE:20260921\r\nDTEND;VALUE=DATE:20260926\r\nSUMMARY:secret\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
/// And one in which she is not.
const NOBODY: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nEND:VCALENDAR\r\n";
/// Leo is back since this morning, a Monday.
const LEAVE: &str = "who,from,until,kind\nLeo Legacy,2026-09-14,2026-09-18,vacation\nStranger,2026-09-14,2026-09-18,\n";

async fn absences_come_from_files(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says(AWAY);
    let refused = office.publish(1).await.unwrap_err().to_string();
    for words in ["routing.toml:10:8: there is no file bea.ics", "routing.toml:14:8: there is no file leave.csv"] {
        assert!(refused.contains(words), "{refused}");
    }
    office.file.beside("bea.ics", Some(BEA));
    office.file.beside("leave.csv", Some(LEAVE));
    office.publish(2).await.unwrap();
    let looked = office.look(3).await.unwrap();
    assert!(looked.changed, "{looked:?}");
    assert_eq!(looked.remarks, ["the HR file personnel: 1 row is about nobody known, as \"Stranger\" (line 3)"]);
    assert!(!office.look(20).await.unwrap().changed, "it says the same");

    office.lead("L1", "Acme", 30).await;
    assert_eq!(office.reason("L1").await, (RouteReason::ModelAgrees, rep("legacy")));
    let detail = store.lead_detail(&id("L1")).await.unwrap().unwrap();
    let pool = detail.ranking.unwrap().pool;
    let why: Vec<String> = pool.reasons(&RepId::new("best")).map(ToString::to_string).collect();
    assert_eq!(why, ["away, back Mon 28 Sep 09:00 their time (the calendar Bea's)"]);
    let room = detail.path.unwrap().standings.remove(0).room.unwrap();
    assert_eq!(
        (room.left, room.words().as_str()),
        (Some(2), "has 0 of 2 leads today; day 1 after 5 days of leave: 50 % of a full share")
    );

    // Neither a file that is none nor a missing one makes anybody present.
    for (seconds, text, words) in [
        (40, Some("<html>please log in"), "this is no calendar"),
        (50, BEA.get(..150), "cut off"),
        (60, None, "there is no file bea.ics"),
    ] {
        office.file.beside("bea.ics", text);
        let fault = office.look(seconds).await.unwrap_err().to_string();
        let said = ["the calendar Bea's (bea.ics)", words, "what it said at 2026-09-21 14:13 UTC stays in force"];
        assert!(said.iter().all(|words| fault.contains(words)), "{fault}");
        let name = format!("L{seconds}");
        office.lead(&name, "Acme", seconds).await;
        assert_eq!(office.reason(&name).await, (RouteReason::ModelAgrees, rep("legacy")));
    }
    office.file.beside("bea.ics", Some(NOBODY));
    assert!(office.look(70).await.unwrap().changed);
    office.lead("L70", "Acme", 71).await;
    assert_eq!(office.reason("L70").await, (RouteReason::ModelPick, rep("best")));
    // What the rules name no more does not count any more.
    office.file.beside("bea.ics", Some(BEA));
    assert!(office.look(80).await.unwrap().changed);
    office.file.says("[hours]\nweek = \"Mon-Fri 09:00-17:30\"");
    office.publish(81).await.unwrap();
    office.lead("L81", "Acme", 82).await;
    assert_eq!(office.reason("L81").await, (RouteReason::ModelPick, rep("best")));
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
