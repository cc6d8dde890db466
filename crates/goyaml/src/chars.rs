//! [`Cursor`]: a place in the text, with YAML 1.1's classes of characters (NEL, LS and PS are line breaks).
//! Knows no tokens. Beyond the end it reads NUL, which the text itself cannot hold.

/// A place: line and column from 0, and the number of characters before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) index: usize,
}

/// Where the scanner stands.
pub(crate) struct Cursor<'t> {
    pub(crate) text: &'t str,
    pub(crate) pos: usize,
    pub(crate) mark: Mark,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, pos: 0, mark: Mark::default() }
    }

    /// The byte `ahead` bytes from here; NUL beyond the end.
    #[inline]
    pub(crate) fn at(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.pos + ahead).copied().unwrap_or(0)
    }

    /// The text from `start` to here.
    pub(crate) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.pos).unwrap_or("")
    }

    #[inline]
    pub(crate) fn is_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    #[inline]
    pub(crate) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.at(ahead), b' ' | b'\t')
    }

    /// A line break: CR, LF, NEL, LS or PS.
    #[inline]
    pub(crate) fn is_break(&self, ahead: usize) -> bool {
        match self.at(ahead) {
            b'\n' | b'\r' => true,
            0xC2 => self.at(ahead + 1) == 0x85,
            0xE2 => self.at(ahead + 1) == 0x80 && matches!(self.at(ahead + 2), 0xA8 | 0xA9),
            _ => false,
        }
    }

    /// A line break or the end.
    #[inline]
    pub(crate) fn is_breakz(&self, ahead: usize) -> bool {
        self.at(ahead) == 0 || self.is_break(ahead)
    }

    /// A blank, a line break or the end.
    #[inline]
    pub(crate) fn is_blankz(&self, ahead: usize) -> bool {
        match self.at(ahead) {
            b' ' | b'\t' | b'\n' | b'\r' | 0 => true,
            0xC2 | 0xE2 => self.is_break(ahead),
            _ => false,
        }
    }

    /// A letter, digit, `_` or `-`: what names of anchors and tag handles are made of.
    #[inline]
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.at(0), b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-')
    }

    /// `---` or `...` at the start of a line, with white space behind.
    pub(crate) fn at_document_indicator(&self) -> bool {
        self.mark.column == 0
            && matches!((self.at(0), self.at(1), self.at(2)), (b'-', b'-', b'-') | (b'.', b'.', b'.'))
            && self.is_blankz(3)
    }

    /// One character on; not for line breaks that end a line.
    #[inline]
    pub(crate) fn skip(&mut self) {
        let width = match self.at(0) {
            0..=0x7F => 1,
            0x80..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        self.pos = (self.pos + width).min(self.text.len());
        self.mark.column += 1;
        self.mark.index += 1;
    }

    /// `count` ASCII characters on.
    #[inline]
    pub(crate) fn skip_ascii(&mut self, count: usize) {
        self.pos += count;
        self.mark.column += count;
        self.mark.index += count;
    }

    /// Over the ASCII characters from here for which `more` says so.
    #[inline]
    pub(crate) fn skip_ascii_while(&mut self, more: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.pos..).unwrap_or_default();
        let count = rest.iter().position(|b| !b.is_ascii() || !more(*b)).unwrap_or(rest.len());
        self.skip_ascii(count);
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.skip_ascii_while(|b| matches!(b, b' ' | b'\t'));
    }

    /// On to the line break, or to the end.
    pub(crate) fn skip_line(&mut self) {
        loop {
            self.skip_ascii_while(|b| !matches!(b, b'\n' | b'\r'));
            if self.is_breakz(0) {
                return;
            }
            self.skip();
        }
    }

    /// On to the line's end if a comment starts here.
    pub(crate) fn skip_comment(&mut self) {
        if self.at(0) == b'#' {
            self.skip_line();
        }
    }

    /// Over the line break that is here, if one is; says which character YAML makes of it (CR LF, CR, LF and
    /// NEL become LF; LS and PS stay).
    pub(crate) fn take_break(&mut self) -> Option<char> {
        let (width, chars, meaning) = match (self.at(0), self.at(1), self.at(2)) {
            (b'\r', b'\n', _) => (2, 2, '\n'),
            (b'\r' | b'\n', ..) => (1, 1, '\n'),
            (0xC2, 0x85, _) => (2, 1, '\n'),
            (0xE2, 0x80, 0xA8) => (3, 1, '\u{2028}'),
            (0xE2, 0x80, 0xA9) => (3, 1, '\u{2029}'),
            _ => return None,
        };
        self.pos += width;
        self.mark.index += chars;
        self.mark.column = 0;
        self.mark.line += 1;
        Some(meaning)
    }
}
