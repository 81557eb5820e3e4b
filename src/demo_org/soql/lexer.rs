//! Text to tokens.

use chrono::NaiveDate;

use super::super::stamp::Stamp;
use super::{Literal, SoqlError, Text};

/// A token with the character (counted from 0) where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// What the parser sees.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A keyword or a field path with dots.
    Word(String),
    /// A literal that is not a word (`null`, `TRUE` are words).
    Literal(Literal),
    /// One of `( ) , = != < <= > >=`.
    Symbol(&'static str),
    /// After the last character.
    End,
}

impl Token {
    /// As it is named in an error.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Literal(Literal::Text(text)) => format!("'{}'", text.text),
            Self::Literal(Literal::Number(n)) => n.to_string(),
            Self::Literal(Literal::Date(day)) => day.to_string(),
            Self::Literal(Literal::DateTime(at)) => at.to_string(),
            Self::Literal(Literal::Bool(b)) => b.to_string(),
            Self::Literal(Literal::Null) => "null".into(),
            Self::Symbol(symbol) => (*symbol).into(),
            Self::End => "<EOF>".into(),
        }
    }
}

/// Splits a query; the last token is always [`Token::End`].
pub(super) fn tokens(query: &str) -> Result<Vec<Spanned>, SoqlError> {
    let mut lexer = Lexer { chars: query.chars().collect(), at: 0 };
    let mut tokens = Vec::new();
    loop {
        let spanned = lexer.next()?;
        let end = spanned.token == Token::End;
        tokens.push(spanned);
        if end {
            return Ok(tokens);
        }
    }
}

/// The place of an error as Salesforce writes it, rows and columns from 1.
pub(super) fn place(query: &str, at: usize) -> String {
    let (mut row, mut column) = (1, 1);
    for c in query.chars().take(at) {
        if c == '\n' {
            (row, column) = (row + 1, 1);
        } else {
            column += 1;
        }
    }
    format!("ERROR at Row:{row}:Column:{column}")
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn error(&self, at: usize, what: &str) -> SoqlError {
        let query: String = self.chars.iter().collect();
        SoqlError::malformed(format!("{}\n{what}", place(&query, at)))
    }

    fn next(&mut self) -> Result<Spanned, SoqlError> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some('\'') => Token::Literal(Literal::Text(self.text()?)),
            Some(c) if c.is_ascii_alphabetic() => {
                Token::Word(self.take(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.'))
            }
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => Token::Literal(self.number_or_date()?),
            Some(c) => Token::Symbol(self.symbol(c)?),
        };
        Ok(Spanned { token, at: start })
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn symbol(&mut self, first: char) -> Result<&'static str, SoqlError> {
        let second = self.chars.get(self.at + 1).copied();
        let symbol = match (first, second) {
            ('!', Some('=')) | ('<', Some('>')) => "!=",
            ('<', Some('=')) => "<=",
            ('>', Some('=')) => ">=",
            ('<', _) => "<",
            ('>', _) => ">",
            ('=', _) => "=",
            ('(', _) => "(",
            (')', _) => ")",
            (',', _) => ",",
            _ => {
                return Err(
                    self.error(self.at, &format!("line 1:{} no viable alternative at character '{first}'", self.at))
                );
            }
        };
        let wide = matches!(symbol, "!=" | "<=" | ">=");
        self.at += if wide { 2 } else { 1 };
        Ok(symbol)
    }

    fn number_or_date(&mut self) -> Result<Literal, SoqlError> {
        let start = self.at;
        let word = self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | ':'));
        if let Some(at) = Stamp::parse_iso(&word) {
            return Ok(Literal::DateTime(at));
        }
        if word.len() == 10
            && let Ok(day) = NaiveDate::parse_from_str(&word, "%Y-%m-%d")
        {
            return Ok(Literal::Date(day));
        }
        let plain = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
        match word.parse::<f64>() {
            Ok(number) if plain && number.is_finite() => Ok(Literal::Number(number)),
            _ => Err(self.error(start, &format!("unexpected token: '{word}'"))),
        }
    }

    fn text(&mut self) -> Result<Text, SoqlError> {
        let start = self.at;
        self.at += 1;
        let mut text = Text::default();
        let mut length = 0;
        loop {
            let c = self.peek().ok_or_else(|| self.error(start, "unterminated string literal"))?;
            self.at += 1;
            let c = match c {
                '\'' => return Ok(text),
                '\\' => {
                    text.escaped.push(length);
                    self.escape(start)?
                }
                c => c,
            };
            text.text.push(c);
            length += 1;
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, start: usize) -> Result<char, SoqlError> {
        let c = self.peek().ok_or_else(|| self.error(start, "unterminated string literal"))?;
        self.at += 1;
        match c {
            '\'' | '"' | '\\' | '_' | '%' => Ok(c),
            'n' | 'N' => Ok('\n'),
            'r' | 'R' => Ok('\r'),
            't' | 'T' => Ok('\t'),
            'b' | 'B' => Ok('\u{8}'),
            'f' | 'F' => Ok('\u{c}'),
            'u' | 'U' => {
                let digits: String = self.chars.iter().skip(self.at).take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                self.at += 4;
                code.and_then(char::from_u32)
                    .ok_or_else(|| self.error(start, "invalid unicode escape in string literal"))
            }
            c => Err(self.error(start, &format!("invalid string literal: illegal character sequence '\\{c}'"))),
        }
    }
}
