//! `assets/salesforce` deploys what the adapter writes.

use std::fs;
use std::path::{Path, PathBuf};

use leadboard::app::ports::Crm;
use leadboard::domain::effect::DecisionWrite;

use super::org::{Org, Seen};
use super::{salesforce, writing};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/salesforce/force-app/main/default")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[tokio::test]
async fn every_field_that_is_written_is_deployed_and_permitted() {
    let org = Org::start(|seen| seen.is_composite().then(|| writing::applied(seen))).await;
    let write = DecisionWrite { return_reason: Some("no time".into()), ..writing::decision() };
    salesforce(org.url()).apply(&write).await.unwrap();
    let body = org.log().into_iter().find(Seen::is_composite).unwrap().json();
    let permissions = fs::read_to_string(root().join("permissionsets/Leadboard_Integration.permissionset-meta.xml"));
    let permissions = permissions.unwrap();
    let mut checked = 0;
    for (step, object) in [(0, "AI_Lead_Routing_Decision__c"), (2, "Lead")] {
        for (field, value) in body["compositeRequest"][step]["body"].as_object().unwrap() {
            if !field.ends_with("__c") {
                continue;
            }
            let path = root().join(format!("objects/{object}/fields/{field}.field-meta.xml"));
            let xml = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert!(xml.contains(&format!("<fullName>{field}</fullName>")), "{field}");
            if let (Some(text), Some(length)) = (value.as_str(), between(&xml, "<length>", "</length>")) {
                assert!(text.len() <= length.parse().unwrap(), "{field}");
            }
            // A required field is open to everybody and may not be listed.
            let listed = permissions.contains(&format!("<field>{object}.{field}</field>"));
            assert_ne!(listed, xml.contains("<required>true</required>"), "{field}");
            checked += 1;
        }
    }
    assert_eq!(checked, 13 + 4);
    let key = root().join("objects/AI_Lead_Routing_Decision__c/fields/Decision_Key__c.field-meta.xml");
    let key = fs::read_to_string(key).unwrap();
    for needed in ["<unique>true</unique>", "<caseSensitive>true</caseSensitive>", "<externalId>true</externalId>"] {
        assert!(key.contains(needed), "{needed}");
    }
}

#[test]
fn every_file_is_well_formed() {
    let mut found = Vec::new();
    files(&root(), &mut found);
    assert!(found.len() >= 25, "{}", found.len());
    for path in found {
        let xml = fs::read_to_string(&path).unwrap();
        let mut open = Vec::new();
        for tag in xml.split('<').skip(1).map(|part| part.split('>').next().unwrap()) {
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "{}", path.display());
            } else if !tag.starts_with('?') {
                open.push(tag.split(' ').next().unwrap());
            }
        }
        assert!(open.is_empty(), "{}: {open:?}", path.display());
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}
