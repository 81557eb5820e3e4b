//! Change events (Change Data Capture) as far as they say which leads changed, and in which fields.
//!
//! The payload is Avro in binary whose schema has the header first and the object's fields after it. Which fields changed
//! is a bitmap over the places of that schema: a hexadecimal number whose lowest bit is the first field. A part of a
//! compound field (`Name`, `Address`) is one of `place-bitmap`, the bitmap counting inside the compound.

use std::collections::BTreeSet;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::RecordSchema;
use apache_avro::types::Value;

use crate::crm::salesforce::ids;
use crate::domain::ids::LeadId;

/// Where events name the program that made the change: what it called itself in `Sforce-Call-Options`.
const OURSELVES: &str = "client=leadboard";

/// What every change event begins with.
const HEADER: &str = "ChangeEventHeader";

/// What one event says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Of another object, or our own doing, or in fields that do not matter here.
    Nothing,
    /// These leads.
    Leads(Vec<LeadId>),
    /// So much at once that the org does not say which records.
    Overflow,
}

/// Reads an event. The fields of interest are in lower case.
///
/// # Errors
/// In words, if it is not what its schema says, or not a change event.
pub(super) fn read(schema: &Schema, payload: &[u8], interest: &BTreeSet<String>) -> Result<Change, String> {
    let Schema::Record(record) = schema else { return Err("the schema is no record".to_owned()) };
    let reader = GenericDatumReader::builder(schema).build().map_err(|error| error.to_string())?;
    let event = reader.read_value(&mut &payload[..]).map_err(|error| error.to_string())?;
    let header = field(&event, HEADER).ok_or("it has no ChangeEventHeader")?;
    let kind = field(header, "changeType").and_then(text).ok_or("it has no changeType")?;
    if kind == "GAP_OVERFLOW" {
        return Ok(Change::Overflow);
    }
    let ours = field(header, "changeOrigin").and_then(text).is_some_and(|o| o.split(';').any(|p| p == OURSELVES));
    if ours || field(header, "entityName").and_then(text) != Some("Lead") {
        return Ok(Change::Nothing);
    }
    // Everything but an update matters, and so does a gap, which does not say what was changed.
    let bitmaps = texts(field(header, "changedFields"));
    if kind == "UPDATE" && !bitmaps.is_empty() {
        let changed = names(record, &bitmaps)?;
        if !changed.iter().any(|name| interest.contains(&name.to_lowercase())) {
            return Ok(Change::Nothing);
        }
    }
    let leads = texts(field(header, "recordIds")).into_iter().filter_map(ids::normalise).map(LeadId::new);
    Ok(Change::Leads(leads.collect()))
}

/// The fields that events of this schema tell of, and the parts of compound ones. `None` if it is no schema of changes.
pub(super) fn fields(schema: &Schema) -> Option<Vec<String>> {
    let Schema::Record(record) = schema else { return None };
    let place = *record.lookup.get(HEADER)?;
    let told = record.fields.iter().enumerate().filter(|(n, _)| *n != place).map(|(_, field)| field);
    let with_parts = told.flat_map(|field| {
        let parts = inner_record(&field.schema).into_iter().flat_map(|parts| &parts.fields);
        std::iter::once(field).chain(parts).map(|field| field.name.clone())
    });
    Some(with_parts.collect())
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Record(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
        Value::Union(_, inner) => field(inner, name),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) | Value::Enum(_, text) => Some(text),
        Value::Union(_, inner) => text(inner),
        _ => None,
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(text).collect(),
        Some(Value::Union(_, inner)) => texts(Some(inner)),
        _ => Vec::new(),
    }
}

/// The names behind bitmaps; of a part of a compound, both the compound's and the part's.
fn names<'a>(record: &'a RecordSchema, bitmaps: &[&str]) -> Result<Vec<&'a str>, String> {
    let mut found = Vec::new();
    for bitmap in bitmaps {
        let Some((place, inner)) = bitmap.split_once('-') else {
            found.extend(set_names(record, bitmap)?);
            continue;
        };
        let compound = place.parse().ok().and_then(|place: usize| record.fields.get(place));
        let compound = compound.ok_or_else(|| format!("{bitmap} names no field"))?;
        found.push(compound.name.as_str());
        if let Some(parts) = inner_record(&compound.schema) {
            found.extend(set_names(parts, inner)?);
        }
    }
    Ok(found)
}

fn set_names<'a>(record: &'a RecordSchema, bitmap: &str) -> Result<Vec<&'a str>, String> {
    let places = bits(bitmap).ok_or_else(|| format!("{bitmap} is no bitmap"))?;
    Ok(places.into_iter().filter_map(|place| record.fields.get(place)).map(|field| field.name.as_str()).collect())
}

fn inner_record(schema: &Schema) -> Option<&RecordSchema> {
    match schema {
        Schema::Record(record) => Some(record),
        Schema::Union(union) => union.variants().iter().find_map(inner_record),
        _ => None,
    }
}

/// The places of the bits that are set.
fn bits(bitmap: &str) -> Option<Vec<usize>> {
    let digits = bitmap.strip_prefix("0x").or_else(|| bitmap.strip_prefix("0X"))?;
    let mut places = Vec::new();
    for (digit, number) in digits.chars().rev().enumerate() {
        let four = number.to_digit(16)?;
        places.extend((0..4).filter(|bit| four >> bit & 1 == 1).map(|bit| digit * 4 + bit));
    }
    Some(places)
}

#[cfg(test)]
mod tests;
