//! Describe answers, derived from the schema.

use serde_json::{Value as Json, json};
use strum::IntoEnumIterator as _;

use super::{Field, Kind, Object, Schema};

/// `GET /sobjects`: every object in short.
pub(crate) fn describe_global(base: &str) -> Json {
    let objects: Vec<Json> = Object::iter().map(|object| describe_summary(object, base)).collect();
    json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects })
}

/// What describe global and describe have in common for one object.
pub(crate) fn describe_summary(object: Object, base: &str) -> Json {
    let name = object.name();
    let url = format!("{base}/sobjects/{name}");
    json!({
        "name": name,
        "label": label(name),
        "labelPlural": format!("{}s", label(name)),
        "keyPrefix": object.prefix(),
        "custom": name.ends_with("__c"),
        "createable": object.writable(),
        "updateable": object.writable(),
        "deletable": object.writable(),
        "queryable": true,
        "retrieveable": true,
        "replicateable": true,
        "undeletable": object.writable(),
        "urls": {
            "sobject": url,
            "describe": format!("{url}/describe"),
            "rowTemplate": format!("{url}/{{ID}}"),
        },
    })
}

/// `GET /sobjects/{object}/describe`.
pub(crate) fn describe(schema: &Schema, object: Object, base: &str) -> Json {
    let mut answer = describe_summary(object, base);
    let fields: Vec<Json> = schema.of(object).iter().map(|field| describe_field(object, field)).collect();
    answer["fields"] = fields.into();
    answer["childRelationships"] = json!([]);
    answer["recordTypeInfos"] = json!([]);
    answer
}

fn describe_field(object: Object, field: &Field) -> Json {
    let writable = object.writable();
    let (length, precision, scale) = match field.kind {
        Kind::Id | Kind::Reference(_) => (18, 0, 0),
        Kind::Text(n) | Kind::TextArea(n) | Kind::Email(n) => (n, 0, 0),
        Kind::Picklist(_) => (PICKLIST_LENGTH, 0, 0),
        Kind::Number { precision, scale } => (0, precision, scale),
        Kind::Currency => (0, 18, 2),
        Kind::Checkbox | Kind::Int | Kind::Date | Kind::DateTime => (0, 0, 0),
    };
    let targets: Vec<&str> = field.targets().iter().map(|target| target.name()).collect();
    json!({
        "name": field.name,
        "label": label(&field.name),
        "type": field.kind.wire_type(),
        "soapType": field.kind.soap_type(),
        "length": length,
        "precision": precision,
        "scale": scale,
        "digits": if field.kind == Kind::Int { 8 } else { 0 },
        "nillable": !field.required && !matches!(field.kind, Kind::Id | Kind::Checkbox),
        "createable": writable && field.createable,
        "updateable": writable && field.updateable,
        "defaultedOnCreate": matches!(field.kind, Kind::Checkbox) || matches!(field.name.as_str(), "OwnerId" | "Status"),
        "filterable": field.filterable,
        "sortable": field.filterable,
        "groupable": field.filterable,
        "custom": field.custom(),
        "calculated": false,
        "externalId": field.external_id,
        "idLookup": field.external_id || field.kind == Kind::Id,
        "unique": field.unique,
        "caseSensitive": field.case_sensitive,
        "referenceTo": targets,
        "relationshipName": field.relationship,
        "polymorphicForeignKey": targets.len() > 1,
        "restrictedPicklist": false,
        "picklistValues": picklist_values(&field.kind),
    })
}

fn picklist_values(kind: &Kind) -> Vec<Json> {
    let Kind::Picklist(values) = kind else { return Vec::new() };
    values
        .iter()
        .map(|value| json!({ "value": value, "label": value, "active": true, "defaultValue": false }))
        .collect()
}

/// The length that describe reports for picklists.
pub(super) const PICKLIST_LENGTH: usize = 255;

impl Kind {
    /// `type` of a field in describe.
    pub(crate) const fn wire_type(&self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Text(_) => "string",
            Self::TextArea(_) => "textarea",
            Self::Email(_) => "email",
            Self::Picklist(_) => "picklist",
            Self::Checkbox => "boolean",
            Self::Int => "int",
            Self::Number { .. } => "double",
            Self::Currency => "currency",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Reference(_) => "reference",
        }
    }

    const fn soap_type(&self) -> &'static str {
        match self {
            Self::Id | Self::Reference(_) => "tns:ID",
            Self::Text(_) | Self::TextArea(_) | Self::Email(_) | Self::Picklist(_) => "xsd:string",
            Self::Checkbox => "xsd:boolean",
            Self::Int => "xsd:int",
            Self::Number { .. } | Self::Currency => "xsd:double",
            Self::Date => "xsd:date",
            Self::DateTime => "xsd:dateTime",
        }
    }

    /// Most characters of a text; `None` for what is not text.
    pub(crate) const fn max_length(&self) -> Option<usize> {
        match self {
            Self::Text(n) | Self::TextArea(n) | Self::Email(n) => Some(*n),
            Self::Picklist(_) => Some(PICKLIST_LENGTH),
            _ => None,
        }
    }
}

/// An API name as people read it.
fn label(name: &str) -> String {
    let bare = name.strip_suffix("__c").unwrap_or(name).replace('_', " ");
    let mut label = String::with_capacity(bare.len() + 4);
    let mut before_lower = false;
    for c in bare.chars() {
        if c.is_ascii_uppercase() && before_lower {
            label.push(' ');
        }
        before_lower = c.is_ascii_lowercase();
        label.push(c);
    }
    label
}
