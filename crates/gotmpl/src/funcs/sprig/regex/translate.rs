//! Go's regular expressions (RE2 syntax) in the words of the `regex` crate.
//!
//! The two agree in what they match but not in how it is written: Go's `\d \w \s \b` are ASCII, `\Q…\E` quotes,
//! octal escapes are allowed, `x**` is refused, `{` alone is a letter, and a class has no classes in it. So the
//! pattern is read as Go reads it, with Go's errors, and written anew with nothing left to interpretation.
//! Never matches anything.

use super::class;

/// Groups may nest this deep; Go allows 1000, which takes a stack that grows.
const MAX_NESTING: usize = 200;
/// The largest count of a repetition.
const MAX_REPEAT: u32 = 1000;

/// A translated pattern.
#[derive(Debug)]
pub(super) struct Translated {
    /// For the `regex` crate; no group has a name there.
    pub(super) pattern: String,
    /// Names of the groups by index, the whole match first; two groups may share a name.
    pub(super) names: Vec<Option<String>>,
}

/// Go's complaint about a pattern: what is wrong, and which part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PatternError {
    pub(super) what: &'static str,
    pub(super) part: String,
}

impl PatternError {
    pub(super) fn new(what: &'static str, part: &str) -> Self {
        Self { what, part: String::from(part) }
    }
}

impl std::fmt::Display for PatternError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error parsing regexp: {}: `{}`", self.what, self.part)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flags {
    fold: bool,
    multi_line: bool,
    dot_all: bool,
    swap_greed: bool,
}

impl Flags {
    const NONE: Self = Self { fold: false, multi_line: false, dot_all: false, swap_greed: false };

    /// `im-sU`, every flag said.
    fn text(self) -> String {
        let all = [('i', self.fold), ('m', self.multi_line), ('s', self.dot_all), ('U', self.swap_greed)];
        let mut out: String = all.iter().filter(|(_, on)| *on).map(|(flag, _)| *flag).collect();
        if all.iter().any(|(_, on)| !on) {
            out.push('-');
            out.extend(all.iter().filter(|(_, on)| !on).map(|(flag, _)| *flag));
        }
        out
    }
}

/// Reads a pattern as Go does.
///
/// # Errors
/// What Go's `regexp.Compile` complains about.
pub(super) fn translate(pattern: &str) -> Result<Translated, PatternError> {
    let mut parser = Parser {
        pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() * 2),
        names: vec![None],
        outer: Vec::new(),
        flags: Flags::NONE,
        written: Flags::NONE,
        repeatable: false,
    };
    parser.run()?;
    Ok(Translated { pattern: parser.out, names: parser.names })
}

