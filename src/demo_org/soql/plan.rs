//! A query bound to the schema: names resolved, literals typed, everything wrong refused before a record is read.

use chrono::NaiveDate;
use serde_json::{Map, Value as Json, json};

use super::super::id::Id;
use super::super::org::{Org, Record};
use super::super::schema::{Kind, Object, Schema};
use super::super::stamp::Stamp;
use super::super::value::Value;
use super::{Condition, Literal, MAX_HOPS, Op, Query, SoqlError, Text};

/// What may be asked of an owner without knowing whether it is a user or a queue (the `Name` object).
const NAME_FIELDS: [&str; 9] =
    ["Id", "Name", "Type", "FirstName", "LastName", "Alias", "Email", "IsActive", "Username"];

/// A query that can be run.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The object it reads.
    pub(crate) object: Object,
    /// What each row shows; `None` counts.
    pub(crate) selection: Option<Selection>,
    pub(super) filter: Option<Test>,
    pub(super) order: Vec<SortKey>,
    pub(super) limit: Option<u64>,
    pub(super) offset: u64,
    pub(super) deleted: Option<usize>,
    pub(super) stamp: Option<usize>,
}

impl Plan {
    /// Binds a query.
    pub(crate) fn new(query: &Query, schema: &Schema) -> Result<Self, SoqlError> {
        let object = Object::parse(&query.object).ok_or_else(|| SoqlError {
            code: "INVALID_TYPE",
            message: format!(
                "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append \
                 the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate \
                 names.",
                query.object
            ),
        })?;
        let binder = Binder { schema, object };
        let selection = query.select.as_ref().map(|paths| Selection::of_paths(schema, object, paths)).transpose()?;
        let filter = query.filter.as_ref().map(|condition| binder.test(condition)).transpose()?;
        let mut order = Vec::new();
        for part in &query.order {
            let column = binder.column(&part.field)?;
            if !column.filterable {
                return Err(SoqlError::field(format!("field '{}' can not be sorted in a query call", column.name)));
            }
            order.push(SortKey { column, descending: part.descending, nulls_last: part.nulls_last });
        }
        let fields = schema.of(object);
        Ok(Self {
            object,
            selection,
            filter,
            order,
            limit: query.limit,
            offset: query.offset,
            deleted: fields.place("IsDeleted"),
            stamp: fields.place("SystemModstamp"),
        })
    }
}

/// A condition with its fields bound and its literals typed.
#[derive(Debug)]
pub(super) enum Test {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare { column: Column, op: Op, operand: Operand },
    Like { column: Column, pattern: Vec<Glob> },
    In { column: Column, negated: bool, list: Vec<Operand> },
}

/// One part of a sort order.
#[derive(Debug)]
pub(super) struct SortKey {
    pub(super) column: Column,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

/// A piece of a `LIKE` pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Glob {
    /// `%`
    Any,
    /// `_`
    One,
    /// Itself, in lower case.
    Char(char),
}

/// A literal, or a field's value, in the form in which two of them are compared.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Operand {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Id(Id),
    Date(NaiveDate),
    DateTime(Stamp),
}

impl Operand {
    /// Text compares without regard to case, unless the field says otherwise.
    pub(super) fn of(value: &Value, case_sensitive: bool) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(n) => Self::Number(*n as f64),
            Value::Number(n) => Self::Number(*n),
            Value::Text(text) if case_sensitive => Self::Text(text.to_string()),
            Value::Text(text) => Self::Text(text.to_lowercase()),
            Value::Id(id) => Self::Id(*id),
            Value::Date(day) => Self::Date(*day),
            Value::DateTime(at) => Self::DateTime(*at),
        }
    }
}

/// The way from a record to a value.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// As the query named it, for errors.
    name: String,
    /// Reference fields to follow.
    pub(super) hops: Vec<usize>,
    /// What to read at the end.
    pub(super) leaf: Leaf,
    kind: Kind,
    filterable: bool,
    pub(super) case_sensitive: bool,
}

/// The last step of a [`Column`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Leaf {
    /// A field of a known object.
    Field(usize),
    /// A field of a user or queue, by name.
    OfOwner(&'static str),
}

