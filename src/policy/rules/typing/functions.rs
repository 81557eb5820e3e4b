//! The functions that conditions may call, and what they take.

use cel::common::ast::Expr;
use cel::common::ast::{CallExpr, IdedExpr, LiteralValue};
use cel::{Context, Value};

use super::{Checker, Type, is_lowered, text};
use crate::policy::rules::syntax::LANGUAGE;
use crate::policy::rules::words::{nearest, quoted};

/// A function: its name, what stands before the dot (if anything), its arguments, and its result.
struct Function {
    name: &'static str,
    receiver: Option<Takes>,
    takes: &'static [Takes],
    result: Type,
}

/// What may stand in one place of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Text,
    Number,
    Time,
    Duration,
    /// A text or a list.
    Sized,
    /// A text, a number, a moment or true or false.
    Plain,
}

impl Takes {
    fn fits(self, found: &Type) -> bool {
        match (self, found) {
            (_, Type::Any)
            | (Self::Text, Type::Text)
            | (Self::Time, Type::Time)
            | (Self::Duration, Type::Duration)
            | (Self::Sized, Type::Text | Type::List(_))
            | (Self::Plain, Type::Text | Type::Time | Type::Duration | Type::Bool) => true,
            (Self::Number | Self::Plain, number) => number.is_number(),
            _ => false,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Time => "a moment",
            Self::Duration => "a duration",
            Self::Sized => "a text or a list",
            Self::Plain => "a single value",
        }
    }
}

const fn method(name: &'static str, receiver: Takes, takes: &'static [Takes], result: Type) -> Function {
    Function { name, receiver: Some(receiver), takes, result }
}

const fn function(name: &'static str, takes: &'static [Takes], result: Type) -> Function {
    Function { name, receiver: None, takes, result }
}

const FUNCTIONS: &[Function] = &[
    method("contains", Takes::Text, &[Takes::Text], Type::Bool),
    method("startsWith", Takes::Text, &[Takes::Text], Type::Bool),
    method("endsWith", Takes::Text, &[Takes::Text], Type::Bool),
    method("matches", Takes::Text, &[Takes::Text], Type::Bool),
    method("lowerAscii", Takes::Text, &[], Type::Text),
    method("upperAscii", Takes::Text, &[], Type::Text),
    method("trim", Takes::Text, &[], Type::Text),
    method("size", Takes::Sized, &[], Type::Int),
    function("size", &[Takes::Sized], Type::Int),
    function("timestamp", &[Takes::Text], Type::Time),
    function("duration", &[Takes::Text], Type::Duration),
    function("int", &[Takes::Number], Type::Int),
    function("double", &[Takes::Number], Type::Double),
    function("string", &[Takes::Plain], Type::Text),
    method("getFullYear", Takes::Time, &[], Type::Int),
    method("getFullYear", Takes::Time, &[Takes::Text], Type::Int),
    method("getMonth", Takes::Time, &[], Type::Int),
    method("getMonth", Takes::Time, &[Takes::Text], Type::Int),
    method("getDate", Takes::Time, &[], Type::Int),
    method("getDate", Takes::Time, &[Takes::Text], Type::Int),
    method("getDayOfWeek", Takes::Time, &[], Type::Int),
    method("getDayOfWeek", Takes::Time, &[Takes::Text], Type::Int),
    method("getHours", Takes::Time, &[], Type::Int),
    method("getHours", Takes::Time, &[Takes::Text], Type::Int),
    method("getHours", Takes::Duration, &[], Type::Int),
    method("getMinutes", Takes::Time, &[], Type::Int),
    method("getMinutes", Takes::Time, &[Takes::Text], Type::Int),
    method("getMinutes", Takes::Duration, &[], Type::Int),
];

