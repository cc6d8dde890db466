//! Go's `fmt` over template values: `print`, `println`, `printf`, and how a value prints in a template.
//! Every print is bounded, for a value may hold another many times over and unfold without end.
//! Never writes to the template's output itself.

mod directive;
mod number;
mod printer;
pub mod quote;
mod writer;

use pillion_govalue::types::KNOWN;
use printer::Printer;
use writer::Writer;

use crate::funcs::{Cx, Fault};
use crate::value::{Bytes, Val};

/// `fmt.Sprint`: a space between two arguments that are both no strings.
pub fn sprint<'v>(cx: &Cx<'v>, args: &[Val<'v>]) -> Result<Vec<u8>, Fault> {
    bounded(cx, |p| {
        let mut before = true;
        for (i, arg) in args.iter().enumerate() {
            let string = printer::is_string(arg);
            if i > 0 && !string && !before {
                p.w.write(b" ");
            }
            p.arg(arg, 'v');
            before = string;
        }
    })
}

/// `fmt.Sprintln`: a space between all arguments, a newline at the end.
pub fn sprintln<'v>(cx: &Cx<'v>, args: &[Val<'v>]) -> Result<Vec<u8>, Fault> {
    bounded(cx, |p| {
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                p.w.write(b" ");
            }
            p.arg(arg, 'v');
        }
        p.w.write(b"\n");
    })
}

/// `fmt.Sprintf`.
pub fn sprintf<'v>(cx: &Cx<'v>, format: &[u8], args: &[Val<'v>]) -> Result<Vec<u8>, Fault> {
    bounded(cx, |p| directive::print(p, format, args))
}

/// `fmt.Sprintf("%v", v)`.
pub fn display<'v>(cx: &Cx<'v>, v: &Val<'v>) -> Result<Bytes<'v>, Fault> {
    match v {
        Val::Str(s, _) => return Ok(s.clone()),
        Val::Bool(b) => return Ok(Bytes::from(if *b { "true" } else { "false" })),
        _ => {}
    }
    if let Some(n) = short_number(v) {
        return Ok(Bytes::from(n.to_string()));
    }
    bounded(cx, |p| p.arg(v, 'v')).map(Bytes::from)
}

/// Appends `fmt.Sprint(v)` to `out`, which may grow to `limit` bytes: how an action prints.
pub(crate) fn append(out: &mut Vec<u8>, v: &Val<'_>, limit: usize) -> bool {
    if let Val::Str(s, _) = v {
        let fits = out.len() + s.len() <= limit;
        if fits {
            out.extend_from_slice(s);
        }
        return fits;
    }
    if let Some(n) = short_number(v) {
        out.extend_from_slice(n.to_string().as_bytes());
        return out.len() <= limit;
    }
    let mut p = Printer::new(Writer::new(std::mem::take(out), limit));
    p.arg(v, 'v');
    *out = p.w.out;
    !p.w.full
}

/// The number that `v` prints as if it is one of the many that print as a plain integer.
#[allow(clippy::cast_possible_truncation, clippy::float_cmp, reason = "only whole numbers below a million")]
fn short_number(v: &Val<'_>) -> Option<i64> {
    match v {
        Val::Int(i, ty) if *ty == KNOWN.int || *ty == KNOWN.int64 || *ty == KNOWN.int32 => Some(*i),
        // From a million on a float prints with an exponent; minus zero keeps its sign.
        Val::Float(f) if f.abs() < 1e6 && f.trunc() == *f && (*f != 0.0 || f.is_sign_positive()) => {
            Some(*f as i64)
        }
        _ => None,
    }
}

/// `fmt.Sprintf("%v", v)` of data that a rendering did not make, and that is therefore no larger than the data.
pub(crate) fn plain(v: &Val<'_>) -> String {
    let mut out = Vec::new();
    append(&mut out, v, usize::MAX);
    String::from_utf8_lossy(&out).into_owned()
}

fn bounded<'v>(cx: &Cx<'v>, print: impl FnOnce(&mut Printer)) -> Result<Vec<u8>, Fault> {
    let mut p = Printer::new(Writer::new(Vec::new(), cx.memory_left()));
    print(&mut p);
    if p.w.full {
        return Err(Fault::Limit("the template prints too much at once, or a value nested too deeply"));
    }
    cx.charge(p.w.out.len())?;
    Ok(p.w.out)
}

#[cfg(test)]
mod tests;