impl Column {
    /// The value for this record; nothing if a step leads nowhere.
    pub(super) fn read(&self, org: &Org, record: &Record) -> Value {
        let mut record = record;
        for place in &self.hops {
            match record.at(*place).as_id().and_then(|id| org.find(id)) {
                Some((_, parent)) => record = parent,
                None => return Value::Null,
            }
        }
        match self.leaf {
            Leaf::Field(place) => record.at(place).clone(),
            Leaf::OfOwner(name) => owner_field(org, record, name),
        }
    }

    /// Whether it is this field of the record itself.
    pub(super) fn is_own(&self, place: Option<usize>) -> bool {
        self.hops.is_empty() && place.is_some_and(|place| self.leaf == Leaf::Field(place))
    }
}

/// A field of the `Name` object, for a user or queue.
fn owner_field(org: &Org, record: &Record, name: &str) -> Value {
    let Some((object, _)) = org.find(record.id) else { return Value::Null };
    match (name, object) {
        ("Type", Object::Group) => "Queue".into(),
        ("Type", object) => object.name().into(),
        _ => org.schema().of(object).place(name).map_or(Value::Null, |place| record.at(place).clone()),
    }
}

struct Binder<'a> {
    schema: &'a Schema,
    object: Object,
}

impl Binder<'_> {
    fn test(&self, condition: &Condition) -> Result<Test, SoqlError> {
        Ok(match condition {
            Condition::And(parts) => Test::And(parts.iter().map(|p| self.test(p)).collect::<Result<_, _>>()?),
            Condition::Or(parts) => Test::Or(parts.iter().map(|p| self.test(p)).collect::<Result<_, _>>()?),
            Condition::Not(part) => Test::Not(Box::new(self.test(part)?)),
            Condition::In { field, negated, list } => {
                let column = self.filterable(field)?;
                let list = list.iter().map(|literal| operand(&column, literal)).collect::<Result<_, _>>()?;
                Test::In { column, negated: *negated, list }
            }
            Condition::Compare { field, op: Op::Like, literal } => {
                let column = self.filterable(field)?;
                match (literal, column.kind.max_length()) {
                    (Literal::Text(text), Some(_)) => Test::Like { column, pattern: glob(text) },
                    (_, None) => return Err(operator_error(&column)),
                    _ => return Err(type_error(&column)),
                }
            }
            Condition::Compare { field, op, literal } => {
                let column = self.filterable(field)?;
                let operand = operand(&column, literal)?;
                let ordered = !matches!(op, Op::Eq | Op::Ne);
                if ordered && (column.kind == Kind::Checkbox || operand == Operand::Null) {
                    return Err(operator_error(&column));
                }
                Test::Compare { column, op: *op, operand }
            }
        })
    }

    fn filterable(&self, path: &[String]) -> Result<Column, SoqlError> {
        let column = self.column(path)?;
        if column.filterable {
            Ok(column)
        } else {
            Err(SoqlError::field(format!("field '{}' can not be filtered in a query call", column.name)))
        }
    }

    fn column(&self, path: &[String]) -> Result<Column, SoqlError> {
        let path = without_object(self.schema, self.object, path);
        let (mut object, mut hops) = (self.object, Vec::new());
        let Some((last, parents)) = path.split_last() else { return Err(no_such_column("", object)) };
        for (i, step) in parents.iter().enumerate() {
            let (place, targets) = follow(self.schema, object, step, hops.len())?;
            hops.push(place);
            match targets {
                [only] => object = *only,
                _ if i + 1 == parents.len() => {
                    let name = NAME_FIELDS.iter().find(|name| name.eq_ignore_ascii_case(last));
                    let name = name.ok_or_else(|| no_such_column_of("Name", last))?;
                    let kind = if *name == "IsActive" { Kind::Checkbox } else { Kind::Text(255) };
                    let kind = if *name == "Id" { Kind::Id } else { kind };
                    let leaf = Leaf::OfOwner(name);
                    return Ok(Column {
                        name: path.join("."),
                        hops,
                        leaf,
                        kind,
                        filterable: true,
                        case_sensitive: false,
                    });
                }
                _ => return Err(no_relationship(&parents[i + 1])),
            }
        }
        let fields = self.schema.of(object);
        let place = fields.place(last).ok_or_else(|| no_such_column(last, object))?;
        let field = fields.at(place);
        Ok(Column {
            name: path.join("."),
            hops,
            leaf: Leaf::Field(place),
            kind: field.kind.clone(),
            filterable: field.filterable,
            case_sensitive: field.case_sensitive,
        })
    }
}

