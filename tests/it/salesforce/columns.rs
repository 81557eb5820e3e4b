//! The adapter against objects as wide as orgs have them: hundreds of fields, most of them custom and empty. The org
//! knows the fields of a corpus alone, and answers with all of them, whatever it was asked for.
//!
//! A small corpus is part of the tests; `LEADBOARD_SCHEMA_CORPUS` names the directory of another one
//! (`corpus.rs` says in which form).

mod corpus;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use corpus::{Corpus, Object};
use leadboard::app::doctor::{Doctor, Finding, Questions, State};
use leadboard::app::ports::{Crm, CrmError, Cursor};
use leadboard::config::salesforce::{Fields, Salesforce as Config};
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::lead::Lead;
use leadboard::history::{BadRows, CsvInput, Mapping, import};
use serde_json::{Map, Value, json};

use super::org::{Org, Reply, Seen};
use super::{at, salesforce_with};

/// The longest that the address of a call and its headers may be together, in bytes.
const ADDRESS: usize = 16_384;
/// Fields that are read of every lead and stand for no fact.
const NO_FACT: [&str; 9] = [
    "Id",
    "Name",
    "Company",
    "OwnerId",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
    "IsConverted",
    "IsDeleted",
];
/// Standard fields of every org that not every tool replicates.
const NOT_REPLICATED: [&str; 2] = ["SystemModstamp", "IsAllDayEvent"];
/// Fields of Lead that leadboard brings along.
const OURS: [&str; 3] = ["AI_Assigned__c", "AI_Routing_Reason__c", "AI_Win_Probability__c"];

#[tokio::test]
async fn the_columns_of_an_org_decode() {
    decodes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/columns")).await;
}

#[tokio::test]
async fn the_columns_of_a_corpus_decode() {
    #[expect(clippy::disallowed_methods, reason = "where the corpus is, is told to the tests and not to the program")]
    let Some(dir) = std::env::var_os("LEADBOARD_SCHEMA_CORPUS") else {
        // Past the test harness, which shows nothing of a test that passes.
        let told = b"SKIPPED: LEADBOARD_SCHEMA_CORPUS names no directory of column sets\n";
        std::io::stderr().write_all(told).unwrap();
        return;
    };
    decodes(Path::new(&dir)).await;
}

#[expect(clippy::print_stdout, reason = "what was decoded, for whoever brings a corpus")]
async fn decodes(dir: &Path) {
    let corpus = Arc::new(Corpus::read(dir));
    let (leads, facts) = leads_decode(&corpus).await;
    let (deals, contacted) = deals_decode(&corpus).await;
    let reps = reps_decode(&corpus).await;
    describes_decode(&corpus).await;
    let strangers = strangers_are_told_apart(&corpus).await;
    let imported = exports_are_imported(&corpus);
    let columns: usize = corpus.0.values().map(|object| object.fields.len()).sum();
    println!(
        "{} objects with {columns} columns (Lead has {}): {leads} leads with {facts} facts, {deals} deals of which \
         {contacted} know the first contact, {reps} reps, {strangers} rows of other objects, {imported} rows by a mapping",
        corpus.0.len(),
        corpus.of("Lead").fields.len(),
    );
}

/// An org that has these objects.
async fn org_of(corpus: &Arc<Corpus>, rows: impl Fn(&Corpus, &str, &str) -> Vec<Value> + Send + 'static) -> Org {
    let corpus = Arc::clone(corpus);
    Org::start(move |seen| answer(&corpus, seen, &rows)).await
}

