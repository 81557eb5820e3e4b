//! One step of each loop.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, watch};

use super::{Deps, Shared, allowance, anchor};
use crate::app::companies::{self, Companies, Look};
use crate::app::learn::{self, LoadedModel};
use crate::app::ports::{OpenHold, RulesText, Span, Workloads};
use crate::app::rank::round::{self, Settled};
use crate::app::rank::{self, Desk};
use crate::app::routing::{self, InForce, Published, absences};
use crate::app::{AppError, drift, events, intake, outcomes as outcome, reconcile, send as sending, sla};
use crate::domain::ids::RepId;
use crate::domain::lead::LeadRecord;
use crate::domain::rep::Roster;
use crate::model::Clearance;
use crate::policy::Queues;

/// Leads ranked in one transaction: enough to amortise it, few enough to show progress.
const RANK_BATCH: u32 = 64;
/// Audit records sealed in one transaction.
const SEAL_BATCH: u32 = 512;
/// The longest that work left by another process goes unnoticed.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How much of the calendars is read: what decides who is back from a leave, and where a free slot is looked for.
const CALENDAR_BEHIND: chrono::Duration = chrono::Duration::days(28);
const CALENDAR_AHEAD: chrono::Duration = chrono::Duration::days(3);
/// How long leads wait for a CRM that does not say which account they belong to, before they are ranked without. None of
/// them waits then, until it answers again.
const COMPANY_PATIENCE: chrono::Duration = chrono::Duration::seconds(60);
/// How often it is looked whether the CRM should be asked again about leads that wait in a lane.
const REVIEW_LANES: chrono::Duration = chrono::Duration::minutes(1);
/// How often it is looked whether the manager changed the rules.
const LOOK_AT_RULES: Duration = Duration::from_secs(2);
/// How often calendars and lists of absences are read.
const LOOK_AT_CALENDARS: Duration = Duration::from_secs(15);
/// Where there are no rules that need anything, how often it is asked whether another process put some into force.
const LOOK_FOR_RULES: Duration = Duration::from_mins(1);
/// How often it is asked whether another day is over. Unless one is, the CRM counts no call for it.
const COUNT_AGAIN: Duration = Duration::from_mins(30);
/// Between two parts of work that nobody waits for.
const BREATH: Duration = Duration::from_millis(200);

/// When a loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// At once.
    None,
    /// After this time.
    For(Duration),
    /// When the store changes, and at the latest after this time.
    UntilChange(Duration),
    /// When the CRM tells of a change, and at the latest after this time.
    UntilHeard(Duration),
    /// When other rules are in force, or there are other reps; at the latest after this time.
    UntilRules(Duration),
}

/// The champion, kept parsed for as long as it is the champion.
#[derive(Default)]
pub(super) struct Champion(Mutex<Option<Arc<LoadedModel>>>);

impl Champion {
    async fn current(&self, deps: &Deps) -> Result<Option<Arc<LoadedModel>>, AppError> {
        let mut kept = self.0.lock().await;
        let Some(row) = deps.store.champion().await? else {
            *kept = None;
            return Ok(None);
        };
        if kept.as_ref().is_none_or(|m| m.id != row.id) {
            *kept = Some(Arc::new(learn::load(deps.store.as_ref(), &row.id).await?));
        }
        Ok(kept.clone())
    }
}

/// The policy in force, kept ready for as long as nothing changes.
#[derive(Default)]
pub(super) struct Rules {
    kept: Mutex<Option<Arc<InForce>>>,
    /// How often it was another one.
    changes: watch::Sender<u64>,
}

impl Rules {
    async fn current(&self, deps: &Deps) -> Result<Option<Arc<InForce>>, AppError> {
        let mut kept = self.kept.lock().await;
        let now = routing::in_force(deps.store.as_ref(), kept.as_ref()).await?;
        if kept.as_ref().map(Arc::as_ptr) != now.as_ref().map(Arc::as_ptr) {
            self.changes.send_modify(|n| *n += 1);
        }
        kept.clone_from(&now);
        Ok(now)
    }