/// `Lead.Id` in a query on Lead is `Id`.
fn without_object<'a>(schema: &Schema, object: Object, path: &'a [String]) -> &'a [String] {
    match path {
        [first, rest @ ..]
            if !rest.is_empty()
                && first.eq_ignore_ascii_case(object.name())
                && schema.of(object).relationship(first).is_none() =>
        {
            rest
        }
        _ => path,
    }
}

/// One step to a parent: the reference field and where it may lead.
fn follow(schema: &Schema, object: Object, step: &str, hops: usize) -> Result<(usize, &'static [Object]), SoqlError> {
    if hops >= MAX_HOPS {
        return Err(SoqlError::malformed("SOQL relationship queries cannot go up more than 5 levels"));
    }
    let fields = schema.of(object);
    let place = fields.relationship(step).ok_or_else(|| no_relationship(step))?;
    Ok((place, fields.at(place).targets()))
}

fn no_relationship(step: &str) -> SoqlError {
    SoqlError::field(format!(
        "Didn't understand relationship '{step}' in field path. If you are attempting to use a custom relationship, be \
         sure to append the '__r' after the custom relationship name."
    ))
}

fn no_such_column(name: &str, object: Object) -> SoqlError {
    no_such_column_of(object.name(), name)
}

fn no_such_column_of(entity: &str, name: &str) -> SoqlError {
    SoqlError::field(format!(
        "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append \
         the '__c' after the custom field name."
    ))
}

fn operator_error(column: &Column) -> SoqlError {
    SoqlError {
        code: "INVALID_QUERY_FILTER_OPERATOR",
        message: format!("invalid operator on {} field '{}'", column.kind.wire_type(), column.name),
    }
}

fn type_error(column: &Column) -> SoqlError {
    let quotes = match column.kind.max_length() {
        Some(_) => "should be enclosed in quotes",
        None => "should not be enclosed in quotes",
    };
    let kind = column.kind.wire_type();
    SoqlError::field(format!(
        "value of filter criterion for field '{}' must be of type {kind} and {quotes}",
        column.name
    ))
}

/// A literal in the type of its field.
fn operand(column: &Column, literal: &Literal) -> Result<Operand, SoqlError> {
    match (&column.kind, literal) {
        (_, Literal::Null) => Ok(Operand::Null),
        (Kind::Id | Kind::Reference(_), Literal::Text(text)) if text.text.is_empty() => Ok(Operand::Null),
        (Kind::Id | Kind::Reference(_), Literal::Text(text)) => {
            Id::parse(&text.text).map(Operand::Id).ok_or_else(|| SoqlError {
                code: "INVALID_QUERY_FILTER_OPERATOR",
                message: format!("invalid ID field: {}", text.text),
            })
        }
        (kind, Literal::Text(text)) if kind.max_length().is_some() => {
            Ok(Operand::of(&Value::text(&text.text), column.case_sensitive))
        }
        (Kind::Checkbox, Literal::Bool(b)) => Ok(Operand::Bool(*b)),
        (Kind::Int | Kind::Number { .. } | Kind::Currency, Literal::Number(n)) => Ok(Operand::Number(*n)),
        (Kind::Date, Literal::Date(day)) => Ok(Operand::Date(*day)),
        (Kind::DateTime, Literal::DateTime(at)) => Ok(Operand::DateTime(*at)),
        _ => Err(type_error(column)),
    }
}

fn glob(text: &Text) -> Vec<Glob> {
    let pieces = text.text.chars().enumerate().flat_map(|(i, c)| {
        let escaped = text.escaped.contains(&i);
        match c {
            '%' if !escaped => vec![Glob::Any],
            '_' if !escaped => vec![Glob::One],
            c => c.to_lowercase().map(Glob::Char).collect(),
        }
    });
    pieces.collect()
}