fn answer(corpus: &Corpus, seen: &Seen, rows: &impl Fn(&Corpus, &str, &str) -> Vec<Value>) -> Option<Reply> {
    let parts: Vec<&str> = seen.path.split('/').collect();
    if let ["", "services", "data", _, "sobjects", name, "describe"] = parts[..] {
        return corpus.0.get(name).map(|object| Reply::Json(200, describe(object)));
    }
    let soql = seen.soql();
    let (fields, rest) = soql.strip_prefix("SELECT ")?.split_once(" FROM ")?;
    let object = rest.split(' ').next()?;
    let unknown = fields.split(", ").find(|field| !is_field(corpus, object, field));
    if let Some(field) = unknown {
        let message = format!("No such column '{field}' on entity '{object}'.");
        return Some(Reply::Json(400, json!([{"errorCode": "INVALID_FIELD", "message": message}])));
    }
    let length = seen.path.len() + seen.query.iter().map(|(k, v)| k.len() + encoded(v)).sum::<usize>();
    assert!(length + 1_000 < ADDRESS, "{length} bytes of address: {soql}");
    Some(Reply::rows(&rows(corpus, object, soql)))
}

/// Bytes of a text in an address.
fn encoded(text: &str) -> usize {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() || b" _.-*".contains(&byte) { 1 } else { 3 }).sum()
}

/// Objects that the corpus does not have are those of every org, in which nothing is wrong here.
fn is_field(corpus: &Corpus, object: &str, field: &str) -> bool {
    let (object, field) = match field.split_once('.') {
        Some((parent, field)) => (parent.trim_start_matches("Converted"), field),
        None => (object, field),
    };
    corpus.0.get(object).is_none_or(|object| object.has(field) || NOT_REPLICATED.contains(&field))
}

fn describe(object: &Object) -> Value {
    let field = |name: &String| {
        json!({"name": name, "label": name, "type": "string", "nillable": true, "createable": true, "updateable": true,
            "picklistValues": [], "referenceTo": [], "relationshipName": null, "compoundFieldName": null})
    };
    json!({"createable": true, "urls": {}, "fields": object.fields.iter().map(field).collect::<Vec<_>>()})
}

fn with_type(object: &str, row: &Map<String, Value>) -> Value {
    let mut row = row.clone();
    row.insert("attributes".into(), json!({"type": object, "url": "/services/data/v66.0/sobjects/x"}));
    row.into()
}

/// A mapping that names no fact.
fn no_facts() -> Fields {
    let none = String::new;
    Fields {
        source: none(),
        industry: none(),
        product: none(),
        territory: none(),
        country: none(),
        annual_revenue: none(),
        employees: none(),
        amount: none(),
        email: none(),
        website: none(),
        text: none(),
        language: none(),
        returned: none(),
        status: none(),
        disqualified: Vec::new(),
        numeric: BTreeMap::new(),
        categorical: BTreeMap::new(),
    }
}

/// A mapping that names every field that the object has.
fn all_facts(lead: &Object) -> Fields {
    let mut fields = no_facts();
    fields.source = "LeadSource".into();
    fields.industry = "industry".into();
    for field in lead.fields.iter().filter(|field| !NO_FACT.contains(&field.as_str())) {
        let facts = if lead.is_number(field) { &mut fields.numeric } else { &mut fields.categorical };
        facts.insert(field.to_lowercase(), field.clone());
    }
    fields
}

fn changes(config: &mut Config, fields: Fields) {
    config.fields = fields;
    config.since = Some(at("2000-01-01T00:00:00Z"));
}

async fn poll(org: &Org, fields: Fields) -> Result<Vec<(Lead, String)>, CrmError> {
    let crm = salesforce_with(org.url(), |config| changes(config, fields));
    let found = crm.changed_leads(&Cursor::default()).await?;
    Ok(found.leads.into_iter().map(|lead| (lead.lead, lead.raw)).collect())
}

