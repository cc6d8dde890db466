//! The growing output of one print, with its flags: padding, truncation, strings. Bounded: past its limit it
//! takes no more and remembers that it is full.

use super::quote::{can_backquote, decode, quote, quote_to_ascii};

/// The flags of a verb.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`: names of struct fields.
    pub(super) plus_v: bool,
    /// `%#v`: Go syntax.
    pub(super) sharp_v: bool,
}

pub(super) struct Writer {
    pub(super) out: Vec<u8>,
    pub(super) flags: Flags,
    limit: usize,
    pub(super) full: bool,
}

impl Writer {
    pub(super) const fn new(out: Vec<u8>, limit: usize) -> Self {
        Self {
            out,
            flags: Flags {
                width: None,
                precision: None,
                plus: false,
                minus: false,
                sharp: false,
                space: false,
                zero: false,
                plus_v: false,
                sharp_v: false,
            },
            limit,
            full: false,
        }
    }

    /// Whether `n` more bytes fit.
    pub(super) fn reserve(&mut self, n: usize) -> bool {
        self.full |= self.out.len().saturating_add(n) > self.limit;
        !self.full
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        if self.reserve(bytes.len()) {
            self.out.extend_from_slice(bytes);
        }
    }

    pub(super) fn spaces(&mut self, n: usize) {
        self.fill(n, b' ');
    }

    pub(super) fn zeros(&mut self, n: usize) {
        self.fill(n, b'0');
    }

    fn fill(&mut self, n: usize, byte: u8) {
        if self.reserve(n) {
            self.out.resize(self.out.len() + n, byte);
        }
    }

    /// Writes `bytes` padded to the width, with zeros on the left if the flags ask for them.
    pub(super) fn pad(&mut self, bytes: &[u8]) {
        let padding = match self.flags.width {
            None | Some(0) => 0,
            Some(width) => width.saturating_sub(count(bytes)),
        };
        if self.flags.minus {
            self.write(bytes);
            self.spaces(padding);
        } else {
            self.fill(padding, if self.flags.zero { b'0' } else { b' ' });
            self.write(bytes);
        }
    }

    /// As [`Self::pad`], never with zeros.
    pub(super) fn pad_with_spaces(&mut self, bytes: &[u8]) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(bytes);
        self.flags.zero = zero;
    }

    /// `%s`: cut to the precision, padded to the width.
    pub(super) fn string(&mut self, bytes: &[u8]) {
        let bytes = self.cut(bytes);
        self.pad(bytes);
    }

    /// `%q` of a string.
    pub(super) fn quoted(&mut self, bytes: &[u8]) {
        let bytes = self.cut(bytes);
        if !self.reserve(bytes.len()) {
            return;
        }
        if self.flags.sharp && can_backquote(bytes) {
            self.pad(&[b"`", bytes, b"`"].concat());
        } else if self.flags.plus {
            self.pad(quote_to_ascii(bytes).as_bytes());
        } else {
            self.pad(quote(bytes).as_bytes());
        }
    }

    /// `%x` and `%X` of a string.
    pub(super) fn hex(&mut self, bytes: &[u8], upper: bool) {
        let bytes = &bytes[..self.flags.precision.map_or(bytes.len(), |p| p.min(bytes.len()))];
        if bytes.is_empty() {
            self.pad_with_fill(&[]);
            return;
        }
        if !self.reserve(bytes.len().saturating_mul(5)) {
            return;
        }
        let (digits, prefix) = if upper { (b"0123456789ABCDEF", "0X") } else { (b"0123456789abcdef", "0x") };
        let mut text = Vec::with_capacity(bytes.len() * 3);
        for (i, byte) in bytes.iter().enumerate() {
            if self.flags.space && i > 0 {
                text.push(b' ');
            }
            if self.flags.sharp && (self.flags.space || i == 0) {
                text.extend_from_slice(prefix.as_bytes());
            }
            text.push(digits[usize::from(byte >> 4)]);
            text.push(digits[usize::from(byte & 15)]);
        }
        self.pad_with_fill(&text);
    }

    /// Padding as the hexadecimal forms do it: zeros on the left if asked for, also of an empty text.
    fn pad_with_fill(&mut self, text: &[u8]) {
        self.pad(text);
    }

    /// The first characters, as many as the precision says.
    fn cut<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(precision) = self.flags.precision else { return bytes };
        let mut at = 0;
        for _ in 0..precision {
            match decode(&bytes[at..]) {
                Some((_, width)) => at += width,
                None => break,
            }
        }
        &bytes[..at]
    }
}

/// Characters in `bytes`; an invalid byte counts as one.
fn count(bytes: &[u8]) -> usize {
    super::quote::runes(bytes).count()
}
