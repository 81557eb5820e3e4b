//! leadboard's own Salesforce adapter on the demo org. The two share no code, so each is a check of how the other reads
//! the documentation.

use std::collections::BTreeSet;
use std::sync::Arc;

use leadboard::app::ports::{Clock, Crm, Cursor, WriteOutcome};
use leadboard::crm::salesforce::Salesforce;
use leadboard::demo_org::DemoOrgConfig;
use leadboard::domain::deal::Outcome;
use leadboard::domain::effect::{DecisionWrite, Rung, SourceWrite, TaskWrite};
use leadboard::domain::ids::{DecisionKey, QueueId, RepId, TraceId};
use leadboard::domain::lead::{Lead, Owner};
use reqwest::Method;
use serde_json::json;

use super::key;
use super::support::{Bench, small};

pub(crate) fn adapter(bench: &Bench, config: &str) -> Salesforce {
    let section = toml::from_str::<toml::Table>(config).unwrap().remove("salesforce").unwrap();
    let config = section.try_into().unwrap();
    Salesforce::new(&config, Arc::clone(&bench.clock) as Arc<dyn Clock>).unwrap()
}

async fn start() -> (Bench, Salesforce) {
    let bench = Bench::start(small()).await;
    let crm = adapter(&bench, &bench.org.leadboard_config());
    (bench, crm)
}

/// Polls until nothing more is waiting.
pub(super) async fn changed(crm: &Salesforce, cursor: &Cursor) -> Vec<Lead> {
    let changes = crm.changed_leads(cursor).await.unwrap();
    assert!(!changes.more);
    changes.leads.into_iter().map(|raw| raw.lead).collect()
}

pub(crate) fn write(lead: &Lead, owner: Owner, key: &str) -> DecisionWrite {
    let task = owner.rep().map(|_| TaskWrite {
        subject: "Contact the lead".into(),
        description: "Because.".into(),
        due_at: lead.modified_at,
    });
    DecisionWrite {
        key: DecisionKey::new(key),
        trace_id: TraceId::new(uuid::Uuid::from_u128(7)),
        lead_id: lead.id.clone(),
        expected_owner: lead.owner.clone(),
        expected_modified_at: lead.modified_at,
        owner,
        ai_assigned: true,
        reason: "Best of the pool".into(),
        reason_code: "model".into(),
        verdict: "approve".into(),
        p_win: Some(0.4321),
        legacy_owner: lead.owner.clone(),
        model: "m-1".into(),
        decided_by: "Manager".into(),
        decided_at: lead.modified_at,
        task,
        source: None,
        urgent: false,
        rung: Rung::Whole,
        return_reason: None,
    }
}

#[tokio::test]
async fn the_adapter_reads_the_org() {
    let (bench, crm) = start().await;
    let roster = crm.roster().await.unwrap();
    assert_eq!(roster.reps.iter().filter(|rep| rep.active).count(), 60);
    assert_eq!(roster.reps.len(), 64, "the technical users are no reps");
    assert!(roster.queue_by_key("Leadboard_Manager").is_some());
    assert!(roster.reps.iter().all(|rep| rep.territory.is_some() && rep.user_name.is_some() && rep.email.is_some()));

    let (mut page, mut deals) = (None, Vec::new());
    loop {
        let next = crm.closed_deals(page.as_deref()).await.unwrap();
        assert!(next.rejected.is_empty(), "{:?}", next.rejected);
        deals.extend(next.deals);
        page = next.next;
        if page.is_none() {
            break;
        }
    }
    let ids: BTreeSet<_> = deals.iter().map(|deal| &deal.lead_id).collect();
    assert_eq!((deals.len(), ids.len()), (300, 300));
    assert!(deals.iter().any(|deal| deal.outcome == Outcome::Won));
    assert!(deals.iter().all(|deal| deal.closed_at >= deal.facts.created_at && deal.closed_at < bench.clock.now()));

    let cursor = crm.changed_leads(&Cursor::default()).await.unwrap().next;
    let arrived = bench.arrivals(3).await;
    let leads = changed(&crm, &cursor).await;
    assert_eq!(leads.iter().map(|lead| lead.id.as_str()).collect::<Vec<_>>(), arrived);
    assert!(leads.iter().all(|lead| lead.facts.amount.is_some() && lead.facts.territory.is_some() && !lead.converted));
    assert!(leads.iter().all(|lead| lead.form.website.is_some() && lead.form.language.is_none()));
    assert!(leads.iter().any(|lead| lead.form.text.as_ref().is_some_and(|text| text.contains('\n'))));
    assert!(crm.usage().used > 0 && crm.usage().limit == 160_000);
}

