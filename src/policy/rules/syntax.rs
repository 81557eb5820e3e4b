//! From the text of a condition to its syntax tree, by the `cel` crate. What people get wrong most is found before it, so
//! that it can be said in their words.

mod slips;

use std::ops::Range;
use std::sync::{Arc, LazyLock};
use std::thread;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo};
use cel::{Env, ParseError};

use super::words::quoted;

/// Longest condition, in bytes.
const LONGEST: usize = 8_000;
/// Deepest nesting of brackets, and of the tree (where `&&` and `||` count by the logarithm of their terms). What reads and
/// evaluates a tree goes down it by recursion, so this bounds the stack.
const DEEPEST: u16 = 32;
/// Stack on which conditions are read. One nested bracket costs the parser up to 130 kB in a debug build, so that a thread
/// of the worker would have room for a dozen only.
const STACK: usize = 32 << 20;

/// The language: CEL's standard functions, and those for texts (`lowerAscii`, …). Without the syntax of optional values
/// (`a.?b`), which would be a second way to ask whether something is known.
pub(super) static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    env.add_extension(cel::extensions::strings).expect("the names of the two libraries differ");
    Arc::new(env)
});

/// A mistake in a condition: which bytes of it, what, and the cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) cure: String,
}

impl Mistake {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { span, message: message.into(), cure: cure.into() }
    }
}

/// A condition that was read.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: IdedExpr,
    info: SourceInfo,
}

impl Tree {
    /// The bytes of the token that a node was made of: the name of a variable, the dot of a selection, the operator, the
    /// opening bracket of a call.
    pub(super) fn token(&self, id: u64) -> Range<usize> {
        self.info.offset_for(id).map_or(0..0, |(start, stop)| start as usize..(stop as usize + 1).max(start as usize))
    }

    /// The text it was read from.
    pub(super) fn text(&self) -> &str {
        &self.info.source
    }

    /// The bytes that a node and everything below it were made of, brackets included.
    pub(super) fn extent(&self, node: &IdedExpr) -> Range<usize> {
        let tokens = self.tokens(node);
        slips::balanced(self.text(), tokens)
    }

    /// From the first to the last token below a node, as far as the parser says; closing brackets have no node.
    fn tokens(&self, node: &IdedExpr) -> Range<usize> {
        let mut extent = self.token(node.id);
        each_child(node, &mut |child| {
            let inner = self.tokens(child);
            if !inner.is_empty() {
                extent =
                    if extent.is_empty() { inner } else { extent.start.min(inner.start)..extent.end.max(inner.end) };
            }
        });
        if let Expr::Select(select) = &node.expr
            && let Some(rest) = self.text().get(extent.end..)
        {
            // The name after the dot is no node; between the two may be blanks.
            let blanks = rest.len() - rest.trim_start().len();
            if rest.trim_start().starts_with(&select.field) {
                extent.end += blanks + select.field.len();
            }
        }
        extent
    }
}

/// Calls back for every node directly below one.
pub(super) fn each_child<'t>(node: &'t IdedExpr, call: &mut dyn FnMut(&'t IdedExpr)) {
    match &node.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Call(inner) => {
            inner.target.iter().for_each(|target| call(target));
            inner.args.iter().for_each(call);
        }
        Expr::Comprehension(inner) => {
            let parts = [&inner.iter_range, &inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result];
            parts.into_iter().for_each(call);
        }
        Expr::List(inner) => inner.elements.iter().for_each(call),
        Expr::Select(inner) => call(&inner.operand),
        Expr::Map(_) | Expr::Struct(_) => {
            let entries = match &node.expr {
                Expr::Map(inner) => &inner.entries,
                Expr::Struct(inner) => &inner.entries,
                _ => return,
            };
            for entry in entries {
                match &entry.expr {
                    EntryExpr::StructField(field) => call(&field.value),
                    EntryExpr::MapEntry(entry) => {
                        call(&entry.key);
                        call(&entry.value);
                    }
                }
            }
        }
    }
}

