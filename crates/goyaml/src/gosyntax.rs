//! A value as Go's `%#v` shows it, which two of the messages contain. Cut short, for a value may be large.

use std::fmt::Write;

use pillion_govalue::Value;

use crate::number::format_g;

/// No message needs more.
const MOST: usize = 2048;

/// `[]interface {}{1, "a"}`.
pub(crate) fn show(value: &Value<'_>) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &Value<'_>) {
    if out.len() > MOST {
        return;
    }
    let _ = match value {
        Value::Null => write!(out, "interface {{}}(nil)"),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(i) => write!(out, "{i}"),
        Value::Uint(u) => write!(out, "{u:#x}"),
        Value::Float(f) => write!(out, "{}", format_g(*f)),
        Value::Str(s) => write!(out, "{:?}", s.as_str()),
        Value::List(items) => {
            out.push_str("[]interface {}{");
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write(out, item);
            }
            write!(out, "}}")
        }
        Value::Map(map) => {
            out.push_str("map[interface {}]interface {}{");
            for (i, (key, value)) in map.sorted().into_iter().enumerate() {
                let _ = write!(out, "{}{:?}:", if i > 0 { ", " } else { "" }, key.as_str());
                write(out, value);
            }
            write!(out, "}}")
        }
    };
}
