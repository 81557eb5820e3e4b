//! Request bodies to typed values, refusing whatever the org would refuse.

use chrono::NaiveDate;
use serde_json::{Map, Value as Json};

use super::super::fault::Fault;
use super::super::id::Id;
use super::super::org::{Org, Record};
use super::super::schema::{Field, Kind, Object};
use super::super::stamp::Stamp;
use super::super::value::Value;

/// What a body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Create,
    Update,
}

/// Whether programs may write this object at all.
pub(super) fn check_writable(object: Object) -> Result<(), Fault> {
    if object.writable() {
        return Ok(());
    }
    let message = format!("insufficient access rights on object {}", object.name());
    Err(Fault::new(403, "INSUFFICIENT_ACCESS_OR_READONLY", message))
}

/// The fields a body sets, by place.
pub(super) fn read(
    org: &Org,
    object: Object,
    body: &Map<String, Json>,
    purpose: Purpose,
) -> Result<Vec<(usize, Value)>, Fault> {
    let fields = org.schema().of(object);
    let mut values = Vec::with_capacity(body.len());
    for (name, json) in body.iter().filter(|(name, _)| *name != "attributes") {
        let place = fields.place(name).ok_or_else(|| Fault::no_such_field(name, object))?;
        let field = fields.at(place);
        if field.kind == Kind::Id {
            let message = "The Id field should not be specified in the sobject data.";
            return Err(Fault::bad("INVALID_FIELD", message).about("Id"));
        }
        let (allowed, doing) = match purpose {
            Purpose::Create => (field.createable, "create"),
            Purpose::Update => (field.updateable, "update"),
        };
        if !allowed {
            let message = format!(
                "Unable to {doing} fields: {}. Please check the security settings of this field and verify that it is \
                 read/write for your profile or permission set.",
                field.name
            );
            return Err(Fault::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).about(&field.name));
        }
        let value = typed(field, json)?;
        if let Value::Id(id) = value {
            check_reference(org, object, field, id)?;
        }
        values.push((place, value));
    }
    Ok(values)
}

/// Required fields have a value.
pub(super) fn check_required(org: &Org, object: Object, record: &Record) -> Result<(), Fault> {
    let fields = org.schema().of(object).iter().enumerate();
    let missing: Vec<String> = fields
        .filter(|(place, field)| field.required && record.at(*place).is_null())
        .map(|(_, field)| field.name.clone())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Required fields are missing: [{}]", missing.join(", "));
    Err(Fault { fields: missing, ..Fault::bad("REQUIRED_FIELD_MISSING", message) })
}

/// Unique fields are.
pub(super) fn check_unique(org: &Org, object: Object, record: &Record) -> Result<(), Fault> {
    for (place, field) in org.schema().of(object).iter().enumerate().filter(|(_, field)| field.unique) {
        let Some(value) = record.at(place).as_text() else { continue };
        if let Some(holder) = org.holder(object, place, value).filter(|holder| *holder != record.id) {
            let message = format!("duplicate value found: {} duplicates value on record with id: {holder}", field.name);
            return Err(Fault::bad("DUPLICATE_VALUE", message));
        }
    }
    Ok(())
}

/// The owner can own records of this object.
pub(super) fn check_owner(org: &Org, object: Object, owner: Id) -> Result<(), Fault> {
    let (kind, record) = org.find(owner).ok_or_else(|| Fault::no_reference("OwnerId"))?;
    if kind == Object::Group {
        let enabled = org.table(Object::QueueSobject).iter().any(|row| {
            org.read(Object::QueueSobject, row, "QueueId").as_id() == Some(owner)
                && org.read(Object::QueueSobject, row, "SobjectType").as_text() == Some(object.name())
        });
        let message = "Queue not associated with this SObject type";
        return if enabled { Ok(()) } else { Err(Fault::bad("FIELD_INTEGRITY_EXCEPTION", message).about("OwnerId")) };
    }
    if !org.read(kind, record, "IsActive").is_true() {
        return Err(Fault::inactive_owner(owner, object));
    }
    if org.read(kind, record, "UserType").as_text() != Some("Standard") {
        let message = "operation performed with an invalid user type";
        return Err(Fault::bad("OP_WITH_INVALID_USER_TYPE_EXCEPTION", message).about("OwnerId"));
    }
    Ok(())
}

/// The record that a field points to is there and of the right object.
fn check_reference(org: &Org, object: Object, field: &Field, id: Id) -> Result<(), Fault> {
    if !field.targets().iter().any(|target| target.prefix() == id.prefix()) {
        return Err(malformed_id(field, id.as_str()));
    }
    let (target, record) = org.find(id).ok_or_else(|| Fault::no_reference(&field.name))?;
    if org.read(target, record, "IsDeleted").is_true() {
        return Err(Fault::bad("ENTITY_IS_DELETED", "entity is deleted").about(&field.name));
    }
    if object.is_activity() && org.read(target, record, "IsConverted").is_true() {
        return Err(Fault::bad("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead").about(&field.name));
    }
    Ok(())
}

