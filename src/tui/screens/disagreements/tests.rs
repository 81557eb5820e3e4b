//! Where model and legacy rules differ, as a manager goes through it.

use insta::assert_snapshot;

use crate::domain::verdict::{ReasonCode, Verdict};
use crate::tui::Options;
use crate::tui::backend::{BackendError, Which};
use crate::tui::fake::{State, company};
use crate::tui::msg::{Effect, Msg};
use crate::tui::overlay::Overlay;
use crate::tui::screens::Screen;
use crate::tui::testing::{Stage, noon, options};
use crate::tui::theme::Palette;

/// The largest group by cause, with nothing opened yet.
fn group() -> Stage {
    let mut stage = Stage::sized(120, 40);
    stage.press("X tab enter");
    assert!(stage.model.board.group.is_some() && stage.model.board.leads().count() > 3, "{}", stage.text());
    stage
}

/// Answers the preview: more than a few are counted first.
fn all(stage: &mut Stage) {
    let leads = stage.model.board.leads().count();
    stage.press("enter");
    assert!(leads <= 25 || stage.fake.state().requests.is_empty(), "more than a few are counted first");
    stage.write(&leads.to_string()).press("enter");
}

fn look_at(stage: &mut Stage, leads: usize) {
    for _ in 0..leads {
        stage.press("enter");
        assert_eq!(stage.model.screen, Screen::Lead);
        stage.press("esc down");
        assert_eq!(stage.model.screen, Screen::Disagreements, "back to the group");
    }
}

#[test]
fn every_state_has_a_picture() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let size = format!("{width}x{height}");
        let mut stage = Stage::sized(width, height);
        assert_snapshot!(format!("owners_{size}"), stage.press("X").picture());
        assert_snapshot!(format!("causes_{size}"), stage.press("tab down").picture());
        assert_snapshot!(format!("group_{size}"), stage.press("up enter").picture());
        let mut stage = Stage::sized(width, height);
        assert_snapshot!(format!("explain_{size}"), stage.press("f2 x").picture());
        stage.press("esc W").write("source=Webinar, absent=ana r");
        assert_snapshot!(format!("what_if_{size}"), stage.press("enter").picture());
        let mut stage = decided(width, height);
        assert_snapshot!(format!("decided_{size}"), stage.press("d").picture());
    }
    for (name, palette, ascii) in [("mono", Palette::Mono, false), ("ascii", Palette::Terminal, true)] {
        let options = Options { ascii, palette, ..options() };
        let mut stage = Stage::with(options, company(noon(), 60), (80, 24));
        assert_snapshot!(format!("owners_{name}"), stage.press("X").picture());
        assert_snapshot!(format!("group_{name}"), stage.press("tab enter").picture());
        stage.press("esc esc f2");
        assert_snapshot!(format!("explain_{name}"), stage.press("x").picture());
        assert_snapshot!(format!("what_if_{name}"), stage.press("esc W").write("amount=1M").press("enter").picture());
    }
}

/// Some disagreements decided, in each way.
fn decided(width: u16, height: u16) -> Stage {
    let mut stage = Stage::sized(width, height);
    stage.press("f2 a a a k t k t 3 s");
    stage.press("X");
    stage
}

#[test]
fn what_is_not_there_says_what_will_fill_it() {
    let mut stage = Stage::with(options(), company(noon(), 0), (80, 24));
    assert_snapshot!("empty_80x24", stage.press("X").text());
    assert!(stage.press("d").text().contains("Verdicts on such leads come here."));

    let mut stage = Stage::new();
    stage.hold = true;
    assert_snapshot!("loading_80x24", stage.press("X").text());

    let broken = State { fault: Some("the database is locked".into()), ..company(noon(), 60) };
    assert_snapshot!("error_80x24", Stage::with(options(), broken, (80, 24)).press("X").text());

    let mut stage = Stage::new();
    stage.press("X");
    stage.fake.state().fault = Some("the database is locked".into());
    stage.send(Msg::Changed);
    let text = stage.text();
    assert!(
        text.contains("What is shown is old: the database is locked") && text.contains("legacy \\ model"),
        "{text}"
    );

    let many = State { complete: false, ..company(noon(), 60) };
    let text = Stage::with(options(), many, (80, 24)).press("X").text();
    assert!(text.contains("with most at stake"), "a look that saw not all says so: {text}");
}

