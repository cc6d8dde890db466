//! JSON bytes into a [`Value`]. What is JSON and what is not serde_json says; text as encoders write it is read by `read`,
//! which gives the same and asks serde_json in all other cases.
//! Strings without escapes borrow from the input; depth is bounded by serde_json (128).

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::read::read;
use crate::{Map, Str, Value};

/// Text that is no JSON, with the place.
#[derive(Debug)]
pub struct ParseError(serde_json::Error);

impl ParseError {
    /// Line of the fault, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line()
    }

    /// Column of the fault, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column()
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Reads one JSON value; anything but white space behind it is an error.
///
/// # Errors
/// Text that is no JSON, is nested deeper than 128, or is not UTF-8.
pub fn parse(bytes: &[u8]) -> Result<Value<'_>, ParseError> {
    if let Some(value) = std::str::from_utf8(bytes).ok().and_then(read) {
        return Ok(value);
    }
    serde_json::from_slice(bytes).map_err(ParseError)
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StrVisitor;
        impl<'de> Visitor<'de> for StrVisitor {
            type Value = Str<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, s: &'de str) -> Result<Str<'de>, E> {
                Ok(Str::Borrowed(s))
            }
            fn visit_str<E>(self, s: &str) -> Result<Str<'de>, E> {
                Ok(Str::Shared(Arc::from(s)))
            }
        }
        deserializer.deserialize_str(StrVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(b))
    }
    fn visit_i64<E>(self, i: i64) -> Result<Value<'de>, E> {
        Ok(Value::Int(i))
    }
    fn visit_u64<E>(self, u: u64) -> Result<Value<'de>, E> {
        Ok(i64::try_from(u).map_or(Value::Uint(u), Value::Int))
    }
    fn visit_f64<E>(self, f: f64) -> Result<Value<'de>, E> {
        Ok(Value::Float(f))
    }
    fn visit_borrowed_str<E>(self, s: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Str(Str::Borrowed(s)))
    }
    fn visit_str<E>(self, s: &str) -> Result<Value<'de>, E> {
        Ok(Value::Str(Str::Shared(Arc::from(s))))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::list(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        let mut entries: Vec<(Str<'de>, Value<'de>)> = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::map(unique(entries)))
    }
}

/// Repeated keys keep their first place and take the last value. Large objects are checked by sorting, so that
/// a hostile object of many keys costs n log n.
pub(crate) fn unique<'a>(entries: Vec<(Str<'a>, Value<'a>)>) -> Map<'a> {
    const SCAN: usize = 16;
    let repeated = if differ(&entries) {
        false
    } else if entries.len() <= SCAN {
        entries.iter().enumerate().any(|(i, (k, _))| entries[..i].iter().any(|(o, _)| o == k))
    } else {
        let mut keys: Vec<&str> = entries.iter().map(|(k, _)| k.as_str()).collect();
        keys.sort_unstable();
        keys.windows(2).any(|w| w[0] == w[1])
    };
    if !repeated {
        return Map::from_unique(entries);
    }
    let mut places = std::collections::HashMap::new();
    let mut out: Vec<(Str<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        match places.get(&key) {
            Some(&at) => {
                let slot: &mut (Str<'a>, Value<'a>) = &mut out[at];
                slot.1 = value;
            }
            None => {
                places.insert(key.clone(), out.len());
                out.push((key, value));
            }
        }
    }
    Map::from_unique(out)
}

/// Whether keys are seen to differ at a glance: no two have one mark. Where two do, they may still differ.
fn differ(entries: &[(Str<'_>, Value<'_>)]) -> bool {
    let mut marks = 0_u64;
    entries.iter().all(|(key, _)| {
        let bytes = key.as_bytes();
        let byte = |at: usize| usize::from(bytes.get(at).copied().unwrap_or_default());
        let mark = bytes.len() + 5 * byte(0) + 11 * byte(bytes.len() / 2);
        let mark = 1 << (mark % 64);
        let new = marks & mark == 0;
        marks |= mark;
        new
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_integers_and_written_floats_stay_floats() {
        let v = parse(br#"[1, -1, 18446744073709551615, 1.0, 1e3, 1e400]"#);
        assert!(v.is_err(), "1e400 is no float64: {v:?}");
        let v = parse(br#"[1, -1, 18446744073709551615, 1.0, 1e3]"#).unwrap();
        let kinds: Vec<_> = v.as_list().unwrap().iter().map(|v| matches!(v, Value::Float(_))).collect();
        assert_eq!(kinds, [false, false, false, true, true]);
        assert!(matches!(v.as_list().unwrap()[2], Value::Uint(u64::MAX)));
    }

    #[test]
    fn a_repeated_key_keeps_its_place_and_takes_the_last_value() {
        let v = parse(br#"{"a":1,"b":2,"a":3}"#).unwrap();
        let keys: Vec<_> = v.as_map().unwrap().keys().map(|k| k.to_string()).collect();
        assert_eq!(keys, ["a", "b"]);
        assert_eq!(v.get("a").unwrap().as_i64(), Some(3));
        let many: String = (0..40).map(|i| format!("\"k{}\":{i},", i % 30)).collect();
        let text = format!("{{{}\"z\":0}}", many);
        let v = parse(text.as_bytes()).unwrap();
        assert_eq!(v.as_map().unwrap().len(), 31);
        assert_eq!(v.get("k3").unwrap().as_i64(), Some(33));
    }

    #[test]
    fn strings_without_escapes_borrow_from_the_input() {
        let v = parse(br#"["plain", "esc\n"]"#).unwrap();
        let items = v.as_list().unwrap();
        assert!(matches!(items[0], Value::Str(Str::Borrowed(_))));
        assert!(matches!(items[1], Value::Str(Str::Shared(_))));
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_stack_overflow() {
        let text = "[".repeat(100_000);
        assert!(parse(text.as_bytes()).is_err());
    }
}