    /// Tells of other rules or reps.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// What the manager's file said when it was last looked at, and what came of that.
#[derive(Default)]
pub(super) struct LastLook(Mutex<Option<Judged>>);

struct Judged {
    found: Result<Option<RulesText>, String>,
    /// The version that is in force because of it; or its fault.
    came_of_it: Result<String, String>,
    /// How often the store had changed by then.
    changes: u64,
}

/// Since when leads wait for what the CRM does not say of their companies.
#[derive(Default)]
pub(super) struct Silence(std::sync::Mutex<Option<DateTime<Utc>>>);

impl Silence {
    /// Whether it is over with waiting. `waits` says whether any lead does now.
    fn is_too_long(&self, companies: &Companies, waits: bool, now: DateTime<Utc>) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if companies.answered_at() > *since {
            *since = None;
        }
        match (*since, waits) {
            (Some(since), true) => now - since >= COMPANY_PATIENCE,
            (None, true) => {
                *since = Some(now);
                false
            }
            // All of them are told of.
            (_, false) => {
                *since = None;
                false
            }
        }
    }
}

/// What of the leads that do not wait was looked through for companies of which nothing is known.
#[derive(Clone, Copy, Default)]
pub(super) struct Review {
    /// When all lanes were.
    lanes: Option<DateTime<Utc>>,
    /// Whether all that is past was.
    past: bool,
}

/// The state of that.
#[derive(Default)]
pub(super) struct Reviewed(std::sync::Mutex<Review>);

impl Reviewed {
    fn latest(&self) -> Review {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, review: Review) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = review;
    }
}

/// What the CRM said of how busy reps are, and when.
type Said = Arc<(Workloads, DateTime<Utc>)>;

/// The last of it.
#[derive(Default)]
pub(super) struct Busy(std::sync::Mutex<Option<Said>>);

impl Busy {
    fn latest(&self) -> Option<Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, workloads: Workloads, at: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new((workloads, at)));
    }
}

/// Makes sure, before anything else is asked of the CRM or sent to it, that it is the org whose leads are stored here. A
/// session that leads to another org later is refused by the CRM adapter itself.
pub(super) async fn right_org(shared: &Shared) -> Result<(), AppError> {
    if !shared.org_known.load(Ordering::Acquire) {
        let org = shared.deps.crm.org().await?;
        shared.deps.store.bind_org(&org.id).await?;
        shared.monitor.org(&org);
        // Every loop comes by here; one of them notes it.
        if !shared.logged_in.swap(true, Ordering::AcqRel) {
            let (store, clock) = (shared.deps.store.as_ref(), shared.deps.clock.as_ref());
            let noted = events::logged_in(store, clock, &org).await;
            noted.inspect_err(|_| shared.logged_in.store(false, Ordering::Release))?;
        }
        shared.org_known.store(true, Ordering::Release);
    }
    Ok(())
}

/// Reads reps and queues.
pub(super) async fn roster(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    right_org(&shared).await?;
    let roster = deps.crm.roster().await?;
    queues(deps, &roster)?;
    if deps.store.roster().await? != roster {
        deps.store.save_roster(&roster, deps.clock.now()).await?;
    }
    // Rules are only compared with it, so ranking and writing do not wait for it.
    if let Err(error) = shared.vocabulary.read(deps).await {
        tracing::warn!(%error, "what the CRM can say of a lead was not read; rules are compared with what is known of it");
    }
    Ok(Pause::For(allowance::pace(deps, deps.pace.roster)))
}

/// Takes in changed leads.
pub(super) async fn poll(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    right_org(&shared).await?;
    let (_, more) = intake::poll_once(deps.crm.as_ref(), deps.store.as_ref(), deps.clock.as_ref()).await?;
    Ok(if more { Pause::None } else { Pause::UntilHeard(shared.push.pace(deps)) })
}

