//! Block scalars, `|` and `>`.

use std::borrow::Cow;

use super::{Kind, Scan, Scanner};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

impl<'t> Scanner<'t> {
    pub(super) fn fetch_block_scalar(&mut self, literal: bool) -> Scan<()> {
        self.drop_key()?;
        self.key_allowed = true;
        let mark = self.cursor.mark;
        self.cursor.skip_ascii(1);
        let (chomp, increment) = self.block_header()?;
        let mut indent = if increment > 0 { self.indent.max(0) as usize + increment } else { 0 };

        let mut text = String::new();
        // The break behind the last line, and the empty lines that follow it.
        let mut ending: Option<char> = None;
        let mut empty = String::new();
        let mut after_blank = false;
        self.block_breaks(&mut indent, &mut empty)?;
        while self.cursor.mark.column == indent && !self.cursor.is_end() {
            let blank = self.cursor.is_blank(0);
            // Folding: a single break between two lines that start with text is a space.
            if literal || after_blank || blank || ending != Some('\n') {
                text.extend(ending);
            } else if empty.is_empty() {
                text.push(' ');
            }
            text.push_str(&empty);
            empty.clear();
            after_blank = blank;
            let start = self.cursor.pos;
            self.cursor.skip_line();
            text.push_str(self.cursor.since(start));
            ending = self.cursor.take_break();
            self.block_breaks(&mut indent, &mut empty)?;
        }
        if chomp != Chomp::Strip {
            text.extend(ending);
        }
        if chomp == Chomp::Keep {
            text.push_str(&empty);
        }
        self.push(Kind::Scalar(Cow::Owned(text), false), mark);
        Ok(())
    }

    /// What stands behind `|` or `>`: how to chomp, how deep the text is, in either order; then the line's end.
    fn block_header(&mut self) -> Scan<(Chomp, usize)> {
        let mut chomp = self.chomp_sign();
        let mut increment = 0;
        if self.cursor.at(0).is_ascii_digit() {
            increment = usize::from(self.cursor.at(0) - b'0');
            if increment == 0 {
                return Err(self.fault("found an indentation indicator equal to 0"));
            }
            self.cursor.skip_ascii(1);
            if chomp.is_none() {
                chomp = self.chomp_sign();
            }
        }
        self.cursor.skip_blanks();
        self.cursor.skip_comment();
        if !self.cursor.is_breakz(0) {
            return Err(self.fault("did not find expected comment or line break"));
        }
        self.cursor.take_break();
        Ok((chomp.unwrap_or(Chomp::Clip), increment))
    }

    fn chomp_sign(&mut self) -> Option<Chomp> {
        let chomp = match self.cursor.at(0) {
            b'+' => Chomp::Keep,
            b'-' => Chomp::Strip,
            _ => return None,
        };
        self.cursor.skip_ascii(1);
        Some(chomp)
    }

    /// Over indentation and empty lines. If the depth is not known yet, it becomes that of the deepest line up
    /// to and with the first that has text, but at least one more than the parent's.
    fn block_breaks(&mut self, indent: &mut usize, empty: &mut String) -> Scan<()> {
        let mut deepest = 0;
        loop {
            let open = |s: &Self, indent: usize| indent == 0 || s.cursor.mark.column < indent;
            while open(self, *indent) && self.cursor.at(0) == b' ' {
                self.cursor.skip_ascii(1);
            }
            deepest = deepest.max(self.cursor.mark.column);
            if open(self, *indent) && self.cursor.at(0) == b'\t' {
                return Err(self.fault("found a tab character where an indentation space is expected"));
            }
            match self.cursor.take_break() {
                Some(c) => empty.push(c),
                None => break,
            }
        }
        if *indent == 0 {
            *indent = deepest.max((self.indent + 1).max(1) as usize);
        }
        Ok(())
    }
}
