//! Conditions that only the `cel` crate evaluates: functions, arithmetic, choices, walks through lists.
//!
//! Time is bounded: CEL has no loops but walks through lists, which the checks allow twice inside each other, over lists that
//! stand in the rule or hold what one rep has.

use std::sync::Arc;

use cel::common::ast::IdedExpr;
use cel::common::traits::Indexer;
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelString, CelTimestamp, DYN_TYPE, Type};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, ExecutionError};

use super::Truth;
use crate::policy::rules::facts::{Field, Kind, Value, Values};
use crate::policy::rules::syntax::{LANGUAGE, each_child};
use crate::policy::rules::typing::field;

/// An expression for the interpreter.
#[derive(Clone, Debug)]
pub(in crate::policy::rules) struct Formula {
    tree: Arc<IdedExpr>,
    /// As the rule has it, blanks made single.
    written: Box<str>,
    fields: Box<[Field]>,
}

impl Formula {
    pub(in crate::policy::rules) fn new(tree: IdedExpr, written: &str) -> Self {
        let mut fields = Vec::new();
        collect(&tree, &mut fields);
        fields.sort();
        fields.dedup();
        let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { tree: Arc::new(tree), written: written.into(), fields: fields.into() }
    }

    pub(in crate::policy::rules) fn written(&self) -> &str {
        &self.written
    }

    /// The facts that it asks about.
    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub(super) fn truth(&self, facts: &dyn Values) -> Truth {
        self.evaluate(facts).map_or(Truth::Unknown, Truth::of)
    }

    /// Why it cannot be calculated.
    pub(super) fn error(&self, facts: &dyn Values) -> Option<String> {
        self.evaluate(facts).err()
    }

    fn evaluate(&self, facts: &dyn Values) -> Result<bool, String> {
        let variables = Variables(facts);
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        context.set_variable_resolver(&variables);
        let value = cel::Value::resolve_val(&self.tree, &context).map_err(|error| error.to_string())?;
        let flag = value.downcast_ref::<CelBool>().map(|flag| *flag.inner());
        flag.ok_or_else(|| "it is neither true nor false".to_owned())
    }
}

fn collect(node: &IdedExpr, fields: &mut Vec<Field>) {
    match field(node) {
        Some(field) => fields.push(field),
        None => each_child(node, &mut |child| collect(child, fields)),
    }
}

/// `lead`, `account`, `rep` and `now`, looked up when they are asked for.
struct Variables<'f>(&'f dyn Values);

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let root = match variable {
            "lead" => Root::Lead,
            "account" => Root::Account,
            "rep" => Root::Rep,
            "now" => return self.0.value(&Field::Now).map(|now| cel_value(now, Kind::Time)),
            _ => return None,
        };
        Some(CowVal::owned(Record { root, facts: self.0 }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Lead,
    Fields,
    Account,
    Rep,
}

/// All facts of one kind, as a value of CEL.
#[derive(Clone, Copy)]
struct Record<'f> {
    root: Root,
    facts: &'f dyn Values,
}

impl std::fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Record").field(&self.root).finish()
    }
}

impl<'f> Record<'f> {
    fn part<'b, 'v>(&self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        'f: 'v,
    {
        let name = index.downcast_ref::<CelString<'_>>().map(CelString::inner).unwrap_or_default();
        let field = match self.root {
            Root::Lead if name == "fields" => return Ok(CowVal::owned(Self { root: Root::Fields, facts: self.facts })),
            Root::Lead => Field::named("lead", name),
            Root::Fields => Some(Field::More(name.into())),
            Root::Account => Field::named("account", name),
            Root::Rep => Field::named("rep", name),
        };
        let facts: &'f dyn Values = self.facts;
        let value = field.as_ref().and_then(|field| Some(cel_value(facts.value(field)?, field.kind())));
        value.ok_or_else(|| ExecutionError::no_such_key(name))
    }
}

impl Val for Record<'_> {
    fn get_type(&self) -> &Type {
        &DYN_TYPE
    }

    fn cel_type() -> &'static Type {
        &DYN_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }
}

impl Indexer for Record<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.part(index)
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.part(index).map(CowVal::into_owned)
    }
}

/// A fact as a value of CEL; texts are borrowed.
fn cel_value<'b, 'v>(value: Value<'v>, kind: Kind) -> CowVal<'b, 'v> {
    match value {
        Value::Text(text) => CowVal::owned(CelString::from(text)),
        Value::Number(number) if kind == Kind::Whole => CowVal::owned(CelInt::from(number as i64)),
        Value::Number(number) => CowVal::owned(CelDouble::from(number)),
        Value::Flag(flag) => CowVal::owned(CelBool::from(flag)),
        Value::Time(at) => CowVal::owned(CelTimestamp::from(at.fixed_offset())),
        Value::Texts(texts) => {
            let texts = texts.iter().map(|text| -> Box<dyn Val + 'v> { Box::new(CelString::from(text.as_str())) });
            CowVal::owned(CelList::from(texts.collect::<Vec<_>>()))
        }
    }
}
