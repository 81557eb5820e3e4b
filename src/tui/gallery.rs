//! A picture of each state that a user can name, in every form: three sizes with their styles, without colours, and in ASCII.

use insta::assert_snapshot;

use super::Options;
use super::backend::team::HandOver;
use super::fake::{State, company, handed_over, late, told, troubled};
use super::msg::Msg;
use super::team::tests::at_work;
use super::testing::{Stage, ascii, mono, noon, options};

/// What is done to come there: keys, separated by blanks, or text that is typed, after a quotation mark.
type Steps = &'static [&'static str];

/// Plays the steps in a company, and looks at what is on screen then, in every form.
fn look(name: &str, company: impl Fn() -> State, steps: Steps) {
    look_as(name, company, |options| options, |_| {}, steps);
}

fn look_as(
    name: &str,
    company: impl Fn() -> State,
    started: impl Fn(Options) -> Options,
    before: impl Fn(&mut Stage),
    steps: Steps,
) {
    let forms = [
        ("80x24", options(), (80, 24)),
        ("120x40", options(), (120, 40)),
        ("200x50", options(), (200, 50)),
        ("mono", mono(), (80, 24)),
        ("ascii", ascii(), (80, 24)),
    ];
    for (form, options, size) in forms {
        let mut stage = Stage::with(started(options), company(), size);
        before(&mut stage);
        for step in steps {
            match step.strip_prefix('"') {
                Some(text) => stage.write(text),
                None => stage.press(step),
            };
        }
        assert_snapshot!(format!("{name}_{form}"), stage.picture());
        if form == "ascii" {
            assert!(stage.text().is_ascii(), "{name}: {}", stage.text());
        }
    }
}

fn sixty() -> State {
    company(noon(), 60)
}

/// With what the screens about the team and the rollout tell.
fn telling() -> State {
    told(sixty())
}

/// At the end of a long day.
fn evening() -> State {
    late(sixty())
}

/// On the morning after.
fn morning() -> State {
    handed_over(sixty())
}

/// A worker with as many loops as the real one.
fn busy() -> State {
    let mut state = troubled();
    for n in 0..9 {
        let mut one = state.loops[0].clone();
        one.name = format!("loop {n}");
        state.loops.push(one);
    }
    state
}

#[test]
fn the_queue() {
    look("queue", sixty, &["f2 down down"]);
    look("queue_agreed", sixty, &["f1"]);
    look("queue_empty_lane", sixty, &["f5"]);
    look("queue_approved", sixty, &["f2 a"]);
    look("queue_taken_back", sixty, &["f2 a u"]);
    look("queue_marked", sixty, &["f2 space down space"]);
    look("queue_refused", sixty, &["f1 k"]);
    look_as("queue_loading", sixty, |options| options, |stage| stage.hold = true, &["f2"]);
    look("queue_unreadable", || State { fault: Some("the database is locked".into()), ..sixty() }, &[]);
    let breaks = |stage: &mut Stage| {
        stage.press("f2");
        stage.fake.state().fault = Some("the database is locked".into());
        stage.send(Msg::Changed);
    };
    look_as("queue_old", sixty, |options| options, breaks, &[]);
    look_as("queue_read_only", sixty, |options| Options { read_only: true, ..options }, |_| {}, &["f2"]);
    let blind = |options| Options { blind_share: 0.3, ..options };
    look_as("queue_blind", sixty, blind, |_| {}, &["f2"]);
    look("queue_lost", || State { lost: 3, ..sixty() }, &["f2"]);
}

#[test]
fn a_lead() {
    look("lead", sixty, &["f2 enter"]);
    look("lead_agreed", sixty, &["f1 enter"]);
    look("lead_with_rules", telling, &["f2 enter"]);
    look("lead_low_confidence", sixty, &["f3 enter"]);
    let blind = |options| Options { blind_share: 1.0, ..options };
    look_as("lead_blind", sixty, blind, |_| {}, &["f2 enter"]);
    look_as("lead_blind_choosing", sixty, blind, |_| {}, &["f2 a"]);
    look_as("lead_blind_chosen", sixty, blind, |_| {}, &["f2 a down enter"]);
    look("lead_failed_write", troubled, &["S enter"]);
    look("lead_decided", troubled, &["S end enter"]);
}

/// Two other managers at work, of whom one has the first lead of the lane open.
fn not_alone() -> State {
    let mut state = sixty();
    let lead = state.leads.values().find(|(_, one)| one.record.lead.company == "Lumen 59").map(|(_, one)| one);
    let lead = lead.map(|one| one.record.lead.id.clone());
    state.others = vec![at_work("Ben Kovač", lead.as_ref()), at_work("Cho Lim", None)];
    state
}

#[test]
fn with_others() {
    look("others_queue", not_alone, &["f2 down down"]);
    look("others_lead", not_alone, &["f2 enter"]);
    look("others_warned", not_alone, &["f2 a"]);
}

