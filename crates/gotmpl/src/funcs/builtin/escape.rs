//! `html`, `js` and `urlquery`.

use crate::fmt;
use crate::fmt::quote::{decode, is_print};
use crate::funcs::{Cx, Fault};
use crate::methods::stringer;
use crate::value::Val;

/// The arguments as one text: pointers as what they point to, the rest as `print` shows it.
fn text<'v>(cx: &Cx<'v>, args: &[Val<'v>]) -> Result<Vec<u8>, Fault> {
    let args: Vec<Val<'v>> = args
        .iter()
        .map(|arg| match arg {
            _ if arg.is_untyped_nil() => Val::from("<no value>"),
            // What has a `String` is printed through it, which may need the pointer.
            _ if stringer(arg).is_some() => arg.clone(),
            _ => arg.deref(),
        })
        .collect();
    fmt::sprint(cx, &args)
}

pub(super) fn html<'v>(cx: &Cx<'v>, args: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let text = text(cx, args)?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            _ => out.push(byte),
        }
    }
    cx.charge(out.len())?;
    Ok(Val::from(out))
}

pub(super) fn js<'v>(cx: &Cx<'v>, args: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let text = text(cx, args)?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_slice();
    while let Some((rune, width)) = decode(rest) {
        let (head, tail) = rest.split_at(width);
        rest = tail;
        match rune {
            Ok('\\') => out.extend_from_slice(b"\\\\"),
            Ok('\'') => out.extend_from_slice(b"\\'"),
            Ok('"') => out.extend_from_slice(b"\\\""),
            Ok(c @ ('<' | '>' | '&' | '=')) => {
                out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes())
            }
            Ok(c) if c < ' ' => out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes()),
            Ok(c) if c.is_ascii() || is_print(c) => out.extend_from_slice(head),
            Ok(c) => out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes()),
            // To Go an invalid byte is U+FFFD, which prints: the byte is kept.
            Err(_) => out.extend_from_slice(head),
        }
    }
    cx.charge(out.len())?;
    Ok(Val::from(out))
}

/// `url.QueryEscape`.
pub(super) fn url_query<'v>(cx: &Cx<'v>, args: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let text = text(cx, args)?;
    let mut out = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    cx.charge(out.len())?;
    Ok(Val::from(out))
}
