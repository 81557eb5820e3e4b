//! Whether a condition makes sense before any lead is there: every name exists, every function fits, every comparison
//! compares like with like. What passes here can still meet a missing fact, but no surprise of kind (except for further
//! facts, `lead.fields.…`, whose kind only the org knows).

mod functions;

pub(super) use functions::evaluate;

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::facts::{Field, Kind};
use super::syntax::{Mistake, Tree};
use super::words::{nearest, quoted, quoted_list};

/// Most comprehensions (`exists`, `all`, …) inside each other: each multiplies the work.
const NESTED_LOOPS: usize = 2;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    Double,
    Text,
    Time,
    Duration,
    List(Box<Self>),
    /// `lead`, `account`, `rep`.
    Root(&'static str),
    /// `lead.fields`
    Fields,
    Null,
    /// Known only when it is evaluated, or wrong in a way that was said already.
    Any,
}

impl Type {
    /// With its article, for messages.
    fn words(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Int => "a whole number".to_owned(),
            Self::Double => "a decimal number".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Time => "a moment".to_owned(),
            Self::Duration => "a duration".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Root(root) => format!("all of {root}"),
            Self::Fields => "all further facts".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Any => "a value".to_owned(),
        }
    }

    const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double)
    }

    /// Whether two values of these types can be equal at all.
    fn comparable(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(a), Self::List(b)) => a.comparable(b),
            (Self::Root(_) | Self::Fields, _) | (_, Self::Root(_) | Self::Fields) => false,
            (a, b) => a == b || (a.is_number() && b.is_number()),
        }
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Whole => Self::Int,
            Kind::Decimal => Self::Double,
            Kind::Flag => Self::Bool,
            Kind::Time => Self::Time,
            Kind::Texts => Self::List(Box::new(Self::Text)),
            Kind::Any => Self::Any,
        }
    }
}

/// What a condition may ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// `when`: the lead, its account, the time.
    Lead,
    /// `rep_when`: a rep of the pool as well.
    Rep,
}

impl Scope {
    fn roots(self) -> &'static [&'static str] {
        match self {
            Self::Lead => &["lead", "account", "now"],
            Self::Rep => &["lead", "account", "rep", "now"],
        }
    }
}

/// Everything that is wrong with a condition.
pub(super) fn check(tree: &Tree, scope: Scope) -> Vec<Mistake> {
    let mut checker = Checker { tree, scope, bound: Vec::new(), loops: 0, mistakes: Vec::new() };
    let found = checker.of(&tree.root);
    if !matches!(found, Type::Bool | Type::Any) {
        let message = format!("a condition must be true or false; this is {}", found.words());
        checker.wrong(tree.extent(&tree.root), message, "compare it with something, for example with ==");
    }
    checker.mistakes
}

struct Checker<'t> {
    tree: &'t Tree,
    scope: Scope,
    /// Names that comprehensions bind, innermost last.
    bound: Vec<(&'t str, Type)>,
    loops: usize,
    mistakes: Vec<Mistake>,
}

impl<'t> Checker<'t> {
    fn wrong(&mut self, span: std::ops::Range<usize>, message: impl Into<String>, cure: impl Into<String>) -> Type {
        self.mistakes.push(Mistake::new(span, message, cure));
        Type::Any
    }