/// Reads some conditions. In order; each is a tree or its mistakes.
pub(super) fn read_all(conditions: &[&str]) -> Vec<Result<Tree, Vec<Mistake>>> {
    if conditions.is_empty() {
        return Vec::new();
    }
    let all = || conditions.iter().map(|text| read(text)).collect();
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("rules".to_owned()).stack_size(STACK).spawn_scoped(scope, all);
        if let Ok(Ok(trees)) = reader.map(thread::ScopedJoinHandle::join) {
            return trees;
        }
        let failed = || Mistake::new(0..0, "this condition could not be read", "write it more simply");
        conditions.iter().map(|_| Err(vec![failed()])).collect()
    })
}

fn read(text: &str) -> Result<Tree, Vec<Mistake>> {
    if text.trim().is_empty() {
        let cure = "write what must hold, for example lead.source == \"Webinar\"; a rule for every lead says \"true\"";
        return Err(vec![Mistake::new(0..text.len(), "the condition is empty", cure)]);
    }
    if text.len() > LONGEST {
        let message = format!("the condition is longer than {LONGEST} characters");
        return Err(vec![Mistake::new(0..text.len(), message, "split it into several rules")]);
    }
    let slips = slips::find(text, DEEPEST as usize);
    if !slips.is_empty() {
        return Err(slips);
    }
    match LANGUAGE.parser().max_recursion_depth(DEEPEST).parse_with_source_info(text) {
        Ok((root, info)) if depth(&root) > DEEPEST as usize => {
            let _ = (root, info);
            Err(vec![Mistake::new(0..text.len(), "the condition is nested too deeply", "split it into several rules")])
        }
        Ok((root, info)) => Ok(Tree { root, info }),
        // What follows the first mistake is mostly its consequence.
        Err(errors) => Err(errors.errors.first().map(|error| in_plain_words(text, error)).into_iter().collect()),
    }
}

fn depth(node: &IdedExpr) -> usize {
    let mut deepest = 0;
    each_child(node, &mut |child| deepest = deepest.max(depth(child)));
    deepest + 1
}

/// The byte at which a line and column (from 1, in characters) of the parser are.
fn byte_at(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1) - 1;
    let column = usize::try_from(column).unwrap_or(1).max(1) - 1;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or("");
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The parser speaks of tokens that it expects; a manager wants to know what is wrong.
fn in_plain_words(text: &str, error: &ParseError) -> Mistake {
    let at = byte_at(text, error.pos);
    let rest = text.get(at..).unwrap_or("");
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).collect();
    let meant = if word.is_empty() { rest.chars().next().map(String::from).unwrap_or_default() } else { word };
    let span = at..at + meant.len();
    let message = error.msg.trim_start_matches("Syntax error: ");
    if rest.trim().is_empty() {
        let cure = "something is missing at its end: a value, a closing bracket or a closing quote";
        return Mistake::new(text.trim_end().len()..text.len(), "the condition ends too early", cure);
    }
    if rest.starts_with(['"', '\'']) && message.starts_with("token recognition error") {
        return Mistake::new(
            span,
            "this text in quotes is not understood",
            "close the quote; a backslash is written twice (\\\\), a quote inside as \\\"",
        );
    }
    if message.starts_with("Recursion limit") {
        return Mistake::new(span, "the condition is nested too deeply", "split it into several rules");
    }
    if let Some(name) = message.strip_prefix("reserved identifier: ") {
        return Mistake::new(span, format!("{} cannot be used here", quoted(name)), "put texts in quotes");
    }
    if message.starts_with("invalid argument to has()") {
        return Mistake::new(
            span,
            "has() asks about one fact",
            "write has(lead.industry), or has(account.id) for whether there is an account",
        );
    }
    if message.starts_with("invalid") && message.ends_with("literal") {
        return Mistake::new(
            span,
            format!("{} is no number that can be used", quoted(&meant)),
            "write a smaller number",
        );
    }
    if message.starts_with("unsupported syntax") {
        return Mistake::new(span, "this way of asking is not used in rules", "ask has(lead.industry) first, with &&");
    }
    if message.starts_with("Incomplete") && message.contains("_?_:_") {
        return Mistake::new(span, "a choice needs both outcomes", "write: question ? this : that");
    }
    if message.starts_with("missing ')'") || message.starts_with("missing ']'") {
        return Mistake::new(span, "a bracket is not closed before this", "close it");
    }
    Mistake::new(
        span,
        format!("{} cannot stand here", quoted(&meant)),
        "between two conditions stands && (and) or || (or), between two values of a list a comma",
    )
}
