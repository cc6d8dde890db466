//! How a string is written: plain, in single or double quotes, or as a `|` block. Plain is for text that would
//! be read back as the same text; `|` for text of several lines; folding at 80 columns where a space allows it.

use super::{Emitter, STEP};
use crate::resolve::{Scalar, resolve};

/// Text is folded at the first space behind this column.
const WIDTH: isize = 80;

/// Where a scalar stands.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// It is a value (or a key) of a mapping.
    pub(super) mapping: bool,
    /// It is a key that must stay on its line.
    pub(super) key: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What about a text limits the styles it may have.
struct Traits {
    breaks: bool,
    plain: bool,
    single: bool,
    block: bool,
}

impl Emitter {
    pub(super) fn string(&mut self, text: &str, indent: isize, context: Context) {
        if is_simple(text) {
            return self.word(text);
        }
        // The indentation of what a scalar continues on further lines.
        let inner = if indent < 0 { STEP } else { indent + STEP };
        match style(text, context) {
            Style::Plain => self.plain(text, inner, !context.key),
            Style::Single => self.single_quoted(text, inner, !context.key),
            Style::Double => self.double_quoted(text, inner, !context.key),
            Style::Literal => self.literal(text, inner),
        }
    }

    /// Folds here instead of writing a space, if the line is full and a single space separates two words.
    fn folds(&self, allowed: bool, after_space: bool, next: Option<char>) -> bool {
        allowed && !after_space && self.column > WIDTH && next != Some(' ')
    }

    fn plain(&mut self, text: &str, indent: isize, allowed: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        let mut after_space = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == ' ' && self.folds(allowed, after_space, chars.peek().copied()) {
                self.indent_to(indent);
            } else {
                self.put(c);
            }
            after_space = c == ' ';
            self.indention &= after_space;
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, indent: isize, allowed: bool) {
        self.indicator("'", true, false, false);
        let mut after_space = false;
        let mut after_break = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if c == ' ' {
                if at > 0 && next.is_some() && self.folds(allowed, after_space, next) {
                    self.indent_to(indent);
                } else {
                    self.put(c);
                }
            } else if is_break(c) {
                if !after_break && c == '\n' {
                    self.line_break();
                }
                self.copy_break(c);
                self.indention = true;
            } else {
                if after_break {
                    self.indent_to(indent);
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
            }
            after_space = c == ' ' || after_space && is_break(c);
            after_break = is_break(c) || after_break && c == ' ';
        }
        self.indicator("'", false, false, false);
    }

    fn double_quoted(&mut self, text: &str, indent: isize, allowed: bool) {
        self.indicator("\"", true, false, false);
        // Go looks for a byte order mark at the start of the text, whichever character it is about to write.
        let marked = text.starts_with('\u{feff}');
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if marked || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.escape(c);
                after_space = false;
            } else if c == ' ' {
                if allowed && !after_space && self.column > WIDTH && at > 0 && next.is_some() {
                    self.indent_to(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                after_space = false;
            }
        }
        self.indicator("\"", false, false, false);
    }

    fn escape(&mut self, c: char) {
        let text = match c {
            '\0' => "\\0".to_owned(),
            '\u{7}' => "\\a".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\t' => "\\t".to_owned(),
            '\n' => "\\n".to_owned(),
            '\u{b}' => "\\v".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            '\r' => "\\r".to_owned(),
            '\u{1b}' => "\\e".to_owned(),
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\u{85}' => "\\N".to_owned(),
            '\u{a0}' => "\\_".to_owned(),
            '\u{2028}' => "\\L".to_owned(),
            '\u{2029}' => "\\P".to_owned(),
            _ => match c as u32 {
                code @ ..=0xFF => format!("\\x{code:02X}"),
                code @ ..=0xFFFF => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            },
        };
        text.chars().for_each(|c| self.put(c));
    }

    fn literal(&mut self, text: &str, indent: isize) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false, false, false);
        }
        let mut ends = text.chars().rev().map(is_break);
        match (ends.next(), ends.next()) {
            (Some(true), Some(false)) => {}
            (Some(true), _) => self.indicator("+", false, false, false),
            _ => self.indicator("-", false, false, false),
        }
        self.line_break();
        self.indention = true;
        self.whitespace = true;
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.copy_break(c);
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.indent_to(indent);
                }
                self.put(c);
                self.indention = false;
                after_break = false;
            }
        }
    }

    /// A line break of the text: LF is the document's own, others are written as they are.
    fn copy_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }
}

/// Whether it is one word that is plain wherever it stands: what most keys and values are.
fn is_simple(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'))
        && resolve(text, true) == Scalar::Str
}

fn style(text: &str, context: Context) -> Style {
    let traits = Traits::of(text);
    let wanted = if text.contains('\n') {
        Style::Literal
    } else if resolve(text, true) == Scalar::Str && !is_base60(text) {
        Style::Plain
    } else {
        Style::Double
    };
    match wanted {
        _ if context.key && traits.breaks => Style::Double,
        Style::Plain if traits.plain && !(text.is_empty() && context.key) => Style::Plain,
        Style::Plain if traits.single => Style::Single,
        Style::Literal if traits.block && !context.key => Style::Literal,
        _ => Style::Double,
    }
}

impl Traits {
    fn of(text: &str) -> Self {
        let mut indicator = text.starts_with("---") || text.starts_with("...");
        let mut special = false;
        let (mut breaks, mut break_space, mut space_break) = (false, false, false);
        let (mut after_space, mut after_break, mut after_white) = (false, false, true);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let before_blank = chars.peek().is_none_or(|(_, next)| matches!(next, ' ' | '\t'));
            indicator |= match c {
                '#' => at == 0 || after_white,
                ':' => before_blank,
                '?' | '-' => at == 0 && before_blank,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    at == 0
                }
                _ => false,
            };
            special |= !is_printable(c);
            let is_break = is_break(c);
            break_space |= c == ' ' && after_break;
            space_break |= is_break && after_space;
            breaks |= is_break;
            after_space = c == ' ';
            after_break = is_break;
            after_white = is_break || matches!(c, ' ' | '\t' | '\0');
        }
        let edge = |c: char| c == ' ' || is_break(c);
        let bare = text.starts_with(edge) || text.ends_with(edge);
        let trailing_space = text.ends_with(' ');
        Self {
            breaks,
            plain: !(indicator || special || breaks || break_space || space_break || bare),
            single: !(special || break_space || space_break),
            block: !(special || space_break || trailing_space || text.is_empty()),
        }
    }
}

pub(super) fn has_break(text: &str) -> bool {
    text.contains(is_break)
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What Go's emitter calls printable: no tab, nothing outside the basic plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

/// Base 60, `1:30`: text to us, but a number to other readers of YAML 1.1, so Go quotes it.
/// `[-+]? d [d_]* ( : [0-5]? d )+ ( . [d_]* )?`
fn is_base60(text: &str) -> bool {
    let Some((head, tail)) = text.split_once(':') else { return false };
    let head = head.strip_prefix(['+', '-']).unwrap_or(head).as_bytes();
    let digits = |b: &u8| b.is_ascii_digit() || *b == b'_';
    if !head.first().is_some_and(u8::is_ascii_digit) || !head.iter().all(digits) {
        return false;
    }
    let (groups, fraction) = tail.split_once('.').unwrap_or((tail, ""));
    let sixty = |group: &str| match group.as_bytes() {
        [b] => b.is_ascii_digit(),
        [b'0'..=b'5', b] => b.is_ascii_digit(),
        _ => false,
    };
    groups.split(':').all(sixty) && fraction.as_bytes().iter().all(digits)
}
