//! Changes of leads as Avro: the schema that follows from the org's fields, and an event in it.

use std::collections::BTreeMap;

use apache_avro::Schema as Avro;
use apache_avro::types::Value as Datum;
use apache_avro::writer::datum::GenericDatumWriter;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use super::super::id::Id;
use super::super::org::{Change, ChangeKind};
use super::super::schema::{Kind, Object, Schema};
use super::super::value::Value;

/// The object's name in headers.
const LEAD: &str = "Lead";
/// Fields that events do not have: the id is in the header, and deletion is a kind of change.
const LEFT_OUT: [&str; 4] = ["Id", "IsDeleted", "SystemModstamp", "MasterRecordId"];
/// Fields that are parts of a compound.
const COMPOUNDS: [(&str, &str, &[&str]); 2] = [
    ("Name", "PersonName", &["FirstName", "LastName"]),
    ("Address", "Address", &["Street", "City", "State", "PostalCode", "Country"]),
];
/// Kinds of change in the order of the enumeration.
const KINDS: [&str; 10] = [
    "CREATE",
    "UPDATE",
    "DELETE",
    "UNDELETE",
    "GAP_CREATE",
    "GAP_UPDATE",
    "GAP_DELETE",
    "GAP_UNDELETE",
    "GAP_OVERFLOW",
    "SNAPSHOT",
];

/// How much of a change is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// All of it.
    Whole,
    /// Of which records, and no more.
    Gap,
    /// That there was one.
    Overflow,
}

/// One place of the schema after the header.
#[derive(Debug)]
enum Slot {
    /// A field with its type.
    Field(String, &'static str),
    /// A compound with its parts, which are texts.
    Compound(&'static str, Vec<String>),
}

/// The schema of lead changes.
#[derive(Debug)]
pub(crate) struct LeadEvents {
    /// Follows from the text, so that a client that kept the schema may go on with it.
    pub(crate) id: String,
    pub(crate) json: String,
    avro: Avro,
    slots: Vec<Slot>,
}

impl LeadEvents {
    /// From the fields of the org.
    pub(crate) fn new(schema: &Schema) -> Result<Self, String> {
        let fields = schema.of(Object::Lead);
        let kind = |name: &str| fields.place(name).map(|place| avro_type(&fields.at(place).kind));
        let optional = |name: &str, kind: Json| json!({ "name": name, "type": ["null", kind], "default": null });
        let (mut slots, mut list) = (Vec::new(), vec![header()]);
        for field in fields.iter().filter(|field| !LEFT_OUT.contains(&field.name.as_str())) {
            let name = field.name.as_str();
            let compound = COMPOUNDS.iter().find(|(whole, _, parts)| *whole == name || parts.contains(&name));
            let Some((whole, record, parts)) = compound else {
                let kind = avro_type(&field.kind);
                list.push(optional(name, json!(kind)));
                slots.push(Slot::Field(name.to_owned(), kind));
                continue;
            };
            if slots.iter().any(|slot| matches!(slot, Slot::Compound(known, _) if known == whole)) {
                continue;
            }
            let inner = parts.iter().filter_map(|part| Some(optional(part, json!(kind(part)?))));
            let inner: Vec<Json> = inner.collect();
            list.push(optional(whole, json!({ "type": "record", "name": record, "fields": inner })));
            slots.push(Slot::Compound(whole, parts.iter().map(|part| (*part).to_owned()).collect()));
        }
        let record = json!({
            "type": "record", "name": "LeadChangeEvent", "namespace": "com.sforce.eventbus", "fields": list,
        });
        let avro = Avro::parse(&record).map_err(|error| error.to_string())?;
        let json = record.to_string();
        let digest = ring::digest::digest(&ring::digest::SHA256, json.as_bytes());
        let id = URL_SAFE_NO_PAD.encode(digest.as_ref()).chars().take(22).collect();
        Ok(Self { id, json, avro, slots })
    }

    /// The payload of an event.
    pub(super) fn encode(&self, change: &Change, telling: Telling, org: Id) -> Result<Vec<u8>, String> {
        let nothing = BTreeMap::new();
        let told = telling == Telling::Whole && change.kind != ChangeKind::Delete;
        let set = if told { &change.set } else { &nothing };
        let mut fields = vec![("ChangeEventHeader".to_owned(), self.header(change, set, telling, org))];
        for slot in &self.slots {
            fields.push(match slot {
                Slot::Field(name, kind) => (name.clone(), optional(set.get(name).and_then(|value| datum(value, kind)))),
                Slot::Compound(name, parts) => {
                    let told = parts.iter().any(|part| set.contains_key(part));
                    let inner = parts
                        .iter()
                        .map(|part| (part.clone(), optional(set.get(part).and_then(|value| datum(value, "string")))));
                    ((*name).to_owned(), optional(told.then(|| Datum::Record(inner.collect()))))
                }
            });
        }
        let writer = GenericDatumWriter::builder(&self.avro).build().map_err(|error| error.to_string())?;
        writer.write_value_to_vec(Datum::Record(fields)).map_err(|error| error.to_string())
    }

    fn header(&self, change: &Change, set: &BTreeMap<String, Value>, telling: Telling, org: Id) -> Datum {
        let list = |texts: Vec<String>| Datum::Array(texts.into_iter().map(Datum::String).collect());
        let symbol = match (telling, change.kind) {
            (Telling::Overflow, _) => 8,
            (Telling::Whole, kind) => kind as usize,
            (Telling::Gap, kind) => 4 + kind as usize,
        };
        let leads = if telling == Telling::Overflow { &[][..] } else { &change.leads };
        let origin = change
            .client
            .as_ref()
            .map_or_else(String::new, |client| format!("com/salesforce/api/rest/66.0;client={client}"));
        let nulled = set.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.as_str()).collect();
        // Only an update says which fields it changed.
        let changed = match change.kind {
            ChangeKind::Update => set.keys().map(String::as_str).collect(),
            ChangeKind::Create | ChangeKind::Delete => Vec::new(),
        };
        let transaction = format!("{:08x}-{org}", change.transaction);
        Datum::Record(vec![
            ("entityName".into(), Datum::String(LEAD.into())),
            ("recordIds".into(), list(leads.iter().map(Id::to_string).collect())),
            ("changeType".into(), Datum::Enum(symbol as u32, KINDS[symbol].into())),
            ("changeOrigin".into(), Datum::String(origin)),
            ("transactionKey".into(), Datum::String(transaction)),
            ("sequenceNumber".into(), Datum::Int((change.n - change.transaction + 1) as i32)),
            ("commitTimestamp".into(), Datum::Long(change.at.seconds() * 1_000)),
            ("commitNumber".into(), Datum::Long(change.n as i64)),
            ("commitUser".into(), Datum::String(change.by.to_string())),
            ("nulledFields".into(), list(self.bitmaps(&nulled))),
            ("diffFields".into(), list(Vec::new())),
            ("changedFields".into(), list(self.bitmaps(&changed))),
        ])
    }

    /// Fields as bitmaps over the places of the schema, of which the header is the first.
    fn bitmaps(&self, names: &Vec<&str>) -> Vec<String> {
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        for (slot, place) in self.slots.iter().zip(1..) {
            match slot {
                Slot::Field(name, _) if names.contains(&name.as_str()) => whole.push(place),
                Slot::Field(..) => {}
                Slot::Compound(_, inner) => {
                    let set = inner.iter().zip(0..).filter(|(part, _)| names.contains(&part.as_str()));
                    let set: Vec<usize> = set.map(|(_, place)| place).collect();
                    parts.extend((!set.is_empty()).then(|| format!("{place}-{}", bitmap(&set))));
                }
            }
        }
        (!whole.is_empty()).then(|| bitmap(&whole)).into_iter().chain(parts).collect()
    }
}

/// The header of every change event.
fn header() -> Json {
    let text = |name: &str| json!({ "name": name, "type": "string" });
    let texts = |name: &str| json!({ "name": name, "type": { "type": "array", "items": "string" } });
    let number = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let kind = json!({ "type": "enum", "name": "ChangeType", "symbols": KINDS });
    let fields = json!([
        text("entityName"),
        texts("recordIds"),
        { "name": "changeType", "type": kind },
        text("changeOrigin"),
        text("transactionKey"),
        number("sequenceNumber", "int"),
        number("commitTimestamp", "long"),
        number("commitNumber", "long"),
        text("commitUser"),
        texts("nulledFields"),
        texts("diffFields"),
        texts("changedFields"),
    ]);
    json!({ "name": "ChangeEventHeader", "type": { "type": "record", "name": "ChangeEventHeader", "fields": fields } })
}

const fn avro_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Checkbox => "boolean",
        Kind::Int => "int",
        Kind::Number { .. } | Kind::Currency => "double",
        // Both as milliseconds since 1970.
        Kind::Date | Kind::DateTime => "long",
        Kind::Id | Kind::Text(_) | Kind::TextArea(_) | Kind::Email(_) | Kind::Picklist(_) | Kind::Reference(_) => {
            "string"
        }
    }
}