#[test]
fn the_numbers_add_up_in_every_direction() {
    let mut stage = Stage::new();
    stage.press("X");
    let found = stage.model.board.found.data.as_ref().unwrap();
    let all = found.all.rows.len() as u64;
    assert!(all > 30 && found.total.leads == all);
    let sums = [
        found.matrix.legacy.iter().map(|one| one.tally.leads).sum::<u64>(),
        found.matrix.model.iter().map(|one| one.tally.leads).sum(),
        found.matrix.cells.iter().map(|one| one.tally.leads).sum(),
        found.causes.iter().map(|one| one.tally.leads).sum(),
        found.all.clusters().iter().map(|one| one.tally.leads).sum(),
    ];
    assert_eq!(sums, [all; 5]);
    assert!(found.causes.len() > 1, "{:?}", found.causes);
    assert!(found.all.rows.iter().all(|one| one.legacy != one.model));
}

#[test]
fn a_cell_opens_the_leads_of_its_owners_and_a_cause_those_of_the_cause() {
    let mut stage = Stage::new();
    stage.press("X");
    let found = stage.model.board.found.data.clone().unwrap();
    let cell = found.matrix.cells[0].clone();
    assert_eq!((stage.model.board.row, stage.model.board.column), (cell.row, cell.column), "where most leads are");
    stage.press(
        "home left left left left left left left left left left left left left left left left left left left left",
    );
    assert_eq!((stage.model.board.row, stage.model.board.column), (0, 0));
    for _ in 0..cell.row {
        stage.press("down");
    }
    for _ in 0..cell.column {
        stage.press("right");
    }
    assert!(stage.text().contains(&format!("{} → {}: ", cell.legacy, cell.model)), "{}", stage.text());
    stage.press("enter");
    assert_eq!(stage.model.board.leads().count() as u64, cell.tally.leads);
    stage.press("esc tab enter");
    let cause = found.causes[0].clone();
    assert_eq!(stage.model.board.leads().count() as u64, cause.tally.leads);
    assert!(stage.model.board.leads().all(|one| one.cause == cause.cause));
    // One key narrows to the pair under the cursor, and widens again.
    let pair = stage.model.board.lead().map(|one| (one.legacy.clone(), one.model.clone())).unwrap();
    stage.press("tab");
    assert!(
        stage
            .model
            .board
            .leads()
            .all(|one| one.cause == cause.cause && (one.legacy.clone(), one.model.clone()) == pair)
    );
    stage.press("tab");
    assert_eq!(stage.model.board.leads().count() as u64, cause.tally.leads);
    stage.press("esc esc");
    assert_eq!(stage.model.screen, Screen::Queue);
}

#[test]
fn a_group_is_judged_only_after_three_of_its_leads_were_looked_at() {
    let mut stage = group();
    for opened in 0..3 {
        stage.press("A");
        assert_eq!(stage.status(), format!("First open 3 leads of the group ({opened} of 3 opened)."));
        stage.press("k");
        assert!(stage.model.overlays.is_empty() && stage.fake.state().requests.is_empty());
        look_at(&mut stage, 1);
    }
    stage.press("A");
    assert!(matches!(stage.model.overlays.last(), Some(Overlay::Batch(_))), "{}", stage.text());
    // The same lead three times is one example.
    let mut stage = group();
    for _ in 0..3 {
        stage.press("enter esc");
    }
    assert_eq!(stage.model.board.examples(), (1, 3));
}

#[test]
fn of_a_small_group_all_are_looked_at() {
    let mut stage = Stage::new();
    stage.press("X");
    let matrix = stage.model.board.found.data.as_ref().unwrap().matrix.clone();
    let cell = matrix.cells.iter().find(|cell| cell.tally.leads == 1).expect("a pair with one lead");
    (stage.model.board.row, stage.model.board.column) = (cell.row, cell.column);
    stage.press("enter A");
    assert_eq!(stage.status(), "First open 1 lead of the group (0 of 1 opened).");
    stage.press("enter esc A");
    assert!(matches!(stage.model.overlays.last(), Some(Overlay::Batch(_))));
}