fn malformed_id(field: &Field, text: &str) -> Fault {
    Fault::bad("MALFORMED_ID", format!("{}: id value of incorrect type: {text}", field.name)).about(&field.name)
}

/// One value in the type of its field.
fn typed(field: &Field, json: &Json) -> Result<Value, Fault> {
    if json.is_null() || json.as_str() == Some("") {
        return match field.kind {
            Kind::Checkbox => {
                let message = format!("{}: value not of required type: {json}", field.name);
                Err(Fault::bad("INVALID_TYPE_ON_FIELD_IN_RECORD", message).about(&field.name))
            }
            _ => Ok(Value::Null),
        };
    }
    let wrong = || wrong_type(&field.kind, json);
    match field.kind {
        Kind::Id => Err(wrong()),
        Kind::Text(max) | Kind::TextArea(max) => short_text(field, json, max),
        Kind::Picklist(_) => short_text(field, json, field.kind.max_length().unwrap_or_default()),
        Kind::Email(max) => {
            let value = short_text(field, json, max)?;
            let text = value.as_text().unwrap_or_default();
            if text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')) {
                return Ok(value);
            }
            let message = format!("{}: invalid email address: {text}", field.name);
            Err(Fault::bad("INVALID_EMAIL_ADDRESS", message).about(&field.name))
        }
        Kind::Checkbox => json.as_bool().map(Value::Bool).ok_or_else(wrong),
        Kind::Int => {
            let number = json.as_i64().ok_or_else(wrong)?;
            in_range(field, number as f64, 99_999_999.0).map(|()| Value::Int(number))
        }
        Kind::Number { precision, scale } => number(field, json, precision, scale),
        Kind::Currency => number(field, json, 18, 2),
        Kind::Date => {
            let text = json.as_str().ok_or_else(wrong)?;
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
            day.or_else(|| Stamp::parse_iso(text).map(Stamp::date)).map(Value::Date).ok_or_else(wrong)
        }
        Kind::DateTime => json.as_str().and_then(Stamp::parse_iso).map(Value::DateTime).ok_or_else(wrong),
        Kind::Reference(_) => {
            let text = json.as_str().ok_or_else(wrong)?;
            Id::parse(text).map(Value::Id).ok_or_else(|| malformed_id(field, text))
        }
    }
}

fn short_text(field: &Field, json: &Json, max: usize) -> Result<Value, Fault> {
    let text = json.as_str().ok_or_else(|| wrong_type(&field.kind, json))?;
    if text.chars().count() > max {
        let message = format!("{}: data value too large: {text} (max length={max})", field.name);
        return Err(Fault::bad("STRING_TOO_LONG", message).about(&field.name));
    }
    Ok(Value::text(text))
}

/// A number, rounded to the digits that the field keeps.
fn number(field: &Field, json: &Json, precision: u32, scale: u32) -> Result<Value, Fault> {
    let number = json.as_f64().ok_or_else(|| wrong_type(&field.kind, json))?;
    let unit = 10f64.powi(scale as i32);
    let rounded = (number * unit).round() / unit;
    in_range(field, rounded, 10f64.powi((precision - scale) as i32))?;
    Ok(Value::Number(rounded))
}

fn in_range(field: &Field, number: f64, limit: f64) -> Result<(), Fault> {
    if number.abs() < limit {
        return Ok(());
    }
    let message = format!("{}: value outside of valid range on numeric field: {number}", field.name);
    Err(Fault::bad("NUMBER_OUTSIDE_VALID_RANGE", message).about(&field.name))
}

fn wrong_type(kind: &Kind, json: &Json) -> Fault {
    let token = match json {
        Json::Null => "VALUE_NULL",
        Json::Bool(true) => "VALUE_TRUE",
        Json::Bool(false) => "VALUE_FALSE",
        Json::Number(n) if n.is_f64() => "VALUE_NUMBER_FLOAT",
        Json::Number(_) => "VALUE_NUMBER_INT",
        Json::String(_) => "VALUE_STRING",
        Json::Array(_) => "START_ARRAY",
        Json::Object(_) => "START_OBJECT",
    };
    let shown = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    let message = format!(
        "Cannot deserialize instance of {} from {token} value {shown} or request may be missing a required field",
        kind.wire_type()
    );
    Fault::bad("JSON_PARSER_ERROR", message)
}