/// Asks the CRM how busy reps are, where rules look at it: open deals, calendars, absences. A few calls for all reps.
pub(super) async fn workloads(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    let rules = shared.rules.current(deps).await?.filter(|rules| !rules.policy.is_plain());
    let Some(rules) = rules else { return Ok(Pause::UntilRules(LOOK_FOR_RULES)) };
    right_org(&shared).await?;
    let reps: Vec<RepId> = rules.roster.reps.iter().filter(|rep| rep.active).map(|rep| rep.id.clone()).collect();
    let now = deps.clock.now();
    let workloads = deps.crm.workloads(&reps, Span::new(now - CALENDAR_BEHIND, now + CALENDAR_AHEAD)).await?;
    for (part, why) in &workloads.unknown {
        tracing::warn!(%part, %why, "the CRM does not tell how busy reps are");
    }
    shared.busy.learn(workloads, now);
    Ok(Pause::For(allowance::pace(deps, deps.pace.roster)))
}

/// Finds out which companies leads are from and who works with them, where rules look at it. One or two calls for many
/// leads.
pub(super) async fn companies(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    let rules = shared.rules.current(deps).await?.filter(|rules| companies::wanted(&rules.policy));
    let Some(rules) = rules else {
        shared.reviewed.learn(Review::default());
        return Ok(Pause::For(LOOK_AT_RULES));
    };
    right_org(&shared).await?;
    let settings = &rules.policy.book().sections().company;
    let look = |what| companies::look(deps.crm.as_ref(), deps.store.as_ref(), deps.clock.as_ref(), settings, what);
    if look(Look::Waiting).await?.more {
        return Ok(Pause::None);
    }
    // Looking through all lanes, and through all that is past, costs more than it finds, and is done now and then.
    let (now, mut review) = (deps.clock.now(), shared.reviewed.latest());
    if review.lanes.is_none_or(|at| now - at >= REVIEW_LANES) {
        if look(Look::InLane).await?.more {
            return Ok(Pause::None);
        }
        // Whoever took a lead may have said another company in the same breath.
        review = Review { lanes: Some(now), past: false };
        shared.reviewed.learn(review);
    }
    if !review.past {
        review.past = !look(Look::Settled).await?.more;
        shared.reviewed.learn(review);
        return Ok(Pause::None);
    }
    Ok(Pause::UntilChange(LOOK_AGAIN))
}

/// Looks whether the manager changed the rules. A text that was judged is not judged again, unless something changed that
/// it may have been judged by.
pub(super) async fn rules(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    let (store, clock) = (deps.store.as_ref(), deps.clock.as_ref());
    let found = deps.rules.read();
    let changes = *store.changes().borrow();
    let mut last = shared.last_look.0.lock().await;
    if let Some(last) = last.as_mut().filter(|last| last.found == found) {
        match &last.came_of_it {
            Ok(version) => {
                // Another worker may have had the duty meanwhile, and another file.
                let ours = async || Ok::<_, AppError>(store.rulebook().await?.is_some_and(|b| b.version == *version));
                if last.changes == changes || ours().await? {
                    last.changes = changes;
                    return Ok(Pause::For(LOOK_AT_RULES));
                }
            }
            Err(fault) if last.changes == changes => return Err(AppError::Refused(fault.clone())),
            Err(_) => {}
        }
    }
    *last = None;
    if store.roster().await?.reps.is_empty() {
        return Ok(Pause::UntilChange(LOOK_AGAIN));
    }
    let published = routing::publish(store, clock, deps.rules.as_ref(), found.clone()).await;
    if let Ok(Published::New { version, ranked_again, remarks }) = &published {
        tracing::info!(%version, ranked_again, "other routing rules are in force");
        for remark in remarks {
            tracing::warn!(%remark, "routing rules");
        }
    }
    let came_of_it = match published {
        Ok(_) => Ok(shared.rules.current(deps).await?.map_or_else(String::new, |r| r.policy.version().to_string())),
        Err(AppError::Refused(fault)) => Err(fault),
        // A store or CRM that fails says nothing of the file.
        Err(error) => return Err(error),
    };
    let outcome = came_of_it.clone().map(drop).map_err(AppError::Refused);
    *last = Some(Judged { found, came_of_it, changes });
    outcome.map(|()| Pause::For(LOOK_AT_RULES))
}

