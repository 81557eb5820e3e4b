use std::collections::BTreeSet;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, QueueId};
use crate::policy::subject::Subject;

fn lead(company: &str, email: Option<&str>, website: Option<&str>, person: Option<&str>) -> Subject {
    let mut subject = Subject::plain(LeadId::new("lead"), LeadFacts::empty(DateTime::UNIX_EPOCH));
    subject.company = company.into();
    subject.email = email.map(str::to_owned);
    subject.website = website.map(str::to_owned);
    subject.contact = person.map(str::to_owned);
    subject
}

fn record(id: &str, kind: Kind, company: &str, website: Option<&str>, owner: Option<&str>) -> Record {
    Record {
        id: id.into(),
        kind,
        company: company.into(),
        website: website.map(str::to_owned),
        email: None,
        person: None,
        owner: owner.map(|o| Owner::Rep(RepId::new(o))),
    }
}

fn index(records: Vec<Record>) -> Index {
    Index::new(records, CompanySettings::default())
}

#[test]
fn domains_of_companies_and_of_nobody() {
    for (site, wanted) in [
        ("https://www.Acme.co.uk/shop?x=1#y", Some("acme.co.uk")),
        ("ACME.DE.", Some("acme.de")),
        ("http://user:secret@shop.acme.com:8080/", Some("acme.com")),
        ("https://müller.de", Some("xn--mller-kva.de")),
        ("http://XN--MLLER-KVA.de", Some("xn--mller-kva.de")),
        ("acme.github.io", Some("acme.github.io")),
        ("github.io", None),
        ("co.uk", None),
        ("https://www.linkedin.com/company/acme", None),
        ("192.168.1.1", None),
        ("http://[::1]/", None),
        ("acme.local", None),
        ("https://www.acme.example", Some("acme.example")),
        ("example", None),
        ("localhost", None),
        ("n/a", None),
        ("", None),
    ] {
        assert_eq!(domain::of_website(site).as_deref(), wanted, "{site}");
    }
    assert_eq!(domain::of_email("Jane.Doe@Mail.Acme.com ").as_deref(), Some("acme.com"));
    for email in ["jane@gmail.com", "jane@yahoo.co.jp", "jane@web.de", "@acme.com", "acme.com", "jane@", "j@x@gmx.at"] {
        assert_eq!(domain::of_email(email), None, "{email}");
    }
    assert_eq!(domain::address(" Jane@MÜLLER.de "), domain::address("jane@xn--mller-kva.de"));
    assert_eq!(domain::address("jane doe@acme.com"), None);
}

#[test]
fn the_record_that_proves_the_company_and_how() {
    let index = index(vec![
        record("acc-2", Kind::Account, "ACME GmbH", Some("acme.de"), Some("ana")),
        record("opp-1", Kind::Opportunity, "Acme", None, Some("bob")),
        record("lead-9", Kind::Lead, "Globex", Some("globex.com"), Some("cy")),
        record("lead", Kind::Lead, "Acme", Some("acme.de"), Some("dan")),
    ]);
    let found = |lead: &Subject| match index.find(lead) {
        Found::One { record } => record.to_string(),
        other => format!("{other:?}"),
    };
    assert_eq!(
        found(&lead("acme", Some("x@acme.de"), None, None)),
        "account ACME GmbH (acc-2): same domain acme.de and same name"
    );
    assert_eq!(
        found(&lead("Something", None, Some("www.acme.de"), None)),
        "account ACME GmbH (acc-2): same domain acme.de"
    );
    // The account counts for more than the opportunity of the same name, and the lead itself is no proof.
    assert_eq!(found(&lead("Acme Inc", Some("x@gmail.com"), None, None)), "account ACME GmbH (acc-2): same name");
    assert_eq!(found(&lead("", Some("y@globex.com"), None, None)), "lead Globex (lead-9): same domain globex.com");
    assert_eq!(index.find(&lead("n/a", Some("x@gmail.com"), None, None)), Found::Nothing);
    let alone = vec![record("lead", Kind::Lead, "Solo", Some("solo.com"), Some("dan"))];
    assert_eq!(Index::new(alone, CompanySettings::default()).find(&lead("Solo", None, None, None)), Found::Nothing);
}

