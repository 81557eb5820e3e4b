//! Why this rep, why not another, and what to say: from what was stored, whatever is in force today.

use leadboard::app::explain::{self, Answer, Lift, Since, WhyNot};
use leadboard::domain::ranking::Factor;

use super::*;

/// Prefers `best`, and gives reasons.
struct Tells;

impl Scorer for Tells {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let support = Support { deals: 40, wins: 12, similar_deals: 9, similar_wins: 4 };
        Prefers.score(facts, reps).into_iter().map(|score| RepScore { support, ..score }).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        let factor =
            |feature: &str, label: &str, weight| Factor { feature: feature.into(), label: label.into(), weight };
        let factors = vec![
            factor("rep", "this rep's win rate", 0.4),
            factor("pair.industry", "Technology x this rep", 0.31),
            factor("lead.annual_revenue", "annual revenue not known", -0.2),
            factor("lead.source", "source Cold list", -0.1),
            factor("lead.country", "country Chile", -0.001),
        ];
        Explanation { base: 0.0, factors }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "industry Technology".into()
    }
}

async fn explained(store: &dyn Store, name: &str, asked: &str, seconds: i64) -> explain::Explanation {
    let detail = store.lead_detail(&id(name)).await.unwrap().unwrap();
    let roster = store.roster().await.unwrap();
    explain::explain(&detail, Some(&RepId::new(asked)), &roster, at(seconds)).unwrap()
}

fn words(answer: &Answer) -> Vec<&str> {
    let why = answer.why_not.iter().map(|why| why.words.as_str());
    why.chain(answer.smallest_change.iter().map(|lift| lift.words.as_str())).collect()
}

pub(super) async fn why_not_is_told_as_it_was(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.file.says("[fairness]\nahead_at_most = 50");
    office.publish(1).await.unwrap();
    office.lead("L1", "Siemens", 2).await;
    let told = explained(store, "L1", "best", 3).await;
    assert!(
        told.why.starts_with("Bea Best has 50.0 %") && told.why.contains("+20.0 points") && told.since.is_empty(),
        "{told:?}"
    );
    let legacy = told.legacy.unwrap();
    assert_eq!(
        words(&legacy),
        [
            "The model ranks Leo Legacy number 2, with 30.0 %; Bea Best has 50.0 %.",
            "Leo Legacy would have to reach 50.0 % instead of 30.0 %."
        ]
    );
    assert!(matches!(legacy.smallest_change[0].what, Lift::Probability { from: Some(_), .. }));
    // Who gets it is asked about as well.
    let asked = told.asked.unwrap();
    assert_eq!((asked.why_not[0].what.clone(), asked.smallest_change.len()), (WhyNot::Given, 0));
    let unheard_of = explained(store, "L1", "nobody", 3).await.asked.unwrap();
    assert_eq!(unheard_of.why_not[0].what, WhyNot::Unknown);

    // Afterwards Leo leaves, and other rules come into force: a lead that is decided by then is explained as it was decided,
    // and what is otherwise today is said.
    office.approve("L1", 4).await.unwrap();
    let mut later = roster();
    later.reps[1].active = false;
    store.save_roster(&later, at(5)).await.unwrap();
    office.file.says("[fairness]\nahead_at_most = 40");
    office.publish(6).await.unwrap();
    let told = explained(store, "L1", "legacy", 7).await;
    let asked = told.asked.unwrap();
    assert_eq!(words(&asked), words(&legacy));
    assert_eq!(asked.since.iter().map(|since| &since.what).collect::<Vec<_>>(), [&Since::Inactive]);
    assert!(
        matches!(told.since.as_slice(), [since] if matches!(since.what, Since::OtherRules { .. })),
        "{:?}",
        told.since
    );
    let json = serde_json::to_value(&told.legacy).unwrap();
    assert_eq!((&json["since"][0]["code"], &json["why_not"][0]["code"]), (&"inactive".into(), &"ranked".into()));
    assert_eq!(json["since"][0]["words"], "Leo Legacy is inactive today.");

    // A lead that still waits is ranked again by the new rules, and then nothing is otherwise.
    office.lead("L2", "Siemens", 8).await;
    let told = explained(store, "L2", "legacy", 9).await;
    assert!(told.since.is_empty() && told.asked.as_ref().unwrap().since.is_empty(), "{told:?}");
    assert!(words(&told.asked.unwrap())[0].contains("Leo Legacy is not eligible: inactive"), "the rules of today");
    office.file.says("[fairness]\nahead_at_most = 30");
    office.publish(10).await.unwrap();
    let told = explained(store, "L2", "legacy", 11).await;
    let codes: Vec<_> = told.since.into_iter().map(|since| since.what).collect();
    assert!(matches!(codes.as_slice(), [Since::OtherRules { .. }, Since::BeingRanked]), "{codes:?}");
}

pub(super) async fn the_rep_is_told_what_to_say(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.publish(1).await.unwrap();
    office.lead_by(&Tells, "L1", "Acme", 2).await;
    let track = explained(store, "L1", "legacy", 3).await.talk_track.unwrap();
    assert_eq!(track.name, "Bea Best");
    let points: Vec<String> = track.points.iter().map(explain::Point::line).collect();
    assert_eq!(
        points,
        [
            "+ you win more of your leads than others",
            "+ you do well with Technology",
            "- annual revenue not known: won less often",
            "- source Cold list: won less often"
        ]
    );
    assert_eq!(
        track.deals,
        ["You won 4 of 9 closed deals in industry Technology.", "You won 12 of 40 closed deals in all."]
    );
    assert_eq!(
        track.ask_first,
        [
            "Ask for the annual revenue: the lead does not tell it.",
            "Talk early about what speaks against the deal: source Cold list."
        ]
    );
    // The rep reads it in the task.
    office.approve("L1", 4).await.unwrap();
    let due = at(4) + Settings::default().grace;
    let [effect] = store.claim_effects("w", 9, due + Duration::hours(1), due).await.unwrap().try_into().unwrap();
    let task = effect.write.task.unwrap().description;
    assert!(task.contains("+ you do well with Technology") && task.contains("You won 4 of 9 closed deals"), "{task}");
    // Of a rep about whom no reasons are stored, only counts are told; of one who was not ranked, nothing.
    office.lead("L2", "Acme", 5).await;
    let track = explained(store, "L2", "legacy", 6).await.talk_track.unwrap();
    assert_eq!((track.points.len(), track.ask_first.len()), (0, 0));
    assert_eq!(track.deals, ["No closed deal of yours in all is known."]);
    office.lead_by(&Fails, "L3", "Acme", 7).await;
    let word = Verdict::Override { rep: RepId::new("best") };
    let reason = Some(Rejection { code: ReasonCode::K.into(), note: None });
    office.say("L3", word, reason, 8).await.unwrap();
    assert_eq!(explained(store, "L3", "legacy", 9).await.talk_track, None);
}
