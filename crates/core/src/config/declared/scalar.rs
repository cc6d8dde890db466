//! The kinds that hold no others, read into the one form that templates see. Never: lists and objects of YAML.
//!
//! | kind | what templates see |
//! |---|---|
//! | `int`, `port`, `percent` | a number |
//! | `ports` | `text` (`80,8000-8100`), and `ranges`: each `from` and `to` |
//! | `networks` | the text, without blanks |
//! | `duration` | seconds with their unit, as Envoy reads them: `1.5s` |

use std::net::IpAddr;

use pillion_govalue::{Map, Value};

use super::kind::{Kind, quoted};
use crate::config::jsonpb::duration;

/// Most ports or networks of one value: each is a rule of the kernel.
const MOST: usize = 256;

/// Reads a value; what is wrong with it, or nothing where all there is to say is that it is none.
pub(super) fn read(kind: &Kind, value: &Value<'_>) -> Result<Value<'static>, String> {
    match kind {
        Kind::Bool => boolean(value).map(Value::Bool).ok_or_else(String::new),
        Kind::Int { least, most } => number(value, *least, *most).map(Value::Int),
        Kind::Port => number(value, 1, 65535).map(Value::Int),
        Kind::Percent => {
            let bare = value.as_str().and_then(|text| text.strip_suffix('%')).map(|text| text.to_owned());
            number(&bare.map_or_else(|| value.clone().into_owned(), Value::from), 0, 100).map(Value::Int)
        }
        Kind::Ports => ports(value),
        Kind::Networks => networks(value),
        Kind::Duration { least, most } => nanoseconds(value, *least, *most),
        Kind::Quantity => quantity(value),
        Kind::Enum(words) => {
            let text = text(value)?;
            if words.contains(&text) { Ok(text.into()) } else { Err(String::new()) }
        }
        Kind::Pattern { form, .. } => {
            let text = text(value)?;
            if form.is_match(&text) { Ok(text.into()) } else { Err(String::new()) }
        }
        Kind::List { .. } | Kind::Object(_) => Err(String::new()),
    }
}

/// Text, or the text of a number: who writes YAML does not think of quotes. A boolean is none: it may have been written
/// `y` or `off`, which is lost.
fn text(value: &Value<'_>) -> Result<String, String> {
    match value {
        Value::Str(text) => Ok(text.as_str().to_owned()),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            Ok(pillion_govalue::json::to_string(value, pillion_govalue::json::PLAIN))
        }
        _ => Err(String::new()),
    }
}

fn boolean(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Str(text) => text.as_str().parse().ok(),
        _ => None,
    }
}

fn number(value: &Value<'_>, least: i64, most: i64) -> Result<i64, String> {
    let number = match value {
        Value::Int(number) => Some(*number),
        Value::Str(text) if text.as_str().bytes().all(|b| b.is_ascii_digit()) => text.as_str().parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        Some(_) => Err(format!("{} is out of range", quoted(value))),
        None => Err(String::new()),
    }
}

/// The items of a text between commas, or of a list.
fn items(value: &Value<'_>) -> Result<Vec<String>, String> {
    let items = match value {
        Value::Null => Vec::new(),
        Value::List(items) => items.iter().map(text).collect::<Result<_, _>>()?,
        other => text(other)?.split(',').map(|item| item.trim().to_owned()).collect(),
    };
    if items.len() > MOST {
        return Err(format!("there are {} of them, and {MOST} at most may be", items.len()));
    }
    // Nothing at all is an empty list; nothing between two commas is a slip.
    Ok(if matches!(items.as_slice(), [only] if only.is_empty()) { Vec::new() } else { items })
}

fn ports(value: &Value<'_>) -> Result<Value<'static>, String> {
    let mut ranges = Vec::new();
    let mut texts = Vec::new();
    for item in items(value)? {
        let (from, to) = item.split_once('-').unwrap_or((&item, &item));
        let port = |text: &str| number(&Value::from(text.trim().to_owned()), 1, 65535).ok();
        let (Some(from), Some(to)) = (port(from), port(to)) else {
            return Err(format!("{} is neither", quoted(&Value::from(item.clone()))));
        };
        if from > to {
            return Err(format!("the range {from}-{to} ends before it begins"));
        }
        texts.push(if from == to { from.to_string() } else { format!("{from}-{to}") });
        let range: Map<'static> = [("from", Value::Int(from)), ("to", Value::Int(to))].into_iter().collect();
        ranges.push(Value::map(range));
    }
    let read = [("text", Value::from(texts.join(","))), ("ranges", Value::list(ranges))];
    Ok(Value::map(read.into_iter().collect::<Map<'static>>()))
}

fn networks(value: &Value<'_>) -> Result<Value<'static>, String> {
    let items = items(value)?;
    match items.iter().find(|item| !is_network(item)) {
        Some(item) => Err(format!("{} is none", quoted(&Value::from(item.clone())))),
        None => Ok(items.join(",").into()),
    }
}

fn is_network(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.bytes().all(|b| b.is_ascii_digit()) && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn nanoseconds(value: &Value<'_>, least: i64, most: i64) -> Result<Value<'static>, String> {
    let nanos = duration::parse(&text(value)?).ok_or_else(String::new)?;
    if !(least..=most).contains(&nanos) {
        return Err(format!("{} is out of range", quoted(value)));
    }
    Ok(seconds(nanos).into())
}

/// Seconds with as many digits as are needed: `1.5s`.
fn seconds(nanos: i64) -> String {
    const A_SECOND: i64 = 1_000_000_000;
    let (whole, rest) = (nanos / A_SECOND, nanos % A_SECOND);
    let digits = format!("{rest:09}");
    match digits.trim_end_matches('0') {
        "" => format!("{whole}s"),
        digits => format!("{whole}.{digits}s"),
    }
}

/// A bound as people write it.
pub(super) fn spoken(nanos: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(3_600_000_000_000, "h"), (1_000_000_000, "s"), (1_000_000, "ms")];
    let whole = UNITS.iter().find(|(unit, _)| nanos != 0 && nanos % unit == 0);
    whole.map_or_else(|| seconds(nanos), |(unit, name)| format!("{}{name}", nanos / unit))
}

fn quantity(value: &Value<'_>) -> Result<Value<'static>, String> {
    let text = text(value)?;
    let positive = text.bytes().any(|b| (b'1'..=b'9').contains(&b)) && !text.starts_with('-');
    if text.chars().any(char::is_control) || !positive {
        return Err(String::new());
    }
    match pillion_govalue::quantity::check(&text) {
        Ok(_) => Ok(text.into()),
        Err(_) => Err(String::new()),
    }
}
