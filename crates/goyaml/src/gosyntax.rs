//! A value as Go's `%#v` shows it, which two of the messages contain. Cut short, for a value may be large.

use std::fmt::Write as _;

use pillion_govalue::{Value, number};

/// Stands in a mapping for a key that JSON cannot have. The mapping is never seen: the document is refused.
pub(crate) const NO_KEY: &str = "\0no key";

/// No message needs more.
const MOST: usize = 2048;

/// `[]interface {}{1, "a"}`.
pub(crate) fn show(value: &Value<'_>) -> String {
    if value.is_null() {
        return "<nil>".to_owned();
    }
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &Value<'_>) {
    if out.len() > MOST {
        return;
    }
    match value {
        Value::Null => out.push_str("interface {}(nil)"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => out.push_str(&i.to_string()),
        Value::Uint(u) => out.push_str(&format!("{u:#x}")),
        Value::Float(f) => out.push_str(&number::general(*f)),
        Value::Str(s) => quote(out, s),
        Value::List(items) => {
            out.push_str("[]interface {}{");
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write(out, item);
            }
            out.push('}');
        }
        Value::Map(map) => {
            out.push_str("map[interface {}]interface {}{");
            for (i, (key, value)) in map.sorted().into_iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                match key.as_str() {
                    NO_KEY => out.push_str("interface {}(nil)"),
                    key => quote(out, key),
                }
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
    }
}

/// `strconv.Quote`.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            _ => "",
        };
        let printable = c == '\'' || c.escape_debug().len() == 1 && (c == ' ' || !c.is_whitespace());
        let _ = match c as u32 {
            _ if !short.is_empty() => write!(out, "{short}"),
            _ if printable => write!(out, "{c}"),
            code @ ..=0x7F => write!(out, "\\x{code:02x}"),
            code @ ..=0xFFFF => write!(out, "\\u{code:04x}"),
            code => write!(out, "\\U{code:08x}"),
        };
    }
    out.push('"');
}
