//! `printf`: reading a format string, verb by verb.

use super::printer::Printer;
use super::quote::decode;
use super::writer::Flags;
use crate::value::Val;

/// Numbers beyond this are no widths or precisions.
const TOO_LARGE: i64 = 1_000_000;

/// Where reading a format stands.
struct Reader<'f, 'a, 'v> {
    format: &'f [u8],
    at: usize,
    args: &'a [Val<'v>],
    next: usize,
    /// An argument was named by its index somewhere, so that leftovers are not counted.
    reordered: bool,
    /// The index of this verb, if it has one, is good.
    good: bool,
    /// The last thing read was an index.
    after_index: bool,
}

/// Prints `args` under `format`.
pub(super) fn print(p: &mut Printer, format: &[u8], args: &[Val<'_>]) {
    let mut r = Reader { format, at: 0, args, next: 0, reordered: false, good: true, after_index: false };
    while r.at < format.len() && !p.w.full {
        let start = r.at;
        r.at = format[start..].iter().position(|b| *b == b'%').map_or(format.len(), |n| start + n);
        p.w.write(&format[start..r.at]);
        if r.at < format.len() {
            r.at += 1;
            r.verb(p);
        }
    }
    if !r.reordered && r.next < args.len() {
        extra(p, &args[r.next..]);
    }
}

fn extra(p: &mut Printer, args: &[Val<'_>]) {
    p.w.flags = Flags::default();
    p.w.write(b"%!(EXTRA ");
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            p.w.write(b", ");
        }
        if arg.is_untyped_nil() {
            p.w.write(b"<nil>");
        } else {
            p.w.write(arg.type_name().as_bytes());
            p.w.write(b"=");
            p.arg(arg, 'v');
        }
    }
    p.w.write(b")");
}

impl Reader<'_, '_, '_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn verb(&mut self, p: &mut Printer) {
        p.w.flags = Flags::default();
        self.good = true;
        self.after_index = false;
        self.flags(p);
        self.index();
        self.width(p);
        self.precision(p);
        if !self.after_index {
            self.index();
        }
        let Some((verb, size)) = decode(&self.format[self.at..]) else {
            p.w.write(b"%!(NOVERB)");
            return;
        };
        self.at += size;
        let verb = verb.unwrap_or(char::REPLACEMENT_CHARACTER);
        if verb == '%' {
            p.w.write(b"%");
        } else if !self.good {
            bad(p, verb, b"(BADINDEX)");
        } else if let Some(arg) = self.args.get(self.next) {
            self.next += 1;
            if matches!(verb, 'v' | 'w') {
                p.w.flags.sharp_v = std::mem::take(&mut p.w.flags.sharp);
                p.w.flags.plus_v = std::mem::take(&mut p.w.flags.plus);
            }
            p.arg(arg, verb);
        } else {
            bad(p, verb, b"(MISSING)");
        }
    }

    fn flags(&mut self, p: &mut Printer) {
        while let Some(c) = self.peek() {
            match c {
                b'#' => p.w.flags.sharp = true,
                b'0' => p.w.flags.zero = true,
                b'+' => p.w.flags.plus = true,
                b'-' => p.w.flags.minus = true,
                b' ' => p.w.flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
    }

    fn width(&mut self, p: &mut Printer) {
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.int_arg() {
                Some(n) => {
                    if n < 0 {
                        p.w.flags.minus = true;
                        p.w.flags.zero = false;
                    }
                    p.w.flags.width = usize::try_from(n.unsigned_abs()).ok();
                }
                None => p.w.write(b"%!(BADWIDTH)"),
            }
            self.after_index = false;
        } else {
            p.w.flags.width = self.number();
            if self.after_index && p.w.flags.width.is_some() {
                self.good = false;
            }
        }
    }

    fn precision(&mut self, p: &mut Printer) {
        // A point at the very end is a verb like any other bad one.
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        if self.after_index {
            self.good = false;
        }
        self.index();
        if self.peek() == Some(b'*') {
            self.at += 1;
            p.w.flags.precision = self.int_arg().and_then(|n| usize::try_from(n).ok());
            if p.w.flags.precision.is_none() {
                p.w.write(b"%!(BADPREC)");
            }
            self.after_index = false;
        } else {
            p.w.flags.precision = Some(self.number().unwrap_or(0));
        }
    }

    /// Decimal digits; one that grows too large eats the rest of the format, as in Go.
    fn number(&mut self) -> Option<usize> {
        let mut n: Option<i64> = None;
        while let Some(c @ b'0'..=b'9') = self.peek() {
            if n.is_some_and(|n| n > TOO_LARGE) {
                self.at = self.format.len();
                return None;
            }
            n = Some(n.unwrap_or(0) * 10 + i64::from(c - b'0'));
            self.at += 1;
        }
        n.and_then(|n| usize::try_from(n).ok())
    }

    /// A width or precision taken from the arguments.
    fn int_arg(&mut self) -> Option<i64> {
        let arg = self.args.get(self.next)?;
        self.next += 1;
        let n = match arg {
            Val::Int(i, _) => *i,
            Val::Uint(u, _) => i64::try_from(*u).ok()?,
            _ => return None,
        };
        (-TOO_LARGE..=TOO_LARGE).contains(&n).then_some(n)
    }

    /// An explicit index, `[2]`.
    fn index(&mut self) {
        self.after_index = false;
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let Some(end) = rest.iter().position(|b| *b == b']').filter(|_| rest.len() >= 3) else {
            self.good = false;
            self.at += 1;
            return;
        };
        self.at += end + 1;
        let number = std::str::from_utf8(&rest[1..end])
            .ok()
            .filter(|s| !s.is_empty() && s.len() <= 7 && s.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|s| s.parse::<usize>().ok());
        self.after_index = number.is_some();
        match number {
            Some(n) if (1..=self.args.len()).contains(&n) => self.next = n - 1,
            _ => self.good = false,
        }
    }
}

fn bad(p: &mut Printer, verb: char, what: &[u8]) {
    p.w.write(b"%!");
    p.w.write(verb.encode_utf8(&mut [0; 4]).as_bytes());
    p.w.write(what);
}
