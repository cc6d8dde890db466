//! The lexer: a template's text as items, one at a time, with trim markers and comments already done.
//! Never knows grammar: whether an item may stand where it does is the parser's question.

use super::item::{Item, Kind};

const LEFT: &str = "{{";
const RIGHT: &str = "}}";

pub(super) struct Lexer<'t> {
    pub(super) input: &'t str,
    pub(super) pos: usize,
    pub(super) start: usize,
    line: u32,
    start_line: u32,
    paren_depth: u32,
    inside: bool,
    /// `break` and `continue` are keywords unless the host has functions of these names.
    loop_keywords: bool,
}

/// What a step gave: an item, or nothing yet.
pub(super) type Step<'t> = Option<Item<'t>>;

impl<'t> Lexer<'t> {
    pub(super) const fn new(input: &'t str, loop_keywords: bool) -> Self {
        Self { input, pos: 0, start: 0, line: 1, start_line: 1, paren_depth: 0, inside: false, loop_keywords }
    }

    /// The next item. After an error or the end it is the end for ever.
    pub(super) fn next_item(&mut self) -> Item<'t> {
        loop {
            let step = if self.inside { self.inside_action() } else { self.text() };
            if let Some(item) = step {
                return item;
            }
        }
    }

    fn rest(&self) -> &'t str {
        &self.input[self.pos..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    /// Takes `n` bytes and counts their lines.
    fn skip(&mut self, n: usize) {
        let text = &self.rest()[..n];
        self.line += lines_in(text);
        self.pos += n;
    }

    fn ignore(&mut self) {
        self.start = self.pos;
        self.start_line = self.line;
    }

    pub(super) fn emit(&mut self, kind: Kind) -> Step<'t> {
        let item = Item {
            kind,
            pos: self.start,
            text: &self.input[self.start..self.pos],
            line: self.start_line,
            error: String::new(),
        };
        self.ignore();
        Some(item)
    }

    pub(super) fn error(&mut self, message: impl Into<String>) -> Step<'t> {
        let item = Item {
            kind: Kind::Error,
            pos: self.start,
            text: "",
            line: self.start_line,
            error: message.into(),
        };
        self.input = "";
        self.pos = 0;
        self.start = 0;
        self.inside = false;
        Some(item)
    }

    fn text(&mut self) -> Step<'t> {
        let rest = self.rest();
        let Some(at) = rest.find(LEFT) else {
            if rest.is_empty() {
                return self.emit(Kind::Eof);
            }
            self.skip(rest.len());
            return self.emit(Kind::Text);
        };
        if at > 0 {
            let trims = has_left_trim(&rest[at + LEFT.len()..]);
            let kept = if trims { rest[..at].trim_end_matches(SPACES).len() } else { at };
            self.skip(kept);
            let item = self.emit(Kind::Text);
            self.skip(at - kept);
            self.ignore();
            if kept > 0 {
                return item;
            }
        }
        self.left_delim()
    }

    fn left_delim(&mut self) -> Step<'t> {
        self.pos += LEFT.len();
        let marker = if has_left_trim(self.rest()) { 2 } else { 0 };
        if self.rest()[marker..].starts_with("/*") {
            self.skip(marker);
            self.ignore();
            return self.comment();
        }
        let item = self.emit(Kind::LeftDelim);
        self.inside = true;
        self.skip(marker);
        self.ignore();
        self.paren_depth = 0;
        item
    }

    /// A comment gives no item: the text goes on behind it.
    fn comment(&mut self) -> Step<'t> {
        let Some(end) = self.rest()[2..].find("*/") else { return self.error("unclosed comment") };
        self.skip(end + 4);
        let Some(trims) = self.at_right_delim() else {
            return self.error("comment ends before closing delimiter");
        };
        self.right_delim_text(trims);
        self.ignore();
        None
    }

    fn right_delim(&mut self, trims: bool) -> Step<'t> {
        if trims {
            self.skip(2);
            self.ignore();
        }
        self.pos += RIGHT.len();
        let item = self.emit(Kind::RightDelim);
        if trims {
            self.skip(leading_spaces(self.rest()));
            self.ignore();
        }
        self.inside = false;
        item
    }

    fn right_delim_text(&mut self, trims: bool) {
        if trims {
            self.skip(2);
        }
        self.pos += RIGHT.len();
        if trims {
            self.skip(leading_spaces(self.rest()));
        }
    }

    /// Whether a right delimiter stands here, and if so whether it has a trim marker.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim(rest) && rest[2..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn inside_action(&mut self) -> Step<'t> {
        if let Some(trims) = self.at_right_delim() {
            if self.paren_depth == 0 {
                return self.right_delim(trims);
            }
            return self.error("unclosed left paren");
        }
        let Some(c) = self.peek() else { return self.error("unclosed action") };
        if is_space(c) {
            return self.space();
        }
        if c.is_ascii_digit() || c == '+' || c == '-' {
            return self.number();
        }
        self.bump();
        match c {
            '=' => self.emit(Kind::Assign),
            ':' => {
                if self.bump() == Some('=') {
                    self.emit(Kind::Declare)
                } else {
                    self.error("expected :=")
                }
            }
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string"),
            '`' => self.raw(),
            '$' => self.field_or_variable(Kind::Variable),
            '\'' => self.quoted('\'', Kind::Char, "unterminated character constant"),
            '.' => {
                if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.pos -= 1;
                    return self.number();
                }
                self.field_or_variable(Kind::Field)
            }
            '(' => {
                self.paren_depth += 1;
                self.emit(Kind::LeftParen)
            }
            ')' => {
                let Some(depth) = self.paren_depth.checked_sub(1) else {
                    return self.error("unexpected right paren");
                };
                self.paren_depth = depth;
                self.emit(Kind::RightParen)
            }
            _ if is_alphanumeric(c) => self.identifier(),
            '!'..='~' => self.emit(Kind::Other),
            _ => self.error(format!("unrecognized character in action: {}", unicode(Some(c)))),
        }
    }

    fn space(&mut self) -> Step<'t> {
        let mut last = self.pos;
        while self.peek().is_some_and(is_space) {
            last = self.pos;
            self.bump();
        }
        // The last space may belong to a trimming right delimiter.
        let from_last = &self.input[last..];
        if has_right_trim(from_last) && from_last[2..].starts_with(RIGHT) {
            if from_last.starts_with('\n') {
                self.line -= 1;
            }
            self.pos = last;
            if self.pos == self.start {
                return self.right_delim(true);
            }
        }
        self.emit(Kind::Space)
    }

    fn identifier(&mut self) -> Step<'t> {
        while self.peek().is_some_and(is_alphanumeric) {
            self.bump();
        }
        if !self.at_terminator() {
            return self.error(format!("bad character {}", unicode(self.peek())));
        }
        let kind = match &self.input[self.start..self.pos] {
            "block" => Kind::Block,
            "break" if self.loop_keywords => Kind::Break,
            "continue" if self.loop_keywords => Kind::Continue,
            "define" => Kind::Define,
            "else" => Kind::Else,
            "end" => Kind::End,
            "if" => Kind::If,
            "range" => Kind::Range,
            "nil" => Kind::Nil,
            "template" => Kind::Template,
            "with" => Kind::With,
            "true" | "false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind)
    }

    /// `.name`, `$name`, `.` or `$`.
    fn field_or_variable(&mut self, kind: Kind) -> Step<'t> {
        if self.at_terminator() {
            return self.emit(if kind == Kind::Variable { kind } else { Kind::Dot });
        }
        while self.peek().is_some_and(is_alphanumeric) {
            self.bump();
        }
        if !self.at_terminator() {
            return self.error(format!("bad character {}", unicode(self.peek())));
        }
        self.emit(kind)
    }

    /// What may follow a name: this is also what breaks `.X.Y` in two.
    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(c) => is_space(c) || self.rest().starts_with(RIGHT),
        }
    }

    fn quoted(&mut self, mark: char, kind: Kind, unterminated: &str) -> Step<'t> {
        loop {
            let mut c = self.bump();
            if c == Some('\\') {
                // Whatever is escaped, the mark too, does not end the literal.
                c = self.bump().map(|c| if c == '\n' { c } else { '\\' });
            }
            match c {
                None | Some('\n') => return self.error(unterminated),
                Some(c) if c == mark => return self.emit(kind),
                Some(_) => {}
            }
        }
    }

    fn raw(&mut self) -> Step<'t> {
        match self.rest().find('`') {
            Some(end) => {
                self.skip(end + 1);
                self.emit(Kind::RawString)
            }
            None => self.error("unterminated raw quoted string"),
        }
    }
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

fn is_space(c: char) -> bool {
    SPACES.contains(&c)
}

pub(super) fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn leading_spaces(s: &str) -> usize {
    s.len() - s.trim_start_matches(SPACES).len()
}

fn has_left_trim(s: &str) -> bool {
    matches!(s.as_bytes(), [b'-', b' ' | b'\t' | b'\r' | b'\n', ..])
}

fn has_right_trim(s: &str) -> bool {
    matches!(s.as_bytes(), [b' ' | b'\t' | b'\r' | b'\n', b'-', ..])
}

fn lines_in(s: &str) -> u32 {
    u32::try_from(s.bytes().filter(|b| *b == b'\n').count()).unwrap_or(u32::MAX)
}

/// `%#U` of a character; the end of the input is -1 to Go.
fn unicode(c: Option<char>) -> String {
    match c {
        None => String::from("U+FFFFFFFFFFFFFFFF"),
        Some(c) if crate::fmt::quote::is_print(c) => format!("U+{:04X} '{c}'", u32::from(c)),
        Some(c) => format!("U+{:04X}", u32::from(c)),
    }
}
