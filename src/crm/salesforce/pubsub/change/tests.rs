use std::sync::LazyLock;

use apache_avro::writer::datum::GenericDatumWriter;
use proptest::prelude::*;

use super::*;
use crate::testing::{altered, matching, text};

const SCHEMA: &str = r#"{"type":"record","name":"LeadChangeEvent","namespace":"com.sforce.eventbus","fields":[
    {"name":"ChangeEventHeader","type":{"type":"record","name":"ChangeEventHeader","fields":[
        {"name":"entityName","type":"string"},
        {"name":"recordIds","type":{"type":"array","items":"string"}},
        {"name":"changeType","type":{"type":"enum","name":"ChangeType","symbols":
            ["CREATE","UPDATE","DELETE","UNDELETE","GAP_CREATE","GAP_UPDATE","GAP_DELETE","GAP_UNDELETE","GAP_OVERFLOW"]}},
        {"name":"changeOrigin","type":"string"},
        {"name":"changedFields","type":{"type":"array","items":"string"}}]}},
    {"name":"Name","type":["null",{"type":"record","name":"PersonName","fields":[
        {"name":"Salutation","type":["null","string"]},
        {"name":"FirstName","type":["null","string"]},
        {"name":"LastName","type":["null","string"]}]}],"default":null},
    {"name":"Rating","type":["null","string"],"default":null},
    {"name":"Industry","type":["null","string"],"default":null},
    {"name":"LastModifiedDate","type":["null","long"],"default":null}]}"#;

const LEAD: &str = "00QLb000000000F";

struct Event<'a> {
    object: &'a str,
    kind: (u32, &'a str),
    origin: &'a str,
    changed: &'a [&'a str],
}

const UPDATE: Event<'_> = Event { object: "Lead", kind: (1, "UPDATE"), origin: "", changed: &[] };

fn schema() -> Schema {
    Schema::parse_str(SCHEMA).unwrap()
}

fn payload(event: &Event<'_>) -> Vec<u8> {
    let list = |texts: &[&str]| Value::Array(texts.iter().map(|text| Value::String((*text).into())).collect());
    let null = || Value::Union(0, Box::new(Value::Null));
    let lead = ids::normalise(LEAD).unwrap();
    let header = Value::Record(vec![
        ("entityName".into(), Value::String(event.object.into())),
        ("recordIds".into(), list(&[&lead])),
        ("changeType".into(), Value::Enum(event.kind.0, event.kind.1.into())),
        ("changeOrigin".into(), Value::String(event.origin.into())),
        ("changedFields".into(), list(event.changed)),
    ]);
    let mut fields = vec![("ChangeEventHeader".to_owned(), header)];
    fields.extend(["Name", "Rating", "Industry", "LastModifiedDate"].map(|name| (name.to_owned(), null())));
    let schema = schema();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    writer.write_value_to_vec(Value::Record(fields)).unwrap()
}

fn said(event: &Event<'_>) -> Result<Change, String> {
    let interest = ["industry", "lastname"].map(str::to_owned).into();
    read(&schema(), &payload(event), &interest)
}

fn is_news(event: &Event<'_>) -> bool {
    said(event).unwrap() == Change::Leads(vec![LeadId::new(ids::normalise(LEAD).unwrap())])
}

#[test]
fn an_update_matters_if_one_of_its_fields_does() {
    // Bit 3 is Industry, bit 2 Rating, bit 4 the stamp that every update changes.
    assert!(is_news(&Event { changed: &["0x18"], ..UPDATE }));
    assert_eq!(said(&Event { changed: &["0x14"], ..UPDATE }), Ok(Change::Nothing));
    // Of Name, the bits 0 to 2 are salutation, first and last name.
    assert!(is_news(&Event { changed: &["0x10", "1-0x4"], ..UPDATE }));
    assert_eq!(said(&Event { changed: &["0x10", "1-0x02"], ..UPDATE }), Ok(Change::Nothing));
    assert!(is_news(&UPDATE), "nobody says what was changed");
}

#[test]
fn whatever_does_not_say_what_was_changed_matters() {
    for kind in [(0, "CREATE"), (2, "DELETE"), (3, "UNDELETE"), (5, "GAP_UPDATE"), (4, "GAP_CREATE")] {
        assert!(is_news(&Event { kind, changed: &["0x10"], ..UPDATE }), "{kind:?}");
    }
    assert_eq!(said(&Event { kind: (8, "GAP_OVERFLOW"), ..UPDATE }), Ok(Change::Overflow));
}

#[test]
fn what_we_did_ourselves_and_other_objects_are_no_news() {
    let ours = Event { origin: "com/salesforce/api/rest/66.0;client=leadboard", ..UPDATE };
    assert_eq!(said(&ours), Ok(Change::Nothing));
    assert!(is_news(&Event { origin: "com/salesforce/api/rest/66.0;client=leadboarder", ..UPDATE }));
    assert_eq!(said(&Event { object: "Account", ..UPDATE }), Ok(Change::Nothing));
}

#[test]
fn a_bitmap_that_is_none_is_an_error_and_no_silence() {
    for changed in ["18", "0xzz", "99-0x1", "x-0x1", "1-4"] {
        assert!(said(&Event { changed: &[changed], ..UPDATE }).is_err(), "{changed}");
    }
    assert_eq!(bits("0x650004E0").unwrap(), [5, 6, 7, 10, 24, 26, 29, 30]);
}

/// Bytes that are nothing, or a message of which some are wrong.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let good = payload(&Event { changed: &["0x1A", "1-0x7"], ..UPDATE });
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), altered(good)]
}

proptest! {
    #[test]
    fn no_bytes_bring_the_reader_down(bytes in messages()) {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schema);
        drop(read(&SCHEMA, &bytes, &BTreeSet::new()));
    }

    #[test]
    fn no_text_brings_the_bitmaps_down(text in prop_oneof![text(40), matching("([0-9]{1,12}-){0,3}0x[0-9A-Fa-f]{0,24}")]) {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schema);
        if let Schema::Record(record) = &*SCHEMA {
            drop(names(record, &[&text]));
        }
    }
}
