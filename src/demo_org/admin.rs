//! `/demo/…`: the door for whoever judges or directs the demo. It opens with the admin token alone; a client's session
//! does not fit, and the admin token opens nothing else.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::chance::Chance;
use super::dml::{WriteContext, live};
use super::fault::Fault;
use super::id::Id;
use super::knobs::{FaultPlan, Knob};
use super::org::{Cause, Org};
use super::people::{self, Act};
use super::rest::{Answer, Call};
use super::rules;
use super::schema::Object;
use super::server::State;
use super::stamp::Stamp;
use super::world::{World, owner_of};

/// Most leads of one `arrivals` request.
const MAX_ARRIVALS: u64 = 10_000;
/// Leads that one job of the org touches.
const TIES: usize = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    pairs: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadIds {
    lead_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    count: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    lead: String,
    owner: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meeting {
    lead: String,
    owner: String,
    start: String,
    end: String,
    #[serde(default)]
    all_day: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    faults: String,
    seed: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deed {
    act: Act,
    lead: String,
}

/// Answers a request below `/demo`. `under_way` are calls that were cut off and are still worked on.
pub(super) fn answer(
    state: &mut State,
    world: &World,
    call: &Call,
    now: DateTime<Utc>,
    under_way: usize,
) -> Result<Answer, Fault> {
    let stamp = Stamp::from(now);
    match (call.method(), call.segments().as_slice()) {
        ("POST", ["truth"]) => truth(&state.org, world, &body(call)?),
        ("POST", ["pools"]) => pools(&state.org, world, &body(call)?),
        ("GET", ["stats"]) => Ok(Answer::ok(stats(state))),
        ("POST", ["mark"]) => {
            state.usage.mark();
            Ok(Answer::ok(stats(state)))
        }
        ("GET", ["journal"]) => journal(&state.org, call),
        ("POST", ["arrivals"]) => arrivals(state, world, &body(call)?, now),
        ("POST", ["owner"]) => move_lead(&mut state.org, &body(call)?, stamp),
        ("POST", ["person"]) => person(&mut state.org, world, &body(call)?, stamp),
        ("GET", ["faults"]) => Ok(Answer::ok(faults(state, under_way))),
        ("POST", ["faults"]) => {
            turn(state, world, &body(call)?)?;
            Ok(Answer::ok(faults(state, under_way)))
        }
        ("POST", ["call"]) => log_call(&mut state.org, &body(call)?, stamp),
        ("POST", ["meeting"]) => enter_meeting(&mut state.org, &body(call)?, stamp),
        ("POST", ["pause"]) => {
            state.life.set_paused(true);
            Ok(Answer::empty(204))
        }
        ("POST", ["resume"]) => {
            state.life.set_paused(false);
            Ok(Answer::empty(204))
        }
        ("POST", ["authorise"]) => match state.tokens.authorise() {
            Ok(token) => Ok(Answer::ok(json!({ "refresh_token": token }))),
            Err(error) => Ok(Answer { status: error.status, headers: Vec::new(), body: Some(error.body()) }),
        },
        ("POST", ["fail_jobs"]) => {
            let count: Count = body(call)?;
            state.jobs.fail_next(u32::try_from(count.count).unwrap_or(u32::MAX));
            Ok(Answer::empty(204))
        }
        ("POST", ["expire_tokens"]) => {
            state.tokens.revoke_all();
            Ok(Answer::empty(204))
        }
        _ => Err(Fault::not_found()),
    }
}

fn body<T: serde::de::DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    let json = Json::Object(call.object()?.clone());
    serde_json::from_value(json).map_err(|error| Fault::bad("JSON_PARSER_ERROR", error.to_string()))
}

fn id(text: &str) -> Result<Id, Fault> {
    Id::parse(text).ok_or_else(|| Fault::bad("MALFORMED_ID", format!("not a record id: {text}")))
}

/// The true probability of each pair; null for queues.
fn truth(org: &Org, world: &World, pairs: &Pairs) -> Result<Answer, Fault> {
    let probability = |(lead, owner): &(String, String)| Ok(world.probability(org, id(lead)?, id(owner)?));
    let probabilities: Vec<Option<f64>> = pairs.pairs.iter().map(probability).collect::<Result<_, Fault>>()?;
    Ok(Answer::ok(json!({ "probabilities": probabilities })))
}

/// For each lead the rep who is truly best, of the active reps of its territory.
fn pools(org: &Org, world: &World, leads: &LeadIds) -> Result<Answer, Fault> {
    let best = |text: &String| {
        let lead = id(text)?;
        let record = live(org, Object::Lead, lead)?;
        let reps = rules::eligible(org, rules::territory_of(org, record));
        let known = reps.iter().filter_map(|rep| Some((*rep, world.probability(org, lead, *rep)?)));
        let known: Vec<(Id, f64)> = known.collect();
        let best = known.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let mean = known.iter().map(|(_, p)| p).sum::<f64>() / known.len().max(1) as f64;
        Ok(json!({
            "lead": lead,
            "owner": owner_of(org, lead),
            "pool": reps.len(),
            "best": best.map(|(rep, _)| rep),
            "best_probability": best.map(|(_, p)| p),
            "mean_probability": best.map(|_| mean),
        }))
    };
    let pools: Vec<Json> = leads.lead_ids.iter().map(best).collect::<Result<_, Fault>>()?;
    Ok(Answer::ok(json!({ "pools": pools })))
}

fn stats(state: &State) -> Json {
    let records = |object: Object| state.org.table(object).len();
    json!({
        "leads_created_live": state.org.arrived(),
        "effects": state.org.effects().len(),
        "records": {
            "Lead": records(Object::Lead),
            "Opportunity": records(Object::Opportunity),
            "Task": records(Object::Task),
            "AI_Lead_Routing_Decision__c": records(Object::Decision),
        },
        "api_calls": state.usage.report(),
    })
}

/// Effects after a number, at most `limit` of them.
fn journal(org: &Org, call: &Call) -> Result<Answer, Fault> {
    let number = |name: &str, default: usize| match call.param(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Fault::bad("INVALID_INPUT", format!("{name} is not a number: {text}"))),
    };
    let (after, limit) = (number("after", 0)?, number("limit", 10_000)?);
    let all = org.effects();
    let start = after.min(all.len());
    let end = all.len().min(start.saturating_add(limit));
    Ok(Answer::ok(json!({ "effects": &all[start..end], "last": all.len() })))
}