#[tokio::test]
async fn the_adapter_writes_once_and_gives_way_to_people() {
    let (bench, crm) = start().await;
    let cursor = crm.changed_leads(&Cursor::default()).await.unwrap().next;
    let ids = bench.arrivals(3).await;
    let leads = changed(&crm, &cursor).await;
    let rep = Owner::Rep(RepId::new(bench.other_rep(&ids[0]).await));
    bench.clock.advance(5);
    let first = write(&leads[0], rep.clone(), "aa01");
    let outcome = crm.apply(&first).await.unwrap();
    assert!(matches!(&outcome, WriteOutcome::Applied { owner_after, .. } if *owner_after == rep), "{outcome:?}");
    assert_eq!(crm.apply(&first).await.unwrap(), WriteOutcome::AlreadyApplied);

    let person = bench.other_rep(&ids[1]).await;
    bench.admin(Method::POST, "/owner", Some(&json!({ "lead": ids[1], "owner": person }))).await;
    let outcome = crm.apply(&write(&leads[1], rep.clone(), "aa02")).await.unwrap();
    assert!(matches!(outcome, WriteOutcome::Superseded { .. }), "{outcome:?}");

    let inactive = bench.rows("SELECT Id FROM User WHERE IsActive = false LIMIT 1").await;
    let inactive = Owner::Rep(RepId::new(inactive[0]["Id"].as_str().unwrap()));
    let outcome = crm.apply(&write(&leads[2], inactive, "aa03")).await.unwrap();
    assert!(matches!(outcome, WriteOutcome::BadAssignee { .. }), "{outcome:?}");
    let queue = bench.rows("SELECT Id FROM Group WHERE DeveloperName = 'Leadboard_Manager'").await;
    let queue = Owner::Queue(QueueId::new(queue[0]["Id"].as_str().unwrap()));
    let outcome = crm.apply(&write(&leads[2], queue.clone(), "aa04")).await.unwrap();
    assert!(matches!(&outcome, WriteOutcome::Applied { owner_after, .. } if *owner_after == queue), "{outcome:?}");

    let by_cause: Vec<_> = bench.effects("owner_changed").await.iter().map(|e| e["cause"].clone()).collect();
    assert_eq!(by_cause, [json!("api"), json!("person"), json!("api")], "the rule never woke");
    assert_eq!(bench.effects("decision_recorded").await.len(), 2);
    assert_eq!(bench.effects("task_created").await.len(), 1);
}

#[tokio::test]
async fn the_adapter_sees_how_deals_end() {
    let bench = Bench::start(DemoOrgConfig { outcome_speed: Some(1e9), ..small() }).await;
    let crm = adapter(&bench, &bench.org.leadboard_config());
    let leads = crm.changed_leads(&Cursor::default()).await.unwrap().next;
    let (_, cursor) = crm.outcomes(&Cursor::default()).await.unwrap();
    let id = bench.arrival().await;
    let lead = changed(&crm, &leads).await.remove(0);
    let rep = Owner::Rep(RepId::new(bench.other_rep(&id).await));
    crm.apply(&write(&lead, rep, "bb01")).await.unwrap();
    bench.clock.advance(60);
    bench.org.set_paused(false);
    for _ in 0..400 {
        if bench.field("Lead", &id, "IsConverted").await == true {
            let (outcomes, _) = crm.outcomes(&cursor).await.unwrap();
            let outcome = outcomes.iter().find(|outcome| outcome.lead_id.as_str() == id).unwrap();
            assert!(outcome.outcome.is_some() && outcome.amount.is_some());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the deal never ended");
}

#[tokio::test]
async fn the_adapter_logs_in_with_a_key() {
    let config = DemoOrgConfig { jwt_public_key: Some(key::public_pem()), ..small() };
    let bench = Bench::start(config).await;
    let dir = tempfile::tempdir().unwrap();
    let private_key = dir.path().join("key.pem");
    std::fs::write(&private_key, key::private_pem()).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&private_key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let log_in = async |username: &str| {
        let section = toml::Table::from_iter([
            ("login_url".to_owned(), toml::Value::from(bench.org.url())),
            ("auth".to_owned(), "jwt".into()),
            ("client_id".to_owned(), bench.org.credentials().client_id.as_str().into()),
            ("username".to_owned(), username.into()),
            ("private_key_file".to_owned(), private_key.to_str().unwrap().into()),
        ]);
        let config = toml::Table::from_iter([("salesforce".to_owned(), section.into())]).to_string();
        adapter(&bench, &config).org().await
    };
    assert_eq!(log_in(bench.org.username()).await.unwrap().instance_url.trim_end_matches('/'), bench.org.url());
    assert!(log_in("somebody@example.com").await.is_err());
}

#[tokio::test]
async fn a_lead_source_is_set_with_the_decision_unless_somebody_chose_another() {
    let (bench, crm) = start().await;
    let cursor = crm.changed_leads(&Cursor::default()).await.unwrap().next;
    let ids = bench.arrivals(3).await;
    let none = bench.update("Lead", &ids[2], &json!({ "LeadSource": null })).await;
    assert!(none.status < 300, "{none:?}");
    let leads = changed(&crm, &cursor).await;
    bench.clock.advance(5);
    // Meanwhile somebody says where the second came from. They keep their word, and the rest is written all the same.
    let theirs = bench.update("Lead", &ids[1], &json!({ "LeadSource": "Webinar" })).await;
    assert!(theirs.status < 300, "{theirs:?}");
    for (id, after) in ids.iter().zip(["Partner", "Webinar", "Partner"]) {
        let lead = leads.iter().find(|lead| lead.id.as_str() == id).unwrap();
        assert!(lead.facts.source.as_deref() != Some("Partner"), "the test relies on another source: {lead:?}");
        let rep = Owner::Rep(RepId::new(bench.other_rep(id).await));
        let set = SourceWrite { from: lead.facts.source.clone(), to: Some("Partner".into()) };
        let write = DecisionWrite { source: Some(set), ..write(lead, rep.clone(), &format!("k{id}")) };
        let outcome = crm.apply(&write).await.unwrap();
        let WriteOutcome::Applied { owner_after, source, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!((owner_after, source.as_deref()), (rep, Some(after)));
        assert_eq!(bench.field("Lead", id, "LeadSource").await, json!(after));
        // Once is enough, and nothing is doubled by asking again.
        assert_eq!(crm.apply(&write).await.unwrap(), WriteOutcome::AlreadyApplied);
    }
    assert_eq!(bench.effects("task_created").await.len(), 3);
}