/// The type of a call that is no operator.
pub(super) fn call<'t>(checker: &mut Checker<'t>, node: &'t IdedExpr, call: &'t CallExpr, args: &[Type]) -> Type {
    let name = call.func_name.as_str();
    let receiver = call.target.as_deref().map(|target| checker.of(target));
    let named: Vec<&Function> = FUNCTIONS.iter().filter(|function| function.name == name).collect();
    let extent = checker.tree.extent(node);
    // The token of a call is its opening bracket; the name stands before it.
    let open = checker.tree.token(node.id).start;
    let before = checker.tree.text().get(..open).map_or("", str::trim_end);
    let span = if before.ends_with(name) { before.len() - name.len()..before.len() } else { extent.clone() };
    if named.is_empty() {
        let cure = match nearest(name, FUNCTIONS.iter().map(|function| function.name)) {
            Some(near) => format!("did you mean {near}?"),
            None if name == "has" => "has() asks about one fact: has(lead.industry)".to_owned(),
            None => {
                "there is has(…), .contains(\"…\"), .startsWith(\"…\"), .endsWith(\"…\"), .matches(\"…\"), .lowerAscii(), \
                 size(…), timestamp(\"…\"), duration(\"…\")"
                    .to_owned()
            }
        };
        return checker.wrong(span, format!("there is no function {}", quoted(name)), cure);
    }
    let fits = |function: &&&Function| {
        let of = match (&function.receiver, &receiver) {
            (None, None) => true,
            (Some(takes), Some(found)) => takes.fits(found),
            _ => false,
        };
        of && function.takes.len() == args.len()
            && function.takes.iter().zip(args).all(|(takes, found)| takes.fits(found))
    };
    let Some(function) = named.iter().find(fits) else {
        let shapes: Vec<String> = named.iter().map(|function| shape(function)).collect();
        return checker.wrong(extent, format!("{name} is not used this way"), format!("write {}", shapes.join(" or ")));
    };
    if call.target.as_deref().is_some_and(is_lowered) && matches!(name, "contains" | "startsWith" | "endsWith") {
        call.args.iter().for_each(|arg| checker.must_be_lower(arg));
    }
    check_literals(checker, call);
    function.result.clone()
}

/// How a function is written, in words.
fn shape(function: &Function) -> String {
    let takes: Vec<&str> = function.takes.iter().map(|takes| takes.words()).collect();
    let before = function.receiver.map(|receiver| format!("({}).", receiver.words())).unwrap_or_default();
    format!("{before}{}({})", function.name, takes.join(", "))
}

/// Texts inside of a call that are more than texts: a moment, a duration, a pattern, a time zone.
fn check_literals(checker: &mut Checker<'_>, call: &CallExpr) {
    let Some((arg, written)) = call.args.first().and_then(|arg| Some((arg, text(arg)?))) else { return };
    let span = checker.tree.token(arg.id);
    match call.func_name.as_str() {
        "timestamp" | "duration" if evaluate(call.clone()).is_none() => {
            let cure = if call.func_name == "timestamp" {
                "write it as \"2027-01-31T00:00:00Z\", or with a zone as \"2027-01-31T09:00:00+01:00\""
            } else {
                "write it as \"36h\", \"90m\" or \"2h30m\" (a day is 24h)"
            };
            checker.wrong(span, format!("{} is no {}", quoted(written), call.func_name), cure);
        }
        "matches" => {
            if let Err(error) = super::super::condition::pattern(written) {
                let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                checker.wrong(span, format!("this pattern is not understood: {last}"), "see https://docs.rs/regex");
            }
        }
        name if name.starts_with("get") => {
            let epoch = IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::String("2026-01-01T00:00:00Z".into())) };
            let moment = CallExpr { func_name: "timestamp".to_owned(), target: None, args: vec![epoch] };
            let target = Some(Box::new(IdedExpr { id: 0, expr: Expr::Call(moment) }));
            if evaluate(CallExpr { target, ..call.clone() }).is_none() {
                let cure = "write a name such as \"Europe/Berlin\" or \"America/New_York\"";
                checker.wrong(span, format!("there is no time zone {}", quoted(written)), cure);
            }
        }
        _ => {}
    }
}

/// The value of a call that depends on nothing.
pub(in crate::policy::rules) fn evaluate(call: CallExpr) -> Option<Value> {
    let context = Context::with_env(LANGUAGE.clone());
    Value::resolve(&IdedExpr { id: 0, expr: Expr::Call(call) }, &context).ok()
}