struct Parser<'p> {
    pattern: &'p str,
    rest: &'p str,
    out: String,
    names: Vec<Option<String>>,
    /// Flags to return to when each open group ends.
    outer: Vec<Flags>,
    flags: Flags,
    /// The flags that the output has at this place; they are written only when something is there to use them,
    /// for in Go a repetition may stand behind a change of flags.
    written: Flags,
    /// Whether there is something that a repetition can repeat.
    repeatable: bool,
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<(), PatternError> {
        let mut last_repeat: Option<&'p str> = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let mut repeat = None;
            match c {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.skip(1);
                    self.out.push('|');
                    self.repeatable = false;
                }
                '^' | '$' | '.' => {
                    self.skip(1);
                    self.atom(c.encode_utf8(&mut [0; 4]));
                }
                '[' => {
                    let (text, rest) = class::bracketed(self.rest)?;
                    self.rest = rest;
                    self.atom(&text);
                }
                '*' | '+' | '?' => {
                    self.skip(1);
                    self.repeat(before, last_repeat, c.encode_utf8(&mut [0; 4]))?;
                    repeat = Some(before);
                }
                '{' => match counted(self.rest) {
                    Some((min, max, rest)) => {
                        let part = &before[..before.len() - rest.len()];
                        self.rest = rest;
                        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || max < min) {
                            return Err(PatternError::new("invalid repeat count", part));
                        }
                        self.repeat(before, last_repeat, part)?;
                        repeat = Some(before);
                    }
                    None => {
                        self.skip(1);
                        self.literal('{');
                    }
                },
                '\\' => self.backslash()?,
                _ => {
                    self.skip(c.len_utf8());
                    self.literal(c);
                }
            }
            last_repeat = repeat;
        }
        if self.outer.is_empty() { Ok(()) } else { Err(PatternError::new("missing closing )", self.pattern)) }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    /// Writes something that can be repeated, behind the flags it is read under.
    fn atom(&mut self, text: &str) {
        self.sync_flags();
        self.out.push_str(text);
        self.repeatable = true;
    }

    fn sync_flags(&mut self) {
        if self.flags != self.written {
            self.out.push_str("(?");
            self.out.push_str(&self.flags.text());
            self.out.push(')');
            self.written = self.flags;
        }
    }

    fn literal(&mut self, c: char) {
        let text = class::literal(c);
        self.atom(&text);
    }

    /// A repetition, and the `?` behind it. A flag change between it and what it repeats has not been written yet.
    fn repeat(&mut self, before: &'p str, last: Option<&'p str>, operator: &str) -> Result<(), PatternError> {
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.skip(1);
        }
        if let Some(last) = last {
            let part = &last[..last.len() - self.rest.len()];
            return Err(PatternError::new("invalid nested repetition operator", part));
        }
        if !self.repeatable {
            let part = &before[..before.len() - self.rest.len()];
            return Err(PatternError::new("missing argument to repetition operator", part));
        }
        self.out.push_str(operator);
        // Greed is of the flags at the repetition, which may differ from those written at the atom.
        if lazy != (self.flags.swap_greed != self.written.swap_greed) {
            self.out.push('?');
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternError> {
        if self.outer.len() >= MAX_NESTING {
            return Err(PatternError::new("expression nests too deeply", self.pattern));
        }
        if self.rest.starts_with("(?") {
            return self.special_group();
        }
        self.skip(1);
        self.enter("(", None, self.flags);
        Ok(())
    }

    fn enter(&mut self, opening: &str, name: Option<Option<String>>, outer: Flags) {
        self.sync_flags();
        self.out.push_str(opening);
        if opening == "(" {
            self.names.push(name.flatten());
        }
        self.outer.push(outer);
        self.repeatable = false;
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let Some(flags) = self.outer.pop() else {
            return Err(PatternError::new("unexpected )", self.pattern));
        };
        self.skip(1);
        self.out.push(')');
        // Changes of flags end with their group, in Go and in the output; the group began with its flags written.
        self.flags = flags;
        self.written = flags;
        self.repeatable = true;
        Ok(())
    }

    /// `(?P<name>`, `(?<name>`, `(?flags)` or `(?flags:`.
    fn special_group(&mut self) -> Result<(), PatternError> {
        let group = self.rest;
        let name_at = match group.as_bytes() {
            [_, _, b'P', b'<', _, ..] => Some(4),
            [_, _, b'<', _, ..] => Some(3),
            _ => None,
        };
        if let Some(start) = name_at {
            let Some(end) = group.find('>') else {
                return Err(PatternError::new("invalid named capture", group));
            };
            let name = &group[start..end.max(start)];
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(PatternError::new("invalid named capture", &group[..=end]));
            }
            self.skip(end + 1);
            self.enter("(", Some(Some(String::from(name))), self.flags);
            return Ok(());
        }
        let (mut flags, mut on, mut saw_flag) = (self.flags, true, false);
        for (at, c) in group.char_indices().skip(2) {
            let end = at + c.len_utf8();
            match c {
                'i' => flags.fold = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_all = on,
                'U' => flags.swap_greed = on,
                '-' if on => {
                    (on, saw_flag) = (false, false);
                    continue;
                }
                ':' | ')' if on || saw_flag => {
                    self.skip(end);
                    let outer = self.flags;
                    if c == ':' {
                        self.enter("(?:", None, outer);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => {
                    return Err(PatternError::new("invalid or unsupported Perl syntax", &group[..end]));
                }
            }
            saw_flag = true;
        }
        Err(PatternError::new("invalid or unsupported Perl syntax", group))
    }

    fn backslash(&mut self) -> Result<(), PatternError> {
        let escape = self.rest;
        match escape[1..].chars().next() {
            Some(c @ ('A' | 'z')) => {
                self.skip(2);
                self.atom(if c == 'A' { r"\A" } else { r"\z" });
            }
            Some(c @ ('b' | 'B')) => {
                self.skip(2);
                self.atom(if c == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
            }
            Some('C') => return Err(PatternError::new("invalid escape sequence", &escape[..2])),
            Some('Q') => {
                self.skip(2);
                let (quoted, rest) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
                quoted.chars().for_each(|c| self.literal(c));
                self.rest = rest;
            }
            _ => {
                if let Some((item, rest)) = class::shorthand(escape)? {
                    self.rest = rest;
                    self.atom(&format!("[{item}]"));
                } else {
                    let (c, rest) = class::escape(escape)?;
                    self.rest = rest;
                    self.literal(c);
                }
            }
        }
        Ok(())
    }
}

/// `{n}`, `{n,}` or `{n,m}`: the counts and what follows. Too large ones come as the largest.
fn counted(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (counts, rest) = text.strip_prefix('{')?.split_once('}')?;
    let number = |digits: &str| -> Option<u32> {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let zeros = digits.len() > 1 && digits.starts_with('0');
        (plain && !zeros).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    match counts.split_once(',') {
        None => number(counts).map(|n| (n, Some(n), rest)),
        Some((min, "")) => number(min).map(|n| (n, None, rest)),
        Some((min, max)) => Some((number(min)?, Some(number(max)?), rest)),
    }
}