/// Reads the calendars and lists of absences that the rules name.
pub(super) async fn absences(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    let rules = shared.rules.current(deps).await?.filter(|rules| absences::are_named(&rules.policy));
    let Some(rules) = rules else { return Ok(Pause::UntilRules(LOOK_FOR_RULES)) };
    let looked = absences::look(deps.store.as_ref(), deps.clock.as_ref(), deps.rules.as_ref(), &rules).await?;
    for remark in looked.remarks.iter().filter(|_| looked.changed) {
        tracing::warn!(%remark, "absences");
    }
    Ok(Pause::UntilRules(LOOK_AT_CALENDARS))
}

/// Ranks a batch of pending leads.
pub(super) async fn rank(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    let mut pending = deps.store.pending(RANK_BATCH).await?;
    if pending.is_empty() {
        return Ok(Pause::UntilChange(LOOK_AGAIN));
    }
    let full = pending.len() == RANK_BATCH as usize;
    // Neither reps nor rules at the very start; the loops that read them come first.
    let Some(rules) = shared.rules.current(deps).await? else { return Ok(Pause::UntilChange(LOOK_AGAIN)) };
    if rules.roster.reps.is_empty() {
        return Ok(Pause::UntilChange(LOOK_AGAIN));
    }
    let now = deps.clock.now();
    let open = deps.store.open_hold().await?;
    if let Some(wait) = waits(&pending, &rules, open.as_ref(), now) {
        return Ok(Pause::UntilChange(wait));
    }
    let queues = queues(deps, &rules.roster)?;
    let model = shared.champion.current(deps).await?.ok_or_else(|| {
        AppError::Refused(format!(
            "{} leads wait for a model: train one (`leadboard model train`) and promote it",
            pending.len()
        ))
    })?;
    let companies = Companies::of(deps.store.as_ref(), &rules, &pending, now).await?;
    let waits = pending.iter().any(|lead| companies.waits(lead));
    if !shared.silence.is_too_long(&companies, waits, now) {
        pending.retain(|lead| !companies.waits(lead));
        if pending.is_empty() {
            return Ok(Pause::UntilChange(LOOK_AGAIN));
        }
    }
    let crm = shared.busy.latest();
    let situation = routing::situation(deps.store.as_ref(), &rules, crm.as_deref(), now).await?;
    let (recent, to_come) = (shared.to_come.read(deps, &rules, &model, now).await?, shared.to_come.clone());
    let (settings, before) = (deps.settings.clone(), open.clone());
    // Scoring is arithmetic, so it runs where it cannot hold up the network.
    let Settled { ranked, held } = tokio::task::spawn_blocking(move || {
        let desk = Desk {
            scorer: model.scorer.as_ref(),
            model_id: &model.id,
            cleared: model.clearance == Clearance::Routes,
            roster: &rules.roster,
            queues: &queues,
            settings: &settings,
            moment: &rank::moment(&rules, &situation, now),
        };
        let outlook = recent.map_or_else(|| to_come.latest(), |recent| to_come.learn(recent, &desk));
        round::settle(&pending, &companies, &desk, &outlook, open.as_ref(), full)
    })
    .await
    .map_err(|error| AppError::Refused(format!("ranking did not finish: {error}")))??;
    // Before the others are ranked: whoever dies in between leaves leads that wait, and none that nobody waits for.
    if held != before {
        deps.store.keep_hold(held.as_ref(), now).await?;
    }
    deps.store.save_rankings(ranked).await?;
    Ok(if full { Pause::None } else { Pause::UntilChange(LOOK_AGAIN) })
}

/// How long nothing is to be done: all that is pending is held, and the end of the hold has not come.
fn waits(pending: &[LeadRecord], rules: &InForce, open: Option<&OpenHold>, now: DateTime<Utc>) -> Option<Duration> {
    let OpenHold { hold, leads } = open.filter(|_| rules.policy.book().sections().hold.is_some())?;
    let all = pending.len() < RANK_BATCH as usize && pending.iter().all(|record| leads.contains(&record.lead.id));
    let left = (hold.closes_at - now).to_std().ok().filter(|left| all && !left.is_zero())?;
    Some(left.min(LOOK_AGAIN))
}