    fn of(&mut self, node: &'t IdedExpr) -> Type {
        match &node.expr {
            Expr::Unspecified => Type::Any,
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Type::Bool,
                LiteralValue::Double(_) => Type::Double,
                LiteralValue::Int(_) => Type::Int,
                LiteralValue::String(_) => Type::Text,
                LiteralValue::Null => Type::Null,
                LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
                    let cure = "write a text as \"…\" and a number without u";
                    self.wrong(self.tree.token(node.id), "this kind of value is not used in rules", cure)
                }
            },
            Expr::Ident(name) => self.name(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::List(list) => {
                let types: Vec<Type> = list.elements.iter().map(|element| self.of(element)).collect();
                let mut elements = types.into_iter();
                let first = elements.next().unwrap_or(Type::Any);
                let element = elements.fold(first, |all, next| match (all, next) {
                    (a, b) if a == b => a,
                    (a, b) if a.is_number() && b.is_number() => Type::Double,
                    _ => Type::Any,
                });
                Type::List(Box::new(element))
            }
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(inner) => self.comprehension(node, inner),
            Expr::Map(_) | Expr::Struct(_) => {
                self.wrong(self.tree.extent(node), "{ } is not used in rules", "a list of values is written in [ ]")
            }
        }
    }

    fn name(&mut self, node: &IdedExpr, name: &str) -> Type {
        if let Some((_, bound)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return bound.clone();
        }
        let span = self.tree.token(node.id);
        match name {
            "lead" => Type::Root("lead"),
            "account" => Type::Root("account"),
            "rep" if self.scope == Scope::Rep => Type::Root("rep"),
            "rep" => self.wrong(
                span,
                "\"when\" is asked before there is a rep",
                "put conditions on reps into rep_when (rules of kind require and partner have it)",
            ),
            "now" => Type::Time,
            _ => {
                let roots = self.scope.roots();
                let known = Field::names_of("lead");
                let cure = if let Some(near) = nearest(name, roots.iter().copied()) {
                    format!("did you mean {near}?")
                } else if known.contains(&name) {
                    format!("did you mean lead.{name}?")
                } else {
                    format!("a text stands in quotes: {}; facts begin with {}", quoted(name), roots.join(", "))
                };
                self.wrong(span, format!("there is no {}", quoted(name)), cure)
            }
        }
    }

    fn select(&mut self, node: &'t IdedExpr, select: &'t SelectExpr) -> Type {
        let operand = self.of(&select.operand);
        let name = select.field.as_str();
        let found = match &operand {
            Type::Any | Type::Fields => Type::Any,
            Type::Root("lead") if name == "fields" && !select.test => Type::Fields,
            Type::Root(root) => match Field::named(root, name) {
                Some(field) => field.kind().into(),
                None => return self.unknown_field(node, root, name),
            },
            other => {
                let message = format!("{} has no parts, so nothing follows its dot", other.words());
                return self.wrong(self.tree.extent(node), message, "take the dot and what follows away");
            }
        };
        if select.test { Type::Bool } else { found }
    }

    fn unknown_field(&mut self, node: &IdedExpr, root: &'static str, name: &str) -> Type {
        let extent = self.tree.extent(node);
        let span = extent.end.saturating_sub(name.len()).max(extent.start)..extent.end;
        let names = Field::names_of(root);
        let cure = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean {root}.{near}?"),
            None if root == "lead" => {
                format!("there is {}; a further fact of the config is lead.fields.{name}", names.join(", "))
            }
            None => format!("there is {}", names.join(", ")),
        };
        self.wrong(span, format!("{root} has no {}", quoted(name)), cure)
    }

    fn comprehension(&mut self, node: &'t IdedExpr, inner: &'t ComprehensionExpr) -> Type {
        let range = self.of(&inner.iter_range);
        let element = match range {
            Type::List(element) => *element,
            Type::Any => Type::Any,
            other => {
                let message = format!("this asks about each value of a list, but here is {}", other.words());
                self.wrong(self.tree.extent(&inner.iter_range), message, "use it with a list, for example rep.skills")
            }
        };
        self.loops += 1;
        if self.loops > NESTED_LOOPS {
            let cure = "split the condition into several rules";
            self.wrong(self.tree.token(node.id), "lists are walked inside each other too often", cure);
        } else {
            let accumulated = self.of(&inner.accu_init);
            let bound = self.bound.len();
            self.bound.push((&inner.iter_var, element.clone()));
            if let Some(second) = &inner.iter_var2 {
                self.bound.push((second, element));
            }
            // A list that is being built starts empty; what will be in it is not known here.
            let accumulated = if matches!(accumulated, Type::List(_)) { Type::Any } else { accumulated };
            self.bound.push((&inner.accu_var, accumulated.clone()));
            self.of(&inner.loop_cond);
            self.of(&inner.loop_step);
            let result = self.of(&inner.result);
            self.bound.truncate(bound);
            self.loops -= 1;
            return if accumulated == Type::Any { Type::List(Box::new(Type::Any)) } else { result };
        }
        self.loops -= 1;
        Type::Any
    }

    fn call(&mut self, node: &'t IdedExpr, call: &'t CallExpr) -> Type {
        let args: Vec<Type> = call.args.iter().map(|arg| self.of(arg)).collect();
        match (call.func_name.as_str(), args.as_slice()) {
            (operators::CONDITIONAL, [question, this, that]) => {
                self.must_be_bool(&call.args[0], question);
                if this == that { this.clone() } else { Type::Any }
            }
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
                self.must_be_bool(&call.args[0], left);
                self.must_be_bool(&call.args[1], right);
                Type::Bool
            }
            (operators::LOGICAL_NOT, [inner]) => {
                self.must_be_bool(&call.args[0], inner);
                Type::Bool
            }
            (operators::NOT_STRICTLY_FALSE, _) => Type::Bool,
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => self.equality(node, call, left, right),
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => {
                let ordered = |t: &Type| !matches!(t, Type::Bool | Type::List(_) | Type::Null);
                if !(left.comparable(right) && ordered(left) && ordered(right)) {
                    self.unlike(node, left, right);
                }
                Type::Bool
            }
            (operators::IN, [value, list]) => {
                match list {
                    Type::List(element) if !value.comparable(element) => {
                        self.unlike(node, value, element);
                    }
                    Type::List(_) | Type::Any => self.closed_choices(&call.args[0], &call.args[1]),
                    other => {
                        let message = format!("\"in\" looks into a list; here is {}", other.words());
                        self.wrong(self.tree.extent(&call.args[1]), message, "write the values in [ ], with commas");
                    }
                }
                Type::Bool
            }
            (operators::INDEX, [of, at]) => self.index(node, of, at),
            (operators::NEGATE, [number]) => {
                if !(number.is_number() || matches!(number, Type::Any | Type::Duration)) {
                    let message = format!("- before {} has no meaning", number.words());
                    return self.wrong(self.tree.token(node.id), message, "use ! for \"not\"");
                }
                number.clone()
            }
            (
                operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO,
                [left, right],
            ) => self.arithmetic(node, call, left, right),
            _ => functions::call(self, node, call, &args),
        }
    }

    fn must_be_bool(&mut self, node: &IdedExpr, found: &Type) {
        if !matches!(found, Type::Bool | Type::Any) {
            let message = format!("this must be true or false; it is {}", found.words());
            self.wrong(self.tree.extent(node), message, "compare it with something, for example with ==");
        }
    }

    fn equality(&mut self, node: &IdedExpr, call: &'t CallExpr, left: &Type, right: &Type) -> Type {
        if matches!(left, Type::Null) || matches!(right, Type::Null) {
            let fact = if matches!(left, Type::Null) { &call.args[1] } else { &call.args[0] };
            let fact = self.tree.text().get(self.tree.extent(fact)).unwrap_or("lead.industry");
            let has = match fact {
                "account" => "has(account.id)".to_owned(),
                fact => format!("has({fact})"),
            };
            let cure = format!("write {has} for \"is known\", !{has} for \"is missing\"");
            self.wrong(self.tree.extent(node), "nothing is ever null: a fact is known or missing", cure);
        } else if left.comparable(right) {
            self.closed_choices(&call.args[0], &call.args[1]);
            self.closed_choices(&call.args[1], &call.args[0]);
        } else {
            self.unlike(node, left, right);
        }
        Type::Bool
    }

    /// A fact that has few values is compared with those only, and lists of reps hold lower case only.
    fn closed_choices(&mut self, one: &'t IdedExpr, other: &'t IdedExpr) {
        let values: Vec<&IdedExpr> = match &other.expr {
            Expr::List(list) => list.elements.iter().collect(),
            _ => vec![other],
        };
        if let Some(choices) = field(one).map(|field| field.choices()).filter(|choices| !choices.is_empty()) {
            for value in values {
                let Some(text) = text(value).filter(|text| !choices.contains(text)) else { continue };
                let near = nearest(text, choices.iter().copied());
                let cure = near.map_or_else(
                    || format!("there is {}", quoted_list(choices.iter().copied(), 9)),
                    |near| format!("did you mean {}?", quoted(near)),
                );
                self.wrong(self.tree.token(value.id), format!("it is never {}", quoted(text)), cure);
            }
        }
        if is_lowered(one) {
            let literals = match &other.expr {
                Expr::List(list) => list.elements.as_slice(),
                _ => std::slice::from_ref(other),
            };
            for value in literals {
                self.must_be_lower(value);
            }
        }
        let lower = [Field::named("rep", "languages"), Field::named("rep", "skills")];
        if let (Some(value), Some(list)) = (text(one), field(other))
            && lower.contains(&Some(list))
            && value.chars().any(char::is_uppercase)
        {
            let cure = format!("write {}", quoted(&value.to_lowercase()));
            self.wrong(self.tree.token(one.id), "languages and skills of reps are in lower case", cure);
        }
    }

    /// What is compared with a text in lower case.
    fn must_be_lower(&mut self, value: &IdedExpr) {
        if let Some(text) = text(value).filter(|text| text.chars().any(|c| c.is_ascii_uppercase())) {
            let cure = format!("write {}", quoted(&text.to_ascii_lowercase()));
            self.wrong(self.tree.token(value.id), "lowerAscii() leaves no capital letters, so this never fits", cure);
        }
    }

    fn unlike(&mut self, node: &IdedExpr, left: &Type, right: &Type) -> Type {
        let message = format!("{} is compared with {}", left.words(), right.words());
        let cure = match (left, right) {
            (Type::Text, number) | (number, Type::Text) if number.is_number() => {
                "numbers stand without quotes, texts in quotes"
            }
            (Type::Text, Type::Time) | (Type::Time, Type::Text) => {
                "write a moment as timestamp(\"2027-01-31T00:00:00Z\")"
            }
            (Type::Text, Type::List(_)) | (Type::List(_), Type::Text) => "to look into a list write: value in list",
            (Type::Bool, _) | (_, Type::Bool) => "what is true or false stands alone, or after ! for \"not\"",
            _ => "compare like with like",
        };
        self.wrong(self.tree.extent(node), message, cure)
    }

    fn index(&mut self, node: &IdedExpr, of: &Type, at: &Type) -> Type {
        match (of, at) {
            (Type::List(element), Type::Int) => (**element).clone(),
            (Type::Fields, Type::Text) | (Type::Any, _) | (_, Type::Any) => Type::Any,
            _ => {
                let cure = "a further fact is written lead.fields[\"its name\"]";
                self.wrong(self.tree.extent(node), format!("{} has no numbered or named parts", of.words()), cure)
            }
        }
    }

    fn arithmetic(&mut self, node: &IdedExpr, call: &CallExpr, left: &Type, right: &Type) -> Type {
        let (plus, minus) = (call.func_name == operators::ADD, call.func_name == operators::SUBSTRACT);
        match (left, right) {
            (Type::Any, _) | (_, Type::Any) => Type::Any,
            (Type::Int, Type::Int) => Type::Int,
            (Type::Double, Type::Double) if call.func_name != operators::MODULO => Type::Double,
            (Type::Text, Type::Text) if plus => Type::Text,
            (Type::List(a), Type::List(_)) if plus => Type::List(a.clone()),
            (Type::Time, Type::Time) if minus => Type::Duration,
            (Type::Time, Type::Duration) if plus || minus => Type::Time,
            (Type::Duration, Type::Time) if plus => Type::Time,
            (Type::Duration, Type::Duration) if plus || minus => Type::Duration,
            (Type::Int, Type::Double) | (Type::Double, Type::Int) => self.wrong(
                self.tree.extent(node),
                "a whole number and a decimal number are not calculated with each other",
                "write the number with a point: 2.0 instead of 2; or double(…) around a whole fact",
            ),
            _ => {
                let message = format!("{} and {} cannot be calculated with each other", left.words(), right.words());
                self.wrong(self.tree.extent(node), message, "a duration is written duration(\"36h\")")
            }
        }
    }
}

/// The fact that an expression names, if it is nothing but that.
pub(super) fn field(node: &IdedExpr) -> Option<Field> {
    match &node.expr {
        Expr::Ident(name) if name == "now" => Some(Field::Now),
        Expr::Select(select) if !select.test => match &select.operand.expr {
            Expr::Ident(root) => Field::named(root, &select.field),
            _ if is_fields(&select.operand) => Some(Field::More(select.field.as_str().into())),
            _ => None,
        },
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [of, at] if is_fields(of) => text(at).map(|name| Field::More(name.into())),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression is some text in lower case.
fn is_lowered(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Call(call) if call.func_name == "lowerAscii")
}

/// Whether an expression is `lead.fields`.
fn is_fields(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Select(select) if !select.test && select.field == "fields"
        && matches!(&select.operand.expr, Expr::Ident(root) if root == "lead"))
}

/// The text that an expression is, if it is a literal.
pub(super) fn text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
