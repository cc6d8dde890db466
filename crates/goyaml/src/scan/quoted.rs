//! Scalars in single or double quotes. One that is on one line and has no escapes borrows from the text.

use std::borrow::Cow;

use super::plain::fold;
use super::{Kind, Scan, Scanner};

/// What a character behind `\` means. JSON's `\/` is unknown to YAML 1.1, and Go keeps it so.
const ESCAPES: [(u8, char); 18] = [
    (b'0', '\0'),
    (b'a', '\u{7}'),
    (b'b', '\u{8}'),
    (b't', '\t'),
    (b'\t', '\t'),
    (b'n', '\n'),
    (b'v', '\u{b}'),
    (b'f', '\u{c}'),
    (b'r', '\r'),
    (b'e', '\u{1b}'),
    (b' ', ' '),
    (b'"', '"'),
    (b'\'', '\''),
    (b'\\', '\\'),
    (b'N', '\u{85}'),
    (b'_', '\u{a0}'),
    (b'L', '\u{2028}'),
    (b'P', '\u{2029}'),
];

impl<'t> Scanner<'t> {
    pub(super) fn fetch_quoted(&mut self, single: bool) -> Scan<()> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        self.cursor.skip_ascii(1);
        let text = match self.simple_quoted(single) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.long_quoted(single)?),
        };
        self.cursor.skip_ascii(1);
        self.push(Kind::Scalar(text, false), mark);
        Ok(())
    }

    /// The content, if the closing quote is on this line and nothing in between means anything but itself.
    fn simple_quoted(&mut self, single: bool) -> Option<&'t str> {
        let rest = self.cursor.text.get(self.cursor.pos..)?;
        let quote = if single { b'\'' } else { b'"' };
        let length =
            rest.bytes().position(|b| b == quote || b == b'\\' && !single || !(b' '..0x7F).contains(&b))?;
        let after = rest.as_bytes().get(length + 1).copied();
        if rest.as_bytes().get(length) != Some(&quote) || single && after == Some(b'\'') {
            return None;
        }
        self.cursor.skip_ascii(length);
        rest.get(..length)
    }

    fn long_quoted(&mut self, single: bool) -> Scan<String> {
        let quote = if single { b'\'' } else { b'"' };
        let mut text = String::new();
        loop {
            if self.cursor.at_document_indicator() {
                return Err(self.fault("found unexpected document indicator"));
            }
            if self.cursor.is_end() {
                return Err(self.fault("found unexpected end of stream"));
            }
            let escaped_break = self.quoted_word(single, &mut text)?;
            if self.cursor.at(0) == quote {
                return Ok(text);
            }
            self.quoted_space(escaped_break, &mut text);
        }
    }

    /// Characters up to white space or the closing quote. True if an escaped line break ended them.
    fn quoted_word(&mut self, single: bool, text: &mut String) -> Scan<bool> {
        while !self.cursor.is_blankz(0) {
            match self.cursor.at(0) {
                b'\'' if single && self.cursor.at(1) == b'\'' => {
                    text.push('\'');
                    self.cursor.skip_ascii(2);
                }
                b'\'' if single => break,
                b'"' if !single => break,
                b'\\' if !single => {
                    self.cursor_escape(text)?;
                    if self.cursor.mark.column == 0 {
                        return Ok(true);
                    }
                }
                _ => {
                    let start = self.cursor.pos;
                    self.cursor.skip();
                    text.push_str(self.cursor.since(start));
                }
            }
        }
        Ok(false)
    }

    /// White space between words: kept on one line, folded over several.
    fn quoted_space(&mut self, escaped_break: bool, text: &mut String) {
        let start = self.cursor.pos;
        self.cursor.skip_blanks();
        let same_line = self.cursor.since(start);
        let mut breaks: Option<(char, String)> = None;
        while let Some(c) = self.cursor.take_break() {
            match &mut breaks {
                None if !escaped_break => breaks = Some((c, String::new())),
                None => breaks = Some(('\0', String::from(c))),
                Some((_, more)) => more.push(c),
            }
            self.cursor.skip_blanks();
        }
        match breaks {
            // After an escaped break the blanks of the next line are indentation, and further breaks stay.
            Some(('\0', more)) => text.push_str(&more),
            Some((first, more)) => fold(text, first, &more),
            None if escaped_break => {}
            None => text.push_str(same_line),
        }
    }

    /// An escape sequence, the cursor on its `\`. An escaped line break leaves the cursor in column 0.
    fn cursor_escape(&mut self, text: &mut String) -> Scan<()> {
        if self.cursor.is_break(1) {
            self.cursor.skip_ascii(1);
            self.cursor.take_break();
            return Ok(());
        }
        let code = self.cursor.at(1);
        let digits = match code {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => {
                let known = ESCAPES.iter().find(|(escape, _)| *escape == code);
                let Some((_, meaning)) = known else {
                    return Err(self.fault("found unknown escape character"));
                };
                text.push(*meaning);
                self.cursor.skip_ascii(2);
                return Ok(());
            }
        };
        self.cursor.skip_ascii(2);
        let mut value: u32 = 0;
        for k in 0..digits {
            let Some(digit) = char::from(self.cursor.at(k)).to_digit(16) else {
                return Err(self.fault("did not find expected hexdecimal number"));
            };
            // Eight digits may exceed what a character can be, but not what 32 bits can hold.
            value = (value << 4) + digit;
        }
        match char::from_u32(value) {
            Some(c) => text.push(c),
            None => return Err(self.fault("found invalid Unicode character escape code")),
        }
        self.cursor.skip_ascii(digits);
        Ok(())
    }
}