/// Sends what is due.
pub(super) async fn send(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    right_org(&shared).await?;
    let (crm, store) = (deps.crm.as_ref(), deps.store.as_ref());
    let report = sending::send_due(crm, store, deps.clock.as_ref(), &shared.name, &deps.default_queue).await?;
    if let Some(fault) = report.fault {
        // Every other effect would meet the same fault: the loop backs off as a whole, and for as long as a quota asks.
        return Err(AppError::Crm(fault));
    }
    if report.tried > 0 {
        return Ok(Pause::None);
    }
    let wait = deps
        .store
        .next_effect_at()
        .await?
        .and_then(|at| (at - deps.clock.now()).to_std().ok())
        .map_or(LOOK_AGAIN, |wait| wait.min(LOOK_AGAIN));
    Ok(Pause::UntilChange(wait.max(Duration::from_millis(1))))
}

/// Finds out about first contacts that are due. It costs a call only where any is.
pub(super) async fn contacts(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    // Whether leads are taken from anybody is for the rules to say.
    let Some(rules) = shared.rules.current(deps).await? else { return Ok(Pause::UntilRules(LOOK_FOR_RULES)) };
    right_org(&shared).await?;
    let reassign = rules.policy.book().sections().sla.reassign;
    let looked = sla::look(deps.crm.as_ref(), deps.store.as_ref(), deps.clock.as_ref(), reassign).await?;
    if looked.breached > 0 {
        tracing::info!(looked.breached, looked.reassigned, "reps made no contact in time");
    }
    Ok(if looked.more { Pause::None } else { Pause::For(allowance::pace(deps, deps.pace.contacts)) })
}

/// Reads outcomes.
pub(super) async fn outcomes(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    right_org(&shared).await?;
    outcome::read_once(deps.crm.as_ref(), deps.store.as_ref(), deps.clock.as_ref()).await?;
    Ok(Pause::For(allowance::pace(deps, deps.pace.outcomes)))
}

/// Counts the leads of the days that are over.
pub(super) async fn count(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    right_org(&shared).await?;
    for count in reconcile::reconcile(deps.crm.as_ref(), deps.store.as_ref(), deps.clock.as_ref()).await? {
        if count.recovered > 0 {
            let reconcile::DayCount { day, crm, ours, recovered } = count;
            tracing::error!(%day, crm, ours, recovered, "polling had missed leads; the daily count has taken them in");
        }
    }
    Ok(Pause::For(COUNT_AGAIN))
}

/// Watches for drift, a few days at a time. Leads never wait for it: it only reads what they left behind.
pub(super) async fn drift(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    let model = shared.champion.current(deps).await?;
    let (more, report) = drift::watch(deps.store.as_ref(), model.as_deref(), &deps.drift, deps.clock.now()).await?;
    if more {
        return Ok(Pause::For(BREATH));
    }
    for alert in report.iter().flat_map(drift::Report::alerts) {
        tracing::warn!(%alert, "the leads or their outcomes differ from what the model learned from");
    }
    Ok(Pause::For(drift::REFRESH.to_std().unwrap_or(LOOK_AGAIN)))
}

/// Seals audit records, where the store does not do it by itself, and keeps the head of the chain elsewhere.
pub(super) async fn seal(shared: Arc<Shared>) -> Result<Pause, AppError> {
    let deps = &shared.deps;
    if deps.store.seal(SEAL_BATCH).await? == u64::from(SEAL_BATCH) {
        return Ok(Pause::None);
    }
    if let Some(path) = &deps.anchor {
        anchor::keep(deps.store.as_ref(), path, deps.clock.now()).await?;
    }
    Ok(Pause::UntilChange(LOOK_AGAIN))
}

/// The two queues by their configured names.
fn queues(deps: &Deps, roster: &Roster) -> Result<Queues, AppError> {
    rank::queues(roster, &deps.manager_queue, &deps.default_queue)
}
