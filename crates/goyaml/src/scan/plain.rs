//! Scalars without quotes. Most are part of one line and borrow from the text; lines are joined only if there
//! are more.

use std::borrow::Cow;

use super::{Kind, Scan, Scanner};

impl<'t> Scanner<'t> {
    pub(super) fn fetch_plain(&mut self) -> Scan<()> {
        self.save_key()?;
        self.key_allowed = false;
        let indent = self.indent + 1;
        let mark = self.cursor.mark;
        let start = self.cursor.pos;
        let mut end = start;
        // Set once a line break lies inside the scalar.
        let mut joined: Option<String> = None;
        // The breaks since the last word: the first one, and those behind it.
        let mut breaks: Option<(char, String)> = None;
        loop {
            if self.cursor.at_document_indicator() || self.cursor.at(0) == b'#' {
                break;
            }
            let word = self.cursor.pos;
            self.skip_word();
            if self.cursor.pos > word {
                if let Some((first, more)) = breaks.take() {
                    let text = joined.get_or_insert_with(|| self.cursor.text[start..end].to_owned());
                    fold(text, first, &more);
                    text.push_str(self.cursor.since(word));
                } else if let Some(text) = &mut joined {
                    text.push_str(self.cursor.since(end));
                }
                end = self.cursor.pos;
            }
            if !(self.cursor.is_blank(0) || self.cursor.is_break(0)) {
                break;
            }
            loop {
                if self.cursor.is_blank(0) {
                    let abuse = self.cursor.at(0) == b'\t' && (self.cursor.mark.column as isize) < indent;
                    if breaks.is_some() && abuse {
                        return Err(self.fault("found a tab character that violates indentation"));
                    }
                    self.cursor.skip_ascii(1);
                } else if let Some(c) = self.cursor.take_break() {
                    match &mut breaks {
                        None => breaks = Some((c, String::new())),
                        Some((_, more)) => more.push(c),
                    }
                } else {
                    break;
                }
            }
            if self.flow == 0 && (self.cursor.mark.column as isize) < indent {
                break;
            }
        }
        let text = match joined {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(self.cursor.text.get(start..end).unwrap_or("")),
        };
        self.push(Kind::Scalar(text, true), mark);
        if breaks.is_some() {
            self.key_allowed = true;
        }
        Ok(())
    }

    /// On to the next white space, or to a character that ends a scalar without quotes.
    fn skip_word(&mut self) {
        loop {
            self.cursor.skip_ascii_while(|b| ORDINARY[usize::from(b)]);
            match self.cursor.at(0) {
                b' ' | b'\t' | b'\n' | b'\r' | 0 => return,
                b':' if self.cursor.is_blankz(1) => return,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if self.flow > 0 => return,
                0xC2 | 0xE2 if self.cursor.is_break(0) => return,
                _ => self.cursor.skip(),
            }
        }
    }
}

/// ASCII characters that never end a scalar without quotes.
const ORDINARY: [bool; 128] = {
    let mut table = [true; 128];
    let special = b" \t\n\r\0:,?[]{}";
    let mut i = 0;
    while i < special.len() {
        table[special[i] as usize] = false;
        i += 1;
    }
    table
};

/// Joins lines: one LF becomes a space, more lose the first; LS and PS stay.
pub(super) fn fold(text: &mut String, first: char, more: &str) {
    if first != '\n' {
        text.push(first);
    } else if more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}