fn datum(value: &Value, kind: &str) -> Option<Datum> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(yes) => Datum::Boolean(*yes),
        Value::Int(_) | Value::Number(_) if kind == "int" => Datum::Int(value.as_number()? as i32),
        Value::Int(_) | Value::Number(_) => Datum::Double(value.as_number()?),
        Value::Text(text) => Datum::String(text.to_string()),
        Value::Id(id) => Datum::String(id.to_string()),
        Value::Date(day) => Datum::Long(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()),
        Value::DateTime(at) => Datum::Long(at.seconds() * 1_000),
    })
}

fn optional(datum: Option<Datum>) -> Datum {
    datum.map_or_else(|| Datum::Union(0, Box::new(Datum::Null)), |datum| Datum::Union(1, Box::new(datum)))
}

/// A hexadecimal number with these bits, the first place being the lowest.
fn bitmap(places: &[usize]) -> String {
    let digits = places.iter().max().map_or(1, |last| last / 4 + 1);
    // Whole bytes.
    let mut nibbles = vec![0u32; digits.next_multiple_of(2)];
    for place in places {
        nibbles[place / 4] |= 1 << (place % 4);
    }
    let digits = nibbles.iter().rev().filter_map(|nibble| char::from_digit(*nibble, 16));
    "0x".chars().chain(digits.map(|digit| digit.to_ascii_uppercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_count_from_the_low_end() {
        assert_eq!(bitmap(&[0]), "0x01");
        assert_eq!(bitmap(&[5, 6, 7, 10, 24, 26, 29, 30]), "0x650004E0");
    }

    #[test]
    fn the_schema_stays_the_same_while_the_fields_do() {
        let made = || LeadEvents::new(&Schema::new(Vec::new())).unwrap();
        assert_eq!(made().id, made().id);
        let more = vec![super::super::super::schema::Field::fact("Visits__c", true)];
        assert_ne!(LeadEvents::new(&Schema::new(more)).unwrap().id, made().id);
    }
}