#[test]
fn contradictions_are_reported_and_not_guessed() {
    let reps = |found: Found| match found {
        Found::Ambiguous { records } => records.into_iter().map(|m| m.id).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    // Two accounts of one name with different owners.
    let twice = vec![
        record("a1", Kind::Account, "Acme", None, Some("ana")),
        record("a2", Kind::Account, "ACME Ltd", None, Some("bob")),
    ];
    assert_eq!(reps(index(twice.clone()).find(&lead("Acme", None, None, None))), ["a1", "a2"]);
    // The domain speaks for one, the name for the other.
    let across = vec![
        record("a1", Kind::Account, "Acme Europe", Some("acme.com"), Some("ana")),
        record("a2", Kind::Account, "Acme", None, Some("bob")),
    ];
    assert_eq!(reps(index(across).find(&lead("Acme", Some("x@acme.com"), None, None))), ["a1", "a2"]);
    // One of them has both.
    let mut better = twice.clone();
    better[1].website = Some("acme.com".into());
    let found = index(better).find(&lead("Acme", Some("x@acme.com"), None, None));
    assert_eq!(found.rep(), Some(&RepId::new("bob")));
    // The same owner twice is no contradiction, and a queue is nobody.
    let mut same = twice;
    same[1].owner = Some(Owner::Rep(RepId::new("ana")));
    same.push(Record {
        owner: Some(Owner::Queue(QueueId::new("q"))),
        ..record("a0", Kind::Account, "Acme", None, None)
    });
    assert_eq!(index(same).find(&lead("Acme", None, None, None)).rep(), Some(&RepId::new("ana")));
}

#[test]
fn the_same_person_again() {
    let person = |id: &str, email: Option<&str>, company: &str, name: Option<&str>| Record {
        email: email.map(str::to_owned),
        person: name.map(str::to_owned),
        ..record(id, Kind::Lead, company, None, None)
    };
    let index = index(vec![
        person("l1", Some("JANE@gmail.com"), "n/a", None),
        person("l2", None, "Acme Ltd.", Some("Jane  DOE")),
        person("l3", Some("jd@acme.com"), "Other", Some("Jane Doe")),
        person("l4", None, "Globex", Some("Jane Doe")),
        person("lead", Some("jane@gmail.com"), "Acme", Some("Jane Doe")),
    ]);
    let found = index.duplicates(&lead("Acme", Some("jane@gmail.com"), Some("acme.com"), Some("Jane Doe")));
    let found: Vec<String> = found.iter().map(|d| format!("{} {}", d.id, d.how)).collect();
    assert_eq!(found, ["l1 email", "l2 name_and_company", "l3 name_and_company"]);
}

#[test]
fn settings_add_domains_and_names_that_say_nothing() {
    let settings: CompanySettings =
        toml::from_str("shared_domains = [\"acme.com\"]\nno_names = [\"To be checked\"]").unwrap();
    let records = vec![
        record("a1", Kind::Account, "Acme", Some("acme.com"), Some("ana")),
        record("a2", Kind::Account, "to be checked", None, Some("bob")),
    ];
    let index = Index::new(records, settings);
    assert_eq!(index.find(&lead("TO BE CHECKED", Some("x@acme.com"), None, None)), Found::Nothing);
}

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(from).prop_map(str::to_owned))
}

const COMPANIES: &[&str] = &["Acme", "ACME GmbH", "Globex", "The Globex Corp", "n/a", "Initech"];
const SITES: &[&str] = &["acme.com", "https://www.acme.com/x", "globex.co.uk", "gmail.com", "shop.globex.co.uk"];
const EMAILS: &[&str] = &["jane@acme.com", "JANE@ACME.COM", "x@globex.co.uk", "y@gmail.com", "broken"];
const PEOPLE: &[&str] = &["Jane Doe", "jane doe", "Max Müller", "Max Muller"];

fn records() -> impl Strategy<Value = Vec<Record>> {
    let one = (pick(COMPANIES), pick(SITES), pick(EMAILS), pick(PEOPLE), 0usize..4, prop::option::of(0usize..3));
    prop::collection::vec(one, 0..12).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(i, (company, website, email, person, kind, owner))| Record {
                id: format!("r{i:02}"),
                kind: [Kind::Account, Kind::Opportunity, Kind::Contact, Kind::Lead][kind],
                company: company.unwrap_or_default(),
                website,
                email,
                person,
                owner: owner.map(|o| Owner::Rep(RepId::new(["ana", "bob", "cy"][o]))),
            })
            .collect()
    })
}

#[test]
fn the_same_address_is_the_same_person_whatever_the_company() {
    let mut earlier = record("L1", Kind::Lead, "Ada's shop", None, Some("ana"));
    earlier.email = Some("ada@gmail.com".into());
    let found = index(vec![earlier.clone()]).find(&lead("Countess Ltd", Some("Ada@Gmail.com"), None, None));
    let Found::One { record: proof } = &found else { panic!("{found:?}") };
    assert_eq!(proof.to_string(), "lead Ada's shop (L1): same person");
    // An account of the company says more.
    let account = record("A1", Kind::Account, "Countess", None, Some("bea"));
    let found = index(vec![earlier, account]).find(&lead("Countess Ltd", Some("ada@gmail.com"), None, None));
    assert_eq!(found.rep().map(RepId::as_str), Some("bea"));
}

#[test]
fn who_is_gone_contradicts_nobody() {
    let site = Some("acme.com");
    let records = ["ana", "bea", "cy"].map(|rep| record(&format!("A-{rep}"), Kind::Account, "Acme", site, Some(rep)));
    let found = || index(records.to_vec()).find(&lead("", None, site, None));
    let among = |here: &[&str]| found().among(|rep| here.contains(&rep.as_str()));
    assert!(matches!(among(&["ana", "bea"]), Found::Ambiguous { records } if records.len() == 2));
    assert_eq!(among(&["bea"]).rep().map(RepId::as_str), Some("bea"));
    assert_eq!(among(&[]).rep().map(RepId::as_str), Some("ana"), "that somebody had it is still told");
}