/// Leads under a mapping of every column, of none, and of one that is not there; and leads that know nothing.
async fn leads_decode(corpus: &Arc<Corpus>) -> (usize, usize) {
    let lead = corpus.of("Lead");
    let org = org_of(corpus, |corpus, object, _| {
        corpus.0.get(object).map_or_else(Vec::new, |o| o.rows.iter().map(|row| with_type(object, row)).collect())
    })
    .await;
    let fields = all_facts(lead);
    let found = poll(&org, fields.clone()).await.unwrap();
    assert_eq!(found.len(), lead.rows.len());
    let mut facts = 0;
    for ((lead, raw), row) in found.iter().zip(&lead.rows) {
        assert_eq!(serde_json::from_str::<Value>(raw).unwrap(), with_type("Lead", row), "kept as it was received");
        facts += check_facts(lead, &fields, row);
    }
    for (lead, _) in poll(&org, no_facts()).await.unwrap() {
        assert!(lead.facts.numeric.is_empty() && lead.facts.categorical.is_empty() && lead.facts.source.is_none());
    }
    let missing = Fields { product: "Is_Not_There__c".into(), ..no_facts() };
    let refused = poll(&org, missing).await.unwrap_err();
    assert!(matches!(&refused, CrmError::Configuration(why) if why.contains("Is_Not_There__c")), "{refused:?}");

    let org = org_of(corpus, |corpus, _, _| {
        let bare = corpus.of("Lead").rows.iter().map(|row| {
            let keep = |(field, value): (&String, &Value)| {
                let value = if NO_FACT.contains(&field.as_str()) { value.clone() } else { Value::Null };
                (field.clone(), value)
            };
            with_type("Lead", &row.iter().map(keep).collect())
        });
        bare.collect()
    })
    .await;
    for (lead, _) in poll(&org, fields).await.unwrap() {
        assert!(lead.facts.numeric.is_empty() && lead.facts.categorical.is_empty() && lead.facts.source.is_none());
    }
    (found.len(), facts)
}

