//! From a syntax tree whose types are right to a [`Condition`].

use cel::Value;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use chrono::Utc;

use super::{Atom, Compare, Condition, Formula, Part, pattern};
use crate::policy::rules::facts::{Field, Kind, micros};
use crate::policy::rules::problem::Place;
use crate::policy::rules::syntax::Tree;
use crate::policy::rules::typing::{evaluate, field, text};

/// Compiles a condition without mistakes. `place` gives the place in the file of a byte of its text.
pub(in crate::policy::rules) fn compile(tree: &Tree, place: &dyn Fn(usize) -> Place) -> Condition {
    Compiler { tree, place }.condition(&tree.root)
}

struct Compiler<'t> {
    tree: &'t Tree,
    place: &'t dyn Fn(usize) -> Place,
}

impl Compiler<'_> {
    fn condition(&self, node: &IdedExpr) -> Condition {
        match &node.expr {
            Expr::Literal(LiteralValue::Boolean(constant)) => Condition::Constant(*constant.inner()),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::LOGICAL_NOT, [inner]) => negated(self.condition(inner)),
                (operators::LOGICAL_AND, _) => self.joined(node, operators::LOGICAL_AND, Condition::All),
                (operators::LOGICAL_OR, _) => self.joined(node, operators::LOGICAL_OR, Condition::Any),
                (operators::EQUALS | operators::NOT_EQUALS, [left, right])
                    if constant(left).or(constant(right)).is_some() =>
                {
                    self.equals_constant(node, call.func_name == operators::EQUALS, left, right)
                }
                (operators::NOT_EQUALS, [left, right]) => match Self::equality(left, right) {
                    Some(atom) => negated(self.atom(node, atom)),
                    None => self.formula(node),
                },
                _ => Self::of_call(call).map_or_else(|| self.formula(node), |atom| self.atom(node, atom)),
            },
            Expr::Select(select) if select.test => {
                let bare = IdedExpr {
                    id: 0,
                    expr: Expr::Select(cel::common::ast::SelectExpr { test: false, ..select.clone() }),
                };
                field(&bare).map_or_else(|| self.formula(node), |field| self.atom(node, known(field)))
            }
            _ => match field(node) {
                Some(field) if field.kind() == Kind::Flag => self.atom(node, Atom::Flag(field)),
                _ => self.formula(node),
            },
        }
    }

    /// `fact == true` and its like.
    fn equals_constant(&self, node: &IdedExpr, equals: bool, left: &IdedExpr, right: &IdedExpr) -> Condition {
        let (fact, wanted) = match (constant(left), constant(right)) {
            (_, Some(wanted)) => (left, wanted),
            (Some(wanted), _) => (right, wanted),
            (None, None) => return self.formula(node),
        };
        // A further fact may be of another kind, which is then not equal.
        match field(fact) {
            Some(field) if field.kind() == Kind::Flag => {
                let flag = self.atom(node, Atom::Flag(field));
                if wanted == equals { flag } else { negated(flag) }
            }
            _ => self.formula(node),
        }
    }

    /// A chain of `&&` or of `||`, which the parser gives as a tree of pairs. Cheap parts come first: the order does not
    /// matter to the answer.
    fn joined(&self, node: &IdedExpr, operator: &str, join: fn(Vec<Condition>) -> Condition) -> Condition {
        let mut parts = Vec::new();
        self.parts(node, operator, &mut parts);
        parts.sort_by_key(Condition::cost);
        join(parts)
    }

    fn parts(&self, node: &IdedExpr, operator: &str, parts: &mut Vec<Condition>) {
        match &node.expr {
            Expr::Call(call) if call.func_name == operator => {
                call.args.iter().for_each(|arg| self.parts(arg, operator, parts));
            }
            _ => parts.push(self.condition(node)),
        }
    }

    fn atom(&self, node: &IdedExpr, atom: Atom) -> Condition {
        Condition::Atom(atom, (self.place)(self.tree.extent(node).start))
    }

    fn formula(&self, node: &IdedExpr) -> Condition {
        let extent = self.tree.extent(node);
        let written = self.tree.text().get(extent.clone()).unwrap_or_else(|| self.tree.text());
        Condition::Atom(Atom::Formula(Box::new(Formula::new(node.clone(), written))), (self.place)(extent.start))
    }

    fn of_call(call: &CallExpr) -> Option<Atom> {
        let compare = match call.func_name.as_str() {
            operators::EQUALS => {
                let [left, right] = call.args.as_slice() else { return None };
                return Self::equality(left, right);
            }
            operators::LESS => Compare::Less,
            operators::LESS_EQUALS => Compare::AtMost,
            operators::GREATER => Compare::More,
            operators::GREATER_EQUALS => Compare::AtLeast,
            operators::IN => {
                let [value, list] = call.args.as_slice() else { return None };
                return one_of(value, list);
            }
            _ => return part(call),
        };
        let [left, right] = call.args.as_slice() else { return None };
        if let (Some(field), Some(number)) = (field(left), number(right)) {
            return Some(Atom::Number(field, compare, number));
        }
        let (field, number) = (field(right)?, number(left)?);
        Some(Atom::Number(field, compare.mirrored(), number))
    }

    fn equality(left: &IdedExpr, right: &IdedExpr) -> Option<Atom> {
        match (field(left), field(right)) {
            (Some(one), Some(other)) => Some(Atom::Same(one, other)),
            (Some(field), None) => equal(field, right),
            (None, Some(field)) => equal(field, left),
            (None, None) => {
                let (fact, value) = match (lowered(left), lowered(right)) {
                    (Some(fact), _) => (fact, right),
                    (None, fact) => (fact?, left),
                };
                Some(Atom::Part(fact, true, Part::Is([text(value)?.into()].into())))
            }
        }
    }
}

