//! Leads that wait at one moment: held until more have come, or given together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Case, Desk, Scored, decide, score, wants};
use crate::app::companies::Companies;
use crate::app::ports::{OpenHold, RankedLead, Store};
use crate::app::{AppError, replay};
use crate::domain::ids::LeadId;
use crate::domain::lead::LeadRecord;
use crate::domain::recommendation::Route;
use crate::policy::arrivals::{self, Arrivals};
use crate::policy::capacity::CapKind;
use crate::policy::hold::{Hold, HoldAnswer, HoldSettings, Waiting};
use crate::policy::route::{self, Candidate, Moment, Offers, RepPrices, Round, Situation};

/// Recent leads that stand for those to come.
const SAMPLE: u32 = 150;
/// The stretch of time whose leads tell how many come while others are held.
const NEAR: TimeDelta = TimeDelta::hours(1);
/// How long prices count.
const PRICES_LAST: TimeDelta = TimeDelta::minutes(1);
/// The caps that the calendar renews, so that it can be said how many leads are expected until then.
const RENEWED: [CapKind; 3] = [CapKind::Day, CapKind::Week, CapKind::Month];

/// What is known of the leads to come.
#[derive(Debug, Default)]
pub struct Outlook {
    /// What recent leads were worth to whom.
    sample: Vec<Offers>,
    arrivals: Arrivals,
    /// The latest prices, and when they were found.
    prices: Mutex<Option<(DateTime<Utc>, Option<RepPrices>)>>,
}

/// Recent leads, not yet judged.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    leads: Vec<LeadRecord>,
    arrivals: Arrivals,
}

impl Recent {
    /// Reads them.
    pub async fn read(store: &dyn Store, now: DateTime<Utc>) -> Result<Self, AppError> {
        let arrived = store.arrivals(now - arrivals::LOOK_BACK).await?;
        let arrivals = Arrivals::new(arrived.iter().map(|one| (one.at, one.leads)));
        let Some(from) = arrivals.since(u64::from(SAMPLE)) else { return Ok(Self::default()) };
        // The first stretch may hold more of them than are wanted.
        let all: u64 = arrived.iter().filter(|one| one.at >= from).map(|one| u64::from(one.leads)).sum();
        let skip = all.saturating_sub(u64::from(SAMPLE));
        Ok(Self { leads: store.received_between(from, now, skip, SAMPLE).await?, arrivals })
    }

    /// What each is worth to whom, as things stand. One that goes to a rep for another reason, or to nobody, is worth
    /// nothing to anybody here, and counts as one of those that come.
    pub fn outlook(self, desk: &Desk<'_>) -> Outlook {
        let offers = |record: &LeadRecord| {
            let case = Case::of(record);
            let candidate = score(&case, desk).ok().and_then(|mut scored| wants(&case, &mut scored, desk).candidate());
            candidate.map_or_else(Vec::new, |candidate| candidate.offers(desk.moment))
        };
        Outlook { sample: self.leads.iter().map(offers).collect(), arrivals: self.arrivals, prices: Mutex::default() }
    }
}

impl Outlook {
    /// What places of reps cost the leads that come alone. They are about hours and days to come and take as long to find
    /// as hundreds of leads to score, so they count for a while; what room there is, is asked for each lead.
    fn prices(&self, moment: &Moment<'_>) -> Option<RepPrices> {
        let mut kept = self.prices.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |at: DateTime<Utc>| (TimeDelta::zero()..PRICES_LAST).contains(&(moment.now() - at));
        if let Some((_, prices)) = kept.as_ref().filter(|(at, _)| fresh(*at)) {
            return prices.clone();
        }
        let prices = self.find_prices(moment);
        *kept = Some((moment.now(), prices.clone()));
        prices
    }

    fn find_prices(&self, moment: &Moment<'_>) -> Option<RepPrices> {
        let (zone, now) = (zone(moment), moment.now());
        let expected = |kind| Some((kind, self.arrivals.expected(now, arrivals::renewed(kind, now, zone)?, zone)));
        let expected: BTreeMap<CapKind, f64> = RENEWED.into_iter().filter_map(expected).collect();
        route::rep_prices(&self.sample, &expected, moment)
    }

    fn wait(&self, candidates: &[Candidate], moment: &Moment<'_>, settings: &HoldSettings) -> HoldAnswer {
        let near = self.arrivals.expected(moment.now(), moment.now() + NEAR, zone(moment));
        route::wait(candidates, &self.sample, (near, NEAR), moment, settings)
    }
}

/// The clock of the company.
fn zone(moment: &Moment<'_>) -> Tz {
    moment.policy().book().sections().hours.zone.parse().unwrap_or(Tz::UTC)
}

/// What came of the leads that waited at one moment.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Those that are ranked.
    pub ranked: Vec<RankedLead>,
    /// Those that are held, from now on or still.
    pub held: Option<OpenHold>,
}