/// More leads at once. Those whose transactions end late are counted only.
fn arrivals(state: &mut State, world: &World, wanted: &Count, now: DateTime<Utc>) -> Result<Answer, Fault> {
    if wanted.count > MAX_ARRIVALS {
        return Err(Fault::bad("INVALID_INPUT", format!("at most {MAX_ARRIVALS} leads at once")));
    }
    let State { org, life, .. } = state;
    let late = life.late();
    let mut ids = Vec::new();
    for _ in 0..wanted.count {
        ids.extend(life.arrive(org, world, now)?);
    }
    if org.knobs.strikes(Knob::Ties) {
        people::recompute(org, TIES, Stamp::from(now))?;
    }
    Ok(Answer::ok(json!({ "leads": ids, "late": life.late() - late })))
}

/// A rep logs a call with a lead that they have just made.
fn log_call(org: &mut Org, wanted: &Move, now: Stamp) -> Result<Answer, Fault> {
    let user = id(&wanted.owner)?;
    let task = json!({ "WhoId": wanted.lead, "OwnerId": user, "Subject": "Call", "Status": "Completed" });
    create(org, Object::Task, &task, user, now)
}

/// A rep enters a meeting with a lead into their calendar, for any time.
fn enter_meeting(org: &mut Org, wanted: &Meeting, now: Stamp) -> Result<Answer, Fault> {
    let user = id(&wanted.owner)?;
    let event = json!({
        "WhoId": wanted.lead, "OwnerId": user, "Subject": "Meeting", "IsAllDayEvent": wanted.all_day,
        "StartDateTime": wanted.start, "EndDateTime": wanted.end,
    });
    create(org, Object::Event, &event, user, now)
}

/// A person creates a record by hand.
fn create(org: &mut Org, object: Object, fields: &Json, user: Id, now: Stamp) -> Result<Answer, Fault> {
    let mut tx = org.begin(now);
    let by = WriteContext { user, auto_assign: false, cause: Cause::Person };
    tx.create(object, &fields.as_object().cloned().unwrap_or_default(), &by)?;
    tx.commit().map_err(|error| Fault::not_stored(&error))?;
    Ok(Answer::empty(204))
}

/// A person takes or gives away a lead, by hand, in the org.
fn move_lead(org: &mut Org, wanted: &Move, now: Stamp) -> Result<Answer, Fault> {
    people::take(org, id(&wanted.lead)?, id(&wanted.owner)?, now)?;
    Ok(Answer::empty(204))
}

/// A person does something to a lead, by hand, in the org.
fn person(org: &mut Org, world: &World, wanted: &Deed, now: Stamp) -> Result<Answer, Fault> {
    let mut chance = Chance::new(org.knobs.seed(), "person", org.effects().len() as u64);
    let done = people::act(org, world, id(&wanted.lead)?, wanted.act, &mut chance, now)?;
    Ok(Answer::ok(json!({ "done": done })))
}

/// How the knobs stand, what they did, and what of it is not over yet.
fn faults(state: &State, under_way: usize) -> Json {
    let mut report = state.org.knobs.report();
    report["under_way"] = json!(under_way + state.life.late());
    report
}

/// Turns knobs. Without late commits, no lead stays late.
fn turn(state: &mut State, world: &World, wanted: &Faults) -> Result<(), Fault> {
    let plan: FaultPlan = wanted.faults.parse().map_err(|why: String| Fault::bad("INVALID_INPUT", why))?;
    let State { org, life, .. } = state;
    let seed = wanted.seed.unwrap_or_else(|| org.knobs.seed());
    org.knobs.set(&plan, seed);
    if org.knobs.is_off(Knob::LateCommit) { life.hurry(org, world) } else { Ok(()) }
}
