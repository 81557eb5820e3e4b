//! Tokens to a [`Query`], by recursive descent.

use super::lexer::{Spanned, Token, place, tokens};
use super::{Condition, Literal, MAX_DEPTH, MAX_LENGTH, MAX_OFFSET, Op, Order, Path, Query, SoqlError};

/// Reads a query. Errors name the place, as Salesforce does.
pub(crate) fn parse(query: &str) -> Result<Query, SoqlError> {
    if query.chars().count() > MAX_LENGTH {
        return Err(SoqlError {
            code: "QUERY_TOO_COMPLICATED",
            message: "SOQL statements cannot be longer than 100000 characters.".into(),
        });
    }
    let mut parser = Parser { text: query, tokens: tokens(query)?, next: 0 };
    let query = parser.query()?;
    parser.expect_end()?;
    Ok(query)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Spanned>,
    next: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        // The last token is End and is never stepped over.
        &self.tokens[self.next.min(self.tokens.len() - 1)].token
    }

    fn unexpected<T>(&self) -> Result<T, SoqlError> {
        self.fail(&format!("unexpected token: '{}'", self.peek().shown()))
    }

    fn fail<T>(&self, what: &str) -> Result<T, SoqlError> {
        let at = self.tokens[self.next.min(self.tokens.len() - 1)].at;
        Err(SoqlError::malformed(format!("{}\n{what}", place(self.text, at))))
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn accept(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect(&mut self, keyword: &str) -> Result<(), SoqlError> {
        if self.accept(keyword) { Ok(()) } else { self.unexpected() }
    }

    fn accept_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(s) if *s == symbol);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), SoqlError> {
        if self.accept_symbol(symbol) { Ok(()) } else { self.unexpected() }
    }

    fn expect_end(&self) -> Result<(), SoqlError> {
        if *self.peek() == Token::End { Ok(()) } else { self.unexpected() }
    }

    fn query(&mut self) -> Result<Query, SoqlError> {
        self.expect("SELECT")?;
        let select = self.select()?;
        self.expect("FROM")?;
        let object = self.object()?;
        let filter = if self.accept("WHERE") { Some(self.condition(0)?) } else { None };
        let order = if self.accept("ORDER") { self.order()? } else { Vec::new() };
        let limit = if self.accept("LIMIT") { Some(self.whole_number()?) } else { None };
        let offset = if self.accept("OFFSET") { self.whole_number()? } else { 0 };
        if offset > MAX_OFFSET {
            let message = "Maximum SOQL offset allowed is 2000".into();
            return Err(SoqlError { code: "NUMBER_OUTSIDE_VALID_RANGE", message });
        }
        Ok(Query { select, object, filter, order, limit, offset })
    }

    fn select(&mut self) -> Result<Option<Vec<Path>>, SoqlError> {
        if self.accept("COUNT") {
            self.expect_symbol("(")?;
            self.expect_symbol(")")?;
            return Ok(None);
        }
        let mut fields = vec![self.path()?];
        while self.accept_symbol(",") {
            fields.push(self.path()?);
        }
        Ok(Some(fields))
    }

    fn object(&mut self) -> Result<String, SoqlError> {
        match self.path()?.as_slice() {
            [object] => Ok(object.clone()),
            _ => self.fail("a relationship is not supported after FROM"),
        }
    }

    fn path(&mut self) -> Result<Path, SoqlError> {
        let Token::Word(word) = self.peek() else { return self.unexpected() };
        if is_reserved(word) {
            return self.unexpected();
        }
        let path: Path = word.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return self.unexpected();
        }
        self.next += 1;
        Ok(path)
    }

    /// Conditions of one level. `AND` and `OR` do not mix without parentheses, as in SOQL itself.
    fn condition(&mut self, depth: usize) -> Result<Condition, SoqlError> {
        let mut parts = vec![self.term(depth)?];
        let word = if self.at_keyword("AND") { "AND" } else { "OR" };
        while self.accept(word) {
            parts.push(self.term(depth)?);
        }
        if self.at_keyword("AND") || self.at_keyword("OR") {
            return self.unexpected();
        }
        Ok(match (parts.pop(), parts.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                parts.extend(last);
                if word == "AND" { Condition::And(parts) } else { Condition::Or(parts) }
            }
        })
    }

    fn term(&mut self, depth: usize) -> Result<Condition, SoqlError> {
        if depth > MAX_DEPTH {
            return self.fail("the condition is nested too deeply");
        }
        if self.accept("NOT") {
            return Ok(Condition::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.accept_symbol("(") {
            let inside = self.condition(depth + 1)?;
            self.expect_symbol(")")?;
            return Ok(inside);
        }
        let field = self.path()?;
        if self.accept("NOT") {
            self.expect("IN")?;
            return Ok(Condition::In { field, negated: true, list: self.list()? });
        }
        if self.accept("IN") {
            return Ok(Condition::In { field, negated: false, list: self.list()? });
        }
        let op = self.operator()?;
        Ok(Condition::Compare { field, op, literal: self.literal()? })
    }

    fn operator(&mut self) -> Result<Op, SoqlError> {
        let op = match self.peek() {
            Token::Symbol("=") => Op::Eq,
            Token::Symbol("!=") => Op::Ne,
            Token::Symbol("<") => Op::Lt,
            Token::Symbol("<=") => Op::Le,
            Token::Symbol(">") => Op::Gt,
            Token::Symbol(">=") => Op::Ge,
            Token::Word(word) if word.eq_ignore_ascii_case("LIKE") => Op::Like,
            _ => return self.unexpected(),
        };
        self.next += 1;
        Ok(op)
    }

    fn list(&mut self) -> Result<Vec<Literal>, SoqlError> {
        self.expect_symbol("(")?;
        let mut list = vec![self.literal()?];
        while self.accept_symbol(",") {
            list.push(self.literal()?);
        }
        self.expect_symbol(")")?;
        Ok(list)
    }

    fn literal(&mut self) -> Result<Literal, SoqlError> {
        let literal = match self.peek() {
            Token::Literal(literal) => literal.clone(),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Literal::Null,
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Literal::Bool(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Literal::Bool(false),
            _ => return self.unexpected(),
        };
        self.next += 1;
        Ok(literal)
    }

    fn order(&mut self) -> Result<Vec<Order>, SoqlError> {
        self.expect("BY")?;
        let mut order = vec![self.order_part()?];
        while self.accept_symbol(",") {
            order.push(self.order_part()?);
        }
        Ok(order)
    }

    fn order_part(&mut self) -> Result<Order, SoqlError> {
        let field = self.path()?;
        let descending = self.accept("DESC");
        if !descending {
            self.accept("ASC");
        }
        let mut nulls_last = false;
        if self.accept("NULLS") {
            nulls_last = self.accept("LAST");
            if !nulls_last {
                self.expect("FIRST")?;
            }
        }
        Ok(Order { field, descending, nulls_last })
    }

    fn whole_number(&mut self) -> Result<u64, SoqlError> {
        match self.peek() {
            Token::Literal(Literal::Number(n)) if *n >= 0.0 && n.fract() == 0.0 && *n <= 1e9 => {
                let number = *n as u64;
                self.next += 1;
                Ok(number)
            }
            _ => self.unexpected(),
        }
    }
}

/// Words that cannot be a field or an object.
fn is_reserved(word: &str) -> bool {
    const RESERVED: [&str; 16] = [
        "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER", "LIMIT", "NULL", "TRUE", "FALSE", "ASC",
        "DESC", "USING",
    ];
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