proptest! {
    #[test]
    fn the_index_agrees_with_comparing_every_record(
        records in records(), company in pick(COMPANIES), site in pick(SITES), email in pick(EMAILS), person in pick(PEOPLE),
    ) {
        let lead = lead(&company.unwrap_or_default(), email.as_deref(), site.as_deref(), person.as_deref());
        let domains = |site: Option<&String>, email: Option<&String>| -> BTreeSet<String> {
            site.and_then(|s| domain::of_website(s)).into_iter().chain(email.and_then(|e| domain::of_email(e))).collect()
        };
        let ours = domains(lead.website.as_ref(), lead.email.as_ref());
        let same_name = |r: &Record| name::key(&r.company).is_some() && name::key(&r.company) == name::key(&lead.company);
        let same_domain = |r: &Record| !ours.is_disjoint(&domains(r.website.as_ref(), r.email.as_ref()));
        let mail = |e: Option<&String>| e.and_then(|e| domain::address(e));
        let same_mail = |r: &Record| mail(r.email.as_ref()).is_some() && mail(r.email.as_ref()) == mail(lead.email.as_ref());
        let concerned = |r: &&Record| same_name(r) || same_domain(r) || same_mail(r);
        let of_company: BTreeSet<&str> = records.iter().filter(concerned).map(|r| r.id.as_str()).collect();
        // A key finds exactly these again.
        let by_key = |r: &&Record| {
            let mut other = lead.clone();
            (other.company, other.website, other.email) = (r.company.clone(), r.website.clone(), r.email.clone());
            let settings = CompanySettings::default();
            !keys(&other, &settings).is_disjoint(&keys(&lead, &settings))
        };
        prop_assert_eq!(records.iter().filter(by_key).map(|r| r.id.as_str()).collect::<BTreeSet<_>>(), of_company.clone());
        let index = index(records.clone());
        match index.find(&lead) {
            Found::Nothing => prop_assert!(of_company.is_empty()),
            Found::One { record } => {
                prop_assert!(of_company.contains(record.id.as_str()));
                let theirs = records.iter().find(|r| r.id == record.id).unwrap();
                let how = match (same_domain(theirs), same_name(theirs)) {
                    (true, true) => How::DomainAndName,
                    (true, false) => How::Domain,
                    (false, true) => How::Name,
                    (false, false) => How::Person,
                };
                prop_assert_eq!(record.how, how);
                // Nobody else has a proof that is as good.
                let rep = theirs.owner.as_ref().and_then(Owner::rep);
                let rivals = records.iter().filter(|r| same_domain(r) && same_name(r) && r.kind == Kind::Account);
                for rival in rivals {
                    let other = rival.owner.as_ref().and_then(Owner::rep);
                    prop_assert!(other.is_none() || other == rep);
                }
            }
            Found::Ambiguous { records } => {
                prop_assert!(records.len() > 1 && records.iter().all(|m| of_company.contains(m.id.as_str())));
                let reps: BTreeSet<_> = records.iter().filter_map(|m| m.owner.as_ref()?.rep()).collect();
                prop_assert_eq!(reps.len(), records.len());
            }
        }
        let same_person = |r: &Record| {
            let name = |p: Option<&String>| p.and_then(|p| name::person(p));
            let by_name = name(r.person.as_ref()).is_some() && name(r.person.as_ref()) == name(lead.contact.as_ref());
            same_mail(r) || (by_name && (same_name(r) || same_domain(r)))
        };
        let wanted: BTreeSet<&str> = records.iter().filter(|r| same_person(r)).map(|r| r.id.as_str()).collect();
        let duplicates = index.duplicates(&lead);
        prop_assert_eq!(duplicates.iter().map(|d| d.id.as_str()).collect::<BTreeSet<_>>(), wanted);

        let mut turned = records;
        turned.reverse();
        let turned = Index::new(turned, CompanySettings::default());
        prop_assert_eq!(turned.find(&lead), index.find(&lead));
        prop_assert_eq!(turned.duplicates(&lead), duplicates);
    }

    #[test]
    fn domains_are_their_own_domains(text in "\\PC{0,30}", host in "[a-zA-Z0-9üß.-]{0,20}\\.(com|co\\.uk|de|io|local)") {
        for raw in [text, host.clone(), format!("https://{host}/x")] {
            if let Some(domain) = domain::of_website(&raw) {
                prop_assert_eq!(domain::of_website(&domain), Some(domain.clone()));
            }
            if let Some(address) = domain::address(&format!("a@{raw}")) {
                prop_assert_eq!(domain::address(&address), Some(address.clone()));
            }
        }
    }
}