/// Settles what becomes of leads that wait: each is held or ranked. `companies` is what is known of theirs; `open` is the
/// hold that was open; `more` says that further leads wait behind these, for which they must make room. The rankings keep
/// what they were made from.
///
/// # Errors
/// Something cannot be written as text, to be kept.
pub fn settle(
    pending: &[LeadRecord],
    companies: &Companies,
    desk: &Desk<'_>,
    outlook: &Outlook,
    open: Option<&OpenHold>,
    more: bool,
) -> Result<Settled, AppError> {
    let situation = Situation { prices: outlook.prices(desk.moment), ..desk.moment.situation().clone() };
    let moment = desk.moment.with_situation(&situation);
    let desk = Desk { moment: &moment, ..*desk };
    let one = |record| {
        let case = Case::of(record).known(companies);
        let scored = score(&case, &desk);
        (case, scored)
    };
    let mut leads: Vec<_> = pending.iter().map(one).collect();
    let Plan { held, round } = plan(&mut leads, &desk, outlook, open, more);
    let situation = Situation { round, ..situation.clone() };
    let moment = moment.with_situation(&situation);
    let desk = Desk { moment: &moment, ..desk };
    let (kept, situation) = (replay::desk(&desk)?, replay::situation(&situation)?);
    let waits = |case: &Case<'_>| held.as_ref().is_some_and(|held| held.leads.contains(&case.subject.lead_id));
    let one = |(case, scored): (Case<'_>, _)| {
        let made_from = Some(replay::made_from(&case, &kept, &situation)?);
        Ok(RankedLead { made_from, ..decide(&case, scored, &desk) })
    };
    let ranked: Result<Vec<_>, AppError> = leads.into_iter().filter(|(case, _)| !waits(case)).map(one).collect();
    Ok(Settled { ranked: ranked?, held })
}

/// What becomes of leads.
struct Plan {
    held: Option<OpenHold>,
    /// How those that are not held are given together.
    round: Option<Round>,
}

fn plan(
    leads: &mut [(Case<'_>, Result<Scored, String>)],
    desk: &Desk<'_>,
    outlook: &Outlook,
    open: Option<&OpenHold>,
    more: bool,
) -> Plan {
    let moment = desk.moment;
    let settings = moment.policy().book().sections().hold.as_ref();
    // One that comes alone and may not wait is decided by itself.
    if moment.policy().is_plain() || (leads.len() < 2 && settings.is_none()) {
        return Plan { held: None, round: None };
    }
    let (mut candidates, mut taken) = (Vec::new(), Vec::new());
    for (case, scored) in leads.iter_mut().filter_map(|(case, scored)| Some((case, scored.as_mut().ok()?))) {
        match wants(case, scored, desk) {
            super::Wants::Model(candidate) => candidates.push(candidate),
            super::Wants::Other(Route::AssignRep(rep)) => taken.push(rep),
            super::Wants::Other(_) => {}
        }
    }
    let mut answer = None;
    if let Some(settings) = settings.filter(|_| !more) {
        match go_on(open, &candidates, moment.now(), settings) {
            Going::On(hold) => return Plan { held: Some(hold), round: None },
            Going::Over => {}
            Going::NotYet => match outlook.wait(&candidates, moment, settings) {
                HoldAnswer::Wait(hold) => {
                    let leads = ids(&candidates);
                    return Plan { held: Some(OpenHold { hold, leads }), round: None };
                }
                other => answer = Some(other),
            },
        }
    }
    let round = route::give(&candidates, &taken, moment).map(|round| Round { hold: answer, ..round });
    Plan { held: None, round }
}

enum Going {
    /// The hold goes on, with these leads.
    On(OpenHold),
    /// Its end has come.
    Over,
    /// There was none.
    NotYet,
}

fn go_on(open: Option<&OpenHold>, candidates: &[Candidate], now: DateTime<Utc>, settings: &HoldSettings) -> Going {
    let Some(OpenHold { hold, leads }) = open else { return Going::NotYet };
    if !candidates.iter().any(|candidate| leads.contains(&candidate.lead)) {
        return Going::NotYet;
    }
    // Each that waits is asked, whoever changed meanwhile too: an end can only come nearer.
    let joined = |hold: Hold, lead: &Candidate| {
        let waiting = Waiting { offers: Vec::new(), deadline: lead.deadline, urgent: lead.urgent };
        hold.joined(&waiting, now, settings)
    };
    let hold = candidates.iter().fold(hold.clone(), joined);
    if hold.is_over(now) { Going::Over } else { Going::On(OpenHold { hold, leads: ids(candidates) }) }
}

fn ids(candidates: &[Candidate]) -> BTreeSet<LeadId> {
    candidates.iter().map(|candidate| candidate.lead.clone()).collect()
}