/// Which fields of a record and its parents an answer shows.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    fields: Vec<(String, usize)>,
    parents: Vec<(&'static str, usize, Parent)>,
}

#[derive(Debug)]
enum Parent {
    /// One object is possible.
    Record(Object, Selection),
    /// A user or a queue.
    Owner(Vec<&'static str>),
}

impl Selection {
    /// All fields of the object itself.
    pub(crate) fn all(schema: &Schema, object: Object) -> Self {
        let fields = schema.of(object).iter().enumerate().map(|(place, field)| (field.name.clone(), place)).collect();
        Self { fields, parents: Vec::new() }
    }

    /// These fields, parents' fields included.
    pub(crate) fn of_paths(schema: &Schema, object: Object, paths: &[Vec<String>]) -> Result<Self, SoqlError> {
        let mut selection = Self::default();
        for path in paths {
            selection.add(schema, object, without_object(schema, object, path), 0)?;
        }
        Ok(selection)
    }

    fn add(&mut self, schema: &Schema, object: Object, path: &[String], hops: usize) -> Result<(), SoqlError> {
        let duplicate = |name: &str| SoqlError::field(format!("duplicate field selected: {name}"));
        let fields = schema.of(object);
        let (step, rest) = match path {
            [] => return Ok(()),
            [name] => {
                let place = fields.place(name).ok_or_else(|| no_such_column(name, object))?;
                if self.fields.iter().any(|(_, taken)| *taken == place) {
                    return Err(duplicate(name));
                }
                self.fields.push((fields.at(place).name.clone(), place));
                return Ok(());
            }
            [step, rest @ ..] => (step, rest),
        };
        let (place, targets) = follow(schema, object, step, hops)?;
        let known = self.parents.iter().position(|(_, taken, _)| *taken == place).unwrap_or_else(|| {
            let parent = match targets {
                [only] => Parent::Record(*only, Self::default()),
                _ => Parent::Owner(Vec::new()),
            };
            self.parents.push((fields.at(place).relationship.unwrap_or_default(), place, parent));
            self.parents.len() - 1
        });
        match &mut self.parents[known].2 {
            Parent::Record(target, selection) => selection.add(schema, *target, rest, hops + 1),
            Parent::Owner(names) => match rest {
                [name] => {
                    let name = NAME_FIELDS.iter().find(|known| known.eq_ignore_ascii_case(name));
                    let name = name.ok_or_else(|| no_such_column_of("Name", &rest[0]))?;
                    if names.contains(name) {
                        return Err(duplicate(name));
                    }
                    names.push(name);
                    Ok(())
                }
                _ => Err(no_relationship(&rest[0])),
            },
        }
    }

    /// A record as an answer shows it. `base` is the path up to the version.
    pub(crate) fn show(&self, org: &Org, object: Object, record: &Record, base: &str) -> Json {
        let mut shown = Map::new();
        shown.insert("attributes".into(), attributes(base, object.name(), object, record.id));
        for (name, place) in &self.fields {
            shown.insert(name.clone(), record.at(*place).to_json());
        }
        for (relationship, place, parent) in &self.parents {
            let found = record.at(*place).as_id().and_then(|id| org.find(id));
            let json = match (parent, found) {
                (_, None) => Json::Null,
                (Parent::Record(target, selection), Some((_, record))) => selection.show(org, *target, record, base),
                (Parent::Owner(names), Some((target, record))) => {
                    let mut owner = Map::new();
                    owner.insert("attributes".into(), attributes(base, "Name", target, record.id));
                    for name in names {
                        owner.insert((*name).into(), owner_field(org, record, name).to_json());
                    }
                    owner.into()
                }
            };
            shown.insert((*relationship).into(), json);
        }
        shown.into()
    }
}

fn attributes(base: &str, kind: &str, object: Object, id: Id) -> Json {
    json!({ "type": kind, "url": format!("{base}/sobjects/{}/{id}", object.name()) })
}