#[test]
fn one_verdict_approves_the_whole_group_and_is_taken_back_as_one() {
    let mut stage = group();
    let leads: Vec<_> = stage.model.board.leads().map(|one| one.lead.clone()).collect();
    look_at(&mut stage, 3);
    stage.press("A");
    let text = stage.text();
    assert!(text.contains(&format!("Approve {} leads of this group?", leads.len())), "{text}");
    assert!(text.contains("goes to"), "who gets how many: {text}");
    assert!(stage.fake.state().requests.is_empty(), "nothing before Enter");
    all(&mut stage);
    let decided: Vec<_> = stage.fake.state().requests.iter().map(|one| one.lead.clone()).collect();
    assert_eq!(decided, leads);
    assert!(stage.fake.state().requests.iter().all(|one| one.verdict == Verdict::Approve && one.shown.is_some()));
    assert!(stage.text().contains("No lead is in this group any more."), "{}", stage.text());
    stage.press("u");
    assert!(stage.status().contains(&format!("{} leads taken back", leads.len())), "{}", stage.status());
    assert_eq!(stage.model.board.leads().count(), leads.len(), "they are in the group again");
    stage.press("U");
    assert!(stage.status().contains("given again"), "{}", stage.status());
}

#[test]
fn keeping_the_legacy_owners_of_a_group_needs_a_reason() {
    let mut stage = group();
    let leads = stage.model.board.leads().count();
    look_at(&mut stage, 3);
    stage.press("k");
    assert!(stage.text().contains("Why not the recommendation?"), "{}", stage.text());
    stage.press("esc");
    assert!(stage.fake.state().requests.is_empty());
    stage.press("k r");
    let text = stage.text();
    assert!(text.contains(&format!("Keep the legacy owner of {leads} leads? Reason: Relationship")), "{text}");
    let owners: u32 = match stage.model.overlays.last() {
        Some(Overlay::Batch(preview)) => {
            let plan = preview.plan.as_ref().unwrap().as_ref().unwrap();
            let legacy: Vec<_> = stage.model.board.leads().map(|one| one.legacy.clone()).collect();
            assert!(plan.owners.iter().all(|share| legacy.contains(&share.owner)), "by legacy owner: {plan:?}");
            plan.owners.iter().map(|share| share.leads).sum()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(owners as usize, leads);
    all(&mut stage);
    let requests = stage.fake.state().requests.clone();
    assert_eq!(requests.len(), leads);
    for request in &requests {
        assert_eq!(request.verdict, Verdict::KeepLegacy);
        assert_eq!(request.rejection.as_ref().map(|why| why.code), Some(ReasonCode::R.into()));
    }
    assert!(stage.status().contains("kept with the legacy owner"), "{}", stage.status());
    stage.press("u");
    assert!(stage.status().contains("taken back"), "{}", stage.status());
}

#[test]
fn other_as_a_reason_for_a_group_needs_a_note_that_goes_with_all_of_it() {
    let mut stage = group();
    look_at(&mut stage, 3);
    stage.press("k o enter");
    assert!(stage.status().contains("needs a note"), "{}", stage.status());
    stage.write("new rules from Monday on").press("enter");
    all(&mut stage);
    let requests = stage.fake.state().requests.clone();
    assert!(requests.len() > 3);
    let note = |one: &crate::tui::backend::VerdictRequest| one.rejection.clone().unwrap().note.unwrap();
    assert!(requests.iter().all(|one| note(one) == "new rules from Monday on"));
}

#[test]
fn nobody_judges_a_group_in_passing() {
    let read_only = Options { read_only: true, ..options() };
    let mut stage = Stage::with(read_only, company(noon(), 60), (80, 24));
    stage.press("X tab enter");
    look_at(&mut stage, 3);
    for keys in ["A", "k"] {
        stage.press(keys);
        assert!(stage.model.overlays.is_empty() && stage.status().starts_with("Read-only"), "{}", stage.status());
    }
    let mut stage = decided(80, 24);
    stage.press("d tab enter");
    assert!(stage.model.board.leads().count() > 0);
    stage.press("A");
    assert_eq!(stage.status(), "These are decided already.");
}

#[test]
fn decided_ones_are_shown_with_what_the_manager_said() {
    let mut stage = decided(120, 40);
    assert_eq!(stage.model.board.which, Which::Open);
    stage.press("d");
    assert_eq!(stage.model.board.which, Which::Decided { days: 30 });
    let total = stage.model.board.found.data.as_ref().unwrap().total;
    assert_eq!((total.leads, total.approved, total.kept, total.other), (6, 3, 2, 1));
    assert!(stage.text().contains("3 approved, 2 kept, 1 otherwise"), "{}", stage.text());
    assert_eq!(stage.press("d").model.board.which, Which::Open);
}

#[test]
fn from_a_lead_one_key_leads_to_those_of_the_same_cause() {
    let mut stage = Stage::new();
    stage.press("f2 down enter");
    let lead = stage.model.focus.id().cloned();
    stage.press("g");
    assert_eq!(stage.model.screen, Screen::Disagreements);
    assert_eq!(stage.model.board.lead().map(|one| &one.lead), lead.as_ref(), "the cursor is on it");
    let cause = stage.model.board.lead().unwrap().cause;
    assert!(stage.model.board.leads().all(|one| one.cause == cause));
    assert_eq!(stage.model.board.examples(), (1, 3), "it was looked at");
    // Where both agree there is nothing to group.
    stage.press("esc esc f1 g");
    assert_eq!(stage.model.screen, Screen::Queue);
    assert!(stage.status().contains("chose the same owner"), "{}", stage.status());
}

#[test]
fn the_cursor_stays_on_its_lead_whatever_is_decided_elsewhere() {
    let mut stage = group();
    stage.press("down down");
    let (first, here) = {
        let leads: Vec<_> = stage.model.board.leads().map(|one| one.lead.clone()).collect();
        (leads[0].clone(), leads[2].clone())
    };
    stage.fake.state().leads.remove(&first);
    stage.send(Msg::Changed);
    assert_eq!(stage.model.board.lead().map(|one| one.lead.clone()), Some(here.clone()));
    stage.fake.state().leads.remove(&here);
    stage.send(Msg::Changed);
    assert!(stage.model.board.lead().is_some(), "the next one");
    stage.fake.state().leads.clear();
    stage.send(Msg::Changed);
    assert!(stage.text().contains("No lead is in this group any more."), "{}", stage.text());
}

#[test]
fn an_explanation_shows_every_reason_down_to_the_sum() {
    let mut stage = Stage::sized(120, 40);
    stage.press("f2 x");
    let comparison = stage.model.focus.detail().unwrap().ranking.clone().unwrap().comparison.unwrap();
    let text = stage.text();
    for contrast in &comparison.contrasts {
        assert!(text.contains(&format!("{:>+6.2} {}", contrast.weight, contrast.label)), "{}: {text}", contrast.label);
    }
    let sum: f64 = comparison.contrasts.iter().map(|one| one.weight).sum();
    assert!((sum - comparison.gap).abs() < 1e-9);
    assert!(text.contains(&format!("{:>+6.2} the gap", comparison.gap)), "{text}");
    assert!(stage.press("esc f1 x").text().contains("there is nothing to explain"), "{}", stage.text());
}

#[test]
fn on_a_small_screen_an_explanation_is_scrolled_to_its_end() {
    let mut stage = Stage::sized(80, 15);
    stage.press("f2 x");
    assert!(!stage.text().contains("the gap, before calibration"));
    stage.press("pagedown pagedown pagedown");
    assert!(stage.text().contains("the gap, before calibration"), "{}", stage.text());
}

#[test]
fn what_if_ranks_anew_and_decides_nothing() {
    let mut stage = Stage::new();
    stage.press("f2 W").write("source=Webinar").press("enter");
    let text = stage.text();
    assert!(text.contains("Nothing is written.") && text.contains("If source is Webinar:"), "{text}");
    assert!(text.contains("It would go to"), "another one gets it: {text}");
    assert!(stage.fake.state().requests.is_empty());
    stage.press("home ctrl-k").write("absent=nobody").press("enter");
    assert!(stage.text().contains("no rep is called \"nobody\""), "{}", stage.text());
    stage.press("home ctrl-k enter");
    assert!(stage.text().contains("Type what is otherwise"), "{}", stage.text());
    stage.press("home ctrl-k").write("coun").press("tab").write("DE").press("enter");
    assert!(stage.text().contains("If country is DE:"), "tab finishes names: {}", stage.text());
}

#[test]
fn the_answer_to_an_older_supposition_is_not_shown() {
    let mut stage = Stage::new();
    stage.press("f2 W").write("source=A");
    stage.hold = true;
    stage.press("enter").write("B").press("enter");
    let asked: Vec<_> = std::mem::take(&mut stage.held);
    let [Effect::Suppose(old, lead, suppose), Effect::Suppose(new, ..)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_ne!(old, new);
    let answer = |stage: &Stage| {
        use futures::FutureExt;
        let fake = stage.fake.clone();
        crate::tui::backend::Backend::what_if(fake.as_ref(), lead, suppose).now_or_never().unwrap().map(Box::new)
    };
    let late = answer(&stage);
    stage.send(Msg::Supposed(*old, late));
    assert!(stage.text().contains("ranking ..."), "{}", stage.text());
    stage.send(Msg::Supposed(*new, Err(BackendError("there is no champion".into()))));
    assert!(stage.text().contains("there is no champion"), "{}", stage.text());
}

#[test]
fn each_cause_is_told_in_words_on_its_lead() {
    use crate::domain::pool::Exclusion;
    use crate::domain::recommendation::RouteReason;
    use crate::tui::backend::LeadDetail;

    let told = |change: &dyn Fn(&mut LeadDetail)| {
        let mut stage = Stage::sized(120, 40);
        stage.press("f2");
        let id = stage.model.focus.id().cloned().unwrap();
        if let Some((_, detail)) = stage.fake.state().leads.get_mut(&id) {
            change(detail);
        }
        stage.send(Msg::Changed).press("x").text()
    };
    let exclude = |detail: &mut LeadDetail, why: Exclusion| {
        let legacy = detail.record.legacy.owner.rep().cloned().unwrap();
        let pool = &mut detail.ranking.as_mut().unwrap().pool;
        pool.eligible.retain(|rep| *rep != legacy);
        pool.excluded.push((legacy, why));
    };
    let away = told(&|detail| exclude(detail, Exclusion::Holiday { name: "New Year".into(), opens: None }));
    assert!(away.contains("legacy: away") && away.contains("may not get it: on holiday (New Year)."), "{away}");
    let full = told(&|detail| exclude(detail, Exclusion::NoRoom { why: "has 5 of 5 leads today".into() }));
    assert!(full.contains("legacy: no room") && full.contains("has 5 of 5 leads today"), "{full}");
    let few = told(&|detail| {
        for rep in &mut detail.ranking.as_mut().unwrap().reps {
            rep.interval = crate::domain::ranking::Interval { low: 0.0, high: 1.0 };
            rep.support.similar_deals = 3;
        }
    });
    assert!(
        few.contains("Not enough evidence: their ranges overlap") && few.contains("3 closed deals like this"),
        "{few}"
    );
    let uncleared = told(&|detail| {
        let given = detail.recommendation.as_mut().unwrap();
        (given.reason, given.gap) = (RouteReason::ModelUncleared, None);
    });
    assert!(
        uncleared.contains("model not cleared") && uncleared.contains("What is at stake cannot be told"),
        "{uncleared}"
    );
    let unranked = told(&|detail| detail.ranking = None);
    assert!(unranked.contains("not stored") && unranked.contains("The two cannot be compared"), "{unranked}");
    let none = told(&|detail| detail.recommendation = None);
    assert!(none.contains("Nothing is recommended for this lead yet."), "{none}");
}

#[test]
fn on_a_small_screen_the_part_with_the_cursor_gets_the_room() {
    use crate::domain::recommendation::RouteReason::{
        AccountOwner, EmptyPool, HighValue, LowMargin, PartnerRoute, RoundRobinUnsupported, StrategicRule,
    };
    let mut state = company(noon(), 60);
    let many = [AccountOwner, EmptyPool, HighValue, LowMargin, PartnerRoute, RoundRobinUnsupported, StrategicRule];
    let given = state.leads.values_mut().filter_map(|(_, detail)| detail.recommendation.as_mut());
    given.zip(many.iter().cycle()).take(28).for_each(|(given, reason)| given.reason = *reason);
    let mut stage = Stage::with(options(), state, (80, 24));
    stage.press("X");
    // Lines of the owners, and of the causes below them.
    let lines = |stage: &Stage| {
        let text = stage.text();
        let below = |head: &str| {
            text.lines().skip_while(|line| !line.contains(head)).take_while(|line| !line.trim().is_empty()).count()
        };
        (below("legacy \\ model"), below("cause  "))
    };
    let (owners, causes) = lines(&stage);
    stage.press("tab");
    let (fewer, more) = lines(&stage);
    assert!(owners > fewer && more > causes, "{owners} and {causes}, then {fewer} and {more}: {}", stage.text());
}