/// Each fact has what the row has, and no other; how many there are.
fn check_facts(lead: &Lead, fields: &Fields, row: &Map<String, Value>) -> usize {
    let text = |field: &String| {
        let text = match &row[field] {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let categorical: BTreeMap<String, String> =
        fields.categorical.iter().filter_map(|(fact, field)| Some((fact.clone(), text(field)?))).collect();
    let numeric: BTreeMap<String, f64> =
        fields.numeric.iter().filter_map(|(fact, field)| Some((fact.clone(), row[field].as_f64()?))).collect();
    let facts = &lead.facts;
    assert!(facts.categorical.iter().eq(&categorical), "{:?} is not {categorical:?}", facts.categorical);
    assert!(facts.numeric.iter().eq(&numeric), "{:?} is not {numeric:?}", facts.numeric);
    assert_eq!(facts.industry, text(&"Industry".to_owned()));
    categorical.len() + numeric.len()
}

/// A converted lead for each opportunity, with all columns of both, and a contact of a task or an event.
fn converted(corpus: &Corpus) -> Vec<Value> {
    let (leads, deals) = (corpus.of("Lead"), corpus.of("Opportunity"));
    let activities =
        ["Task", "Event"].iter().filter_map(|object| corpus.0.get(*object)).flat_map(|object| &object.rows);
    let contacts: Vec<&Value> = activities.map(|row| &row["WhoId"]).collect();
    let closed = deals.rows.iter().filter(|deal| deal["IsClosed"] == true).enumerate();
    closed
        .map(|(n, deal)| {
            let mut lead = leads.rows[n % leads.rows.len()].clone();
            lead["Id"] = format!("00Q{n:012}").into();
            lead["IsConverted"] = true.into();
            lead["CreatedDate"] = "2000-01-01T00:00:00.000+0000".into();
            lead["ConvertedDate"] = "2100-01-01".into();
            lead["ConvertedContactId"] = contacts[n % contacts.len()].clone();
            lead.insert("ConvertedOpportunity".into(), with_type("Opportunity", deal));
            with_type("Lead", &lead)
        })
        .collect()
}

/// Why a converted lead is no deal, if it is none. Some tools hash the ids of people.
fn why_not(lead: &Value) -> Option<&'static str> {
    let deal = &lead["ConvertedOpportunity"];
    let is_user = |record: &Value| record["OwnerId"].as_str().is_some_and(|id| id.starts_with("005"));
    if !is_user(lead) && !is_user(deal) {
        return Some("neither lead nor opportunity had an owner who is a user");
    }
    deal["CloseDate"].is_null().then_some("no CloseDate")
}

/// Closed deals, whose outcome is that of the opportunity and whose first contact is that of the contact's tasks and events.
async fn deals_decode(corpus: &Arc<Corpus>) -> (usize, usize) {
    let org = org_of(corpus, |corpus, object, _| match object {
        "Lead" => converted(corpus),
        "Task" | "Event" if corpus.0.contains_key(object) => {
            corpus.of(object).rows.iter().map(|row| with_type(object, row)).collect()
        }
        _ => Vec::new(),
    })
    .await;
    let crm = salesforce_with(org.url(), |config| changes(config, all_facts(corpus.of("Lead"))));
    let page = crm.closed_deals(None).await.unwrap();
    assert!(page.next.is_none());
    let wanted = converted(corpus);
    assert_eq!(page.deals.len() + page.rejected.len(), wanted.len());
    let rejected: Vec<&str> = page.rejected.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(rejected, wanted.iter().filter_map(why_not).collect::<Vec<_>>());
    let is_of = |row: &Map<String, Value>, who: &Value, moment: &str| row["WhoId"] == *who && row[moment].is_string();
    let done = |who: &Value| {
        let has = |object: &str, moment| {
            corpus.0.get(object).is_some_and(|object| object.rows.iter().any(|row| is_of(row, who, moment)))
        };
        has("Task", "CompletedDateTime") || has("Event", "StartDateTime")
    };
    let mut contacted = 0;
    for Deal { lead_id, outcome, closed_amount, facts, .. } in &page.deals {
        let lead = wanted.iter().find(|lead| lead_id.as_str().starts_with(lead["Id"].as_str().unwrap())).unwrap();
        let deal = &lead["ConvertedOpportunity"];
        assert_eq!(*outcome == Outcome::Won, deal["IsWon"] == true);
        assert_eq!(*closed_amount, deal["Amount"].as_f64());
        let told = facts.numeric.contains_key("response_hours");
        assert_eq!(told, done(&lead["ConvertedContactId"]), "{facts:?}");
        contacted += usize::from(told);
    }
    (page.deals.len(), contacted)
}

/// Reps under a key and a territory that are fields of the corpus.
async fn reps_decode(corpus: &Arc<Corpus>) -> usize {
    let org = org_of(corpus, |corpus, object, _| match object {
        "User" => corpus.of(object).rows.iter().map(|row| with_type(object, row)).collect(),
        _ => Vec::new(),
    })
    .await;
    let crm = salesforce_with(org.url(), |config| {
        config.rep_key = "username".into();
        config.rep_territory = "Department".into();
    });
    let reps = crm.roster().await.unwrap().reps;
    let users = &corpus.of("User").rows;
    assert_eq!(reps.len(), users.len());
    for (rep, user) in reps.iter().zip(users) {
        assert_eq!((rep.name.as_str(), rep.active), (user["Name"].as_str().unwrap(), user["IsActive"] == true));
        assert_eq!(rep.key.as_str(), user["Username"].as_str().unwrap_or(rep.id.as_str()));
        assert_eq!(rep.territory.as_deref(), user["Department"].as_str());
    }
    reps.len()
}

/// What the doctor reads of these objects: a mapping is found good where its fields are there, and only there.
async fn describes_decode(corpus: &Arc<Corpus>) {
    async fn examine(corpus: &Corpus, fields: Fields) -> Vec<Finding> {
        let org = org_of(&Arc::new(corpus.clone()), |_, _, _| Vec::new()).await;
        let crm = salesforce_with(org.url(), |config| {
            config.rep_key = "Username".into();
            config.rep_territory = "Department".into();
            changes(config, fields);
        });
        let (manager_queue, default_queue) = ("manager".into(), "default".into());
        crm.examine(&Questions { manager_queue, default_queue, probe_writes: false }).await
    }
    let lead_fields =
        |findings: &[Finding]| findings.iter().find(|finding| finding.id == "lead_fields").unwrap().clone();
    let facts = all_facts(corpus.of("Lead"));
    let found = examine(corpus, facts.clone()).await;
    assert_eq!(lead_fields(&found).seen, format!("Lead has no {}.", OURS.join(", ")), "nothing else is missing");
    let of = |id: &str| found.iter().find(|finding| finding.id == id).unwrap();
    assert_eq!(of("task").state, State::Passed, "{:?}", of("task"));
    // Without an address people are called by other names.
    let named = corpus.of("User").fields.iter().any(|field| field == "Email");
    assert_eq!(of("user_fields").state, if named { State::Passed } else { State::Warning }, "{:?}", of("user_fields"));
    let mut deployed = Corpus::clone(corpus);
    deployed.0.get_mut("Lead").unwrap().fields.extend(OURS.map(str::to_owned));
    let found = lead_fields(&examine(&deployed, facts.clone()).await);
    assert_eq!(found.state, State::Passed, "{found:?}");
    let found = lead_fields(&examine(&deployed, Fields { product: "Is_Not_There__c".into(), ..facts }).await);
    assert_eq!(found.seen, "Lead has no Is_Not_There__c, which [salesforce.fields] names.");
}

/// Rows of any other object in the place of leads are leads or not understood, and nothing worse.
async fn strangers_are_told_apart(corpus: &Arc<Corpus>) -> usize {
    let mut rows = 0;
    for (name, object) in corpus.0.iter().filter(|(name, _)| *name != "Lead") {
        for row in &object.rows {
            let row = with_type(name, row);
            let org = org_of(corpus, move |_, _, _| vec![row.clone()]).await;
            match poll(&org, all_facts(corpus.of("Lead"))).await {
                Ok(leads) => assert!(leads.len() <= 1),
                Err(error) => assert!(matches!(error, CrmError::Protocol(_)), "{name}: {error:?}"),
            }
            rows += 1;
        }
    }
    rows
}

/// The export of the opportunities under a mapping that names all of its columns.
fn exports_are_imported(corpus: &Corpus) -> usize {
    let object = corpus.of("Opportunity");
    let mut reader = csv::Reader::from_path(&object.file).unwrap();
    let roles = ["id", "created_date", "close_date", "owner_id", "is_won", "amount"];
    let others: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let others: Vec<&String> = others.iter().filter(|column| !roles.contains(&column.as_str())).collect();
    let map = format!(
        "[columns]\nlead_id = 'id'\ncreated = 'created_date'\nclosed = 'close_date'\nrep = 'owner_id'\noutcome = 'is_won'\n\
         closed_amount = 'amount'\n[outcome]\nwon = ['true', 'TRUE']\nlost = ['false', 'FALSE']\n\
         [features]\ncategorical = {others:?}\n\
         [format]\ndate_formats = ['%Y-%m-%d 00:00:00', '%Y-%m-%d %H:%M:%S%.f']\n"
    );
    let map = Mapping::parse(&map, Path::new("map.toml")).unwrap_or_else(|e| panic!("{e}"));
    let input = CsvInput::new("opportunities", File::open(&object.file).unwrap(), None);
    let mut rejected = Vec::new();
    let found = import(input, &map, BadRows::Skip(&mut rejected), &mut |_| {}).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(found.deals.len() + rejected.len(), object.rows.len(), "{rejected:?}");
    assert!(found.deals.len() > rejected.len(), "{rejected:?}");
    found.deals.len()
}