fn constant(node: &IdedExpr) -> Option<bool> {
    match &node.expr {
        Expr::Literal(LiteralValue::Boolean(constant)) => Some(*constant.inner()),
        _ => None,
    }
}

fn negated(condition: Condition) -> Condition {
    match condition {
        Condition::Constant(constant) => Condition::Constant(!constant),
        Condition::Not(inner) => *inner,
        other => Condition::Not(Box::new(other)),
    }
}

/// What has(…) asks. Of an account that was found these are always known, so that they ask whether there is one.
fn known(field: Field) -> Atom {
    match field {
        Field::Account(_) if field.is_always_known() => {
            Atom::Known(Field::Account(crate::policy::rules::facts::AccountField::Id))
        }
        field => Atom::Known(field),
    }
}

fn equal(field: Field, value: &IdedExpr) -> Option<Atom> {
    if let Some(text) = text(value) {
        return Some(Atom::OneOf(field, [text.into()].into()));
    }
    Some(Atom::Number(field, Compare::Equal, number(value)?))
}

/// The fact of `fact.lowerAscii()`.
fn lowered(node: &IdedExpr) -> Option<Field> {
    match &node.expr {
        Expr::Call(call) if call.func_name == "lowerAscii" && call.args.is_empty() => field(call.target.as_deref()?),
        _ => None,
    }
}

fn one_of(value: &IdedExpr, list: &IdedExpr) -> Option<Atom> {
    if let Some(list) = field(list).filter(|list| list.kind() == Kind::Texts) {
        if let Some(text) = text(value) {
            return Some(Atom::Holds(list, text.into()));
        }
        let fact = field(value).map(|fact| (fact, false)).or_else(|| Some((lowered(value)?, true)));
        return fact.map(|(fact, lower)| Atom::HoldsFact(fact, lower, list));
    }
    let Expr::List(list) = &list.expr else { return None };
    let texts = list.elements.iter().map(|element| text(element).map(Box::from)).collect::<Option<_>>()?;
    match field(value) {
        Some(field) => Some(Atom::OneOf(field, texts)),
        None => Some(Atom::Part(lowered(value)?, true, Part::Is(texts))),
    }
}

/// `fact.contains("…")` and its like, and the same of `fact.lowerAscii()`.
fn part(call: &CallExpr) -> Option<Atom> {
    let target = call.target.as_deref()?;
    let (of, lower) = field(target).map(|of| (of, false)).or_else(|| Some((lowered(target)?, true)))?;
    let [written] = call.args.as_slice() else { return None };
    let written = text(written)?;
    let part = match call.func_name.as_str() {
        "contains" => Part::Contains(written.into()),
        "startsWith" => Part::StartsWith(written.into()),
        "endsWith" => Part::EndsWith(written.into()),
        "matches" => Part::Matches(pattern(written).ok()?),
        _ => return None,
    };
    Some(Atom::Part(of, lower, part))
}

/// The number that an expression is, if it depends on nothing: a number, or a moment.
fn number(node: &IdedExpr) -> Option<f64> {
    match &node.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner() as f64),
        Expr::Literal(LiteralValue::Double(number)) => Some(*number.inner()).filter(|number| number.is_finite()),
        Expr::Call(call) if call.func_name == operators::NEGATE => Some(-number(call.args.first()?)?),
        Expr::Call(call) if call.func_name == "timestamp" => match evaluate(call.clone())? {
            Value::Timestamp(at) => Some(micros(at.with_timezone(&Utc))),
            _ => None,
        },
        _ => None,
    }
}