/// The first leads of the lane are handed over: one to the manager at this terminal, one to somebody else.
fn handed() -> State {
    let mut state = not_alone();
    for (company, from, to) in [("Halcyon 31", "Ben Kovač", "Ana M."), ("Cobalt 38", "Ana M.", "Cho Lim")] {
        let lead = state.leads.values_mut().find(|(_, one)| one.record.lead.company == company);
        let note = Some("They call back at three, ask for Robin; the price is agreed.".into());
        let (from, to, at) = (from.into(), to.into(), noon());
        if let Some((_, detail)) = lead {
            detail.handed = Some(HandOver { from, to, note, at });
        }
    }
    state.managers = ["Ben Kovač", "Bob Ito", "Cho Lim"].map(Into::into).into();
    state
}

#[test]
fn handing_over() {
    look("handed_queue", handed, &["f2"]);
    look("handed_lead", handed, &["f2 down enter"]);
    look("hand_over", handed, &["f2 down down h"]);
    look("hand_over_note", handed, &["f2 space space h c", "\"at lunch"]);
    look("handed_over", handed, &["f2 space space h c", "\"at lunch", "enter"]);
}

#[test]
fn what_is_asked_on_the_way_to_a_verdict() {
    look("reasons", sixty, &["f2 3"]);
    look("reasons_exactly", sixty, &["f2 3 T"]);
    look("reasons_nothing_chosen", sixty, &["f2 3 enter"]);
    look("reasons_of_an_undecided_lead", sixty, &["f3 1"]);
    look("finder", sixty, &["f2 o", "\"lee"]);
    look("queues", sixty, &["f2 r"]);
    look("snooze", sixty, &["f2 s"]);
    look("note", sixty, &["f2 k o", "\"they know the CEO"]);
    look("batch", sixty, &["f2 space down space A"]);
    look("batch_counted", sixty, &["f2 * A 3"]);
    look("quit", sixty, &["q"]);
}

#[test]
fn what_is_told_of_a_lead() {
    look("why_not", sixty, &["f2 enter w"]);
    look("why_not_excluded", sixty, &["f2 enter w", "\"jun lee"]);
    look("talk_track", sixty, &["f2 enter t"]);
    look("explain", sixty, &["f2 x"]);
    look("what_if", sixty, &["f2 W", "\"source=Webinar", "enter"]);
    look("copy", sixty, &["f2 y"]);
}

#[test]
fn finding_things() {
    look("help", sixty, &["?"]);
    look("help_found", sixty, &["? /", "\"lead"]);
    look("palette", sixty, &["f2 :"]);
    look("palette_found", sixty, &["f2 :", "\"back"]);
    look("filter_prompt", sixty, &["f2 /"]);
    look("filter_fault", sixty, &["f2 /", "\"src:web scor>80 a"]);
    look("filter", sixty, &["f2 /", "\"src:web -score<5", "enter down"]);
    look("filter_nothing", sixty, &["f2 /", "\"zebra", "enter"]);
    look("views", sixty, &["V down"]);
    look("export", sixty, &["f2 E"]);
    look_as("welcome", sixty, |options| Options { greet: true, ..options }, |_| {}, &[]);
}

#[test]
fn the_end_of_a_shift() {
    look("handoff", evening, &["Z"]);
    look("handoff_note", evening, &["Z n", "\"Acme calls back at nine"]);
    look("handoff_noted", evening, &["Z n", "\"Acme calls back at nine", "enter down"]);
    look("handoff_written", evening, &["Z enter"]);
    look("handoff_quiet", sixty, &["Z"]);
    look("handoff_none", sixty, &["Z tab"]);
    look("handoff_greeting", morning, &[]);
    look("handoff_accepted", morning, &["enter"]);
    look("handoff_later", morning, &["esc f2"]);
    look("handoff_end", morning, &["end"]);
    look("digest", telling, &["D"]);
    look("digest_end", telling, &["D end"]);
    look("digest_quiet", sixty, &["D left"]);
}

#[test]
fn the_other_screens() {
    look("sync", troubled, &["S"]);
    look("sync_many_loops", busy, &["S"]);
    look("sync_empty", sixty, &["S"]);
    look("model", sixty, &["M"]);
    look("model_none", || State { models: Vec::new(), ..company(noon(), 3) }, &["M"]);
    look("disagreements", sixty, &["X"]);
    look("disagreements_causes", sixty, &["X tab down"]);
    look("disagreements_group", sixty, &["X tab enter"]);
    look("reps", telling, &["P down"]);
    look("reps_empty", sixty, &["P"]);
    look("sla", telling, &["L"]);
    look("sla_empty", sixty, &["L"]);
    look("trace_asks", telling, &["T"]);
    look("trace_several", telling, &["T", "\"acme", "enter"]);
    look("rollout", telling, &["O"]);
    look("feedback", telling, &["F"]);
    look("feedback_scopes", telling, &["F tab"]);
    look("kill_switch", telling, &["f2 K", "\"wrong rules"]);
}
