//! JSON out of template values and into them, byte for byte as `encoding/json` does it.
//! Never YAML, and never the fields of structs (govalue writes those).

use pillion_govalue::encode::write_go_json;
use pillion_govalue::json::{write_float, write_string};
use pillion_govalue::{Kind, Value};

use super::dates::Time;
use super::go_json_error;
use crate::funcs::Param::{Any, Str};
use crate::funcs::{Cx, Fault, Function};
use crate::value::{Bytes, MAX_NESTING, Val};

pub(super) const TABLE: &[Function] = &[
    Function::new("toJson", &[Any], |cx, a| lenient(to_json(cx, &a[0], true))),
    Function::new("mustToJson", &[Any], |cx, a| strict(to_json(cx, &a[0], true))),
    Function::new("toPrettyJson", &[Any], |cx, a| lenient(pretty_json(cx, &a[0]))),
    Function::new("mustToPrettyJson", &[Any], |cx, a| strict(pretty_json(cx, &a[0]))),
    Function::new("toRawJson", &[Any], |cx, a| strict(to_json(cx, &a[0], false))),
    Function::new("mustToRawJson", &[Any], |cx, a| strict(to_json(cx, &a[0], false))),
    Function::new("fromJson", &[Str], |cx, a| match from_json(cx, &a[0])? {
        Ok(value) => Ok(value),
        Err(_) => Ok(Val::nil()),
    }),
    Function::new("mustFromJson", &[Str], |cx, a| from_json(cx, &a[0])?.map_err(Fault::new)),
];

/// Why a value has no JSON.
#[derive(Debug)]
pub enum JsonFault {
    /// What Go's encoder says.
    Unsupported(String),
    /// A limit of the rendering.
    Limit(Fault),
}

impl From<Fault> for JsonFault {
    fn from(fault: Fault) -> Self {
        Self::Limit(fault)
    }
}

fn strict<'v>(result: Result<String, JsonFault>) -> Result<Val<'v>, Fault> {
    match result {
        Ok(text) => Ok(text.into()),
        Err(JsonFault::Unsupported(what)) => Err(Fault::new(what)),
        Err(JsonFault::Limit(fault)) => Err(fault),
    }
}

/// As sprig's functions without `must`: what has no JSON is `""`.
fn lenient<'v>(result: Result<String, JsonFault>) -> Result<Val<'v>, Fault> {
    match result {
        Err(JsonFault::Unsupported(_)) => Ok(Val::from("")),
        other => strict(other),
    }
}

/// `json.Marshal`; without `escape_html` as an encoder told not to escape HTML.
///
/// # Errors
/// What Go cannot encode: NaN, infinities, complex numbers, a map that holds itself; or the rendering's budget.
pub fn to_json<'v>(cx: &Cx<'v>, value: &Val<'v>, escape_html: bool) -> Result<String, JsonFault> {
    let mut writer = Writer { out: String::with_capacity(128), escape_html };
    writer.value(cx, value, 0)?;
    cx.charge(writer.out.len())?;
    Ok(writer.out)
}

/// As [`to_json`] with HTML escaped, as a value. What is asked for again at once is not written again.
///
/// # Errors
/// As [`to_json`].
pub fn json_value<'v>(cx: &Cx<'v>, value: &Val<'v>) -> Result<Val<'v>, JsonFault> {
    if let Some(text) = cx.last_json(value) {
        cx.step(1)?;
        cx.charge(text.len())?;
        return Ok(text.into());
    }
    let text = Bytes::from(to_json(cx, value, true)?);
    cx.remember_json(value, &text);
    Ok(text.into())
}

struct Writer {
    out: String,
    escape_html: bool,
}

impl Writer {
    fn value<'v>(&mut self, cx: &Cx<'v>, value: &Val<'v>, depth: u32) -> Result<(), JsonFault> {
        cx.step(1)?;
        if depth > MAX_NESTING {
            let ty = value.type_name();
            let what = format!("json: unsupported value: encountered a cycle via {ty}");
            return Err(JsonFault::Unsupported(what));
        }
        match value {
            Val::Invalid | Val::Nil(_) => self.out.push_str("null"),
            Val::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Val::Int(i, _) => self.out.push_str(&i.to_string()),
            Val::Uint(u, _) => self.out.push_str(&u.to_string()),
            Val::Float(f) if f.is_finite() => write_float(&mut self.out, *f),
            Val::Float(f) => {
                let shown = pillion_govalue::number::general(*f);
                return Err(JsonFault::Unsupported(format!("json: unsupported value: {shown}")));
            }
            Val::Complex(..) => {
                return Err(JsonFault::Unsupported(String::from("json: unsupported type: complex128")));
            }
            Val::Str(s, _) => self.string(cx, s)?,
            Val::List(list) => {
                self.out.push('[');
                for (i, item) in list.items().iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.value(cx, item, depth + 1)?;
                }
                self.out.push(']');
            }
            Val::Dict(map) => {
                self.out.push('{');
                for (i, (key, item)) in map.entries().iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.string(cx, key)?;
                    self.out.push(':');
                    self.value(cx, item, depth + 1)?;
                }
                self.out.push('}');
            }
            Val::Typed(tree, ty) => self.typed(cx, tree, *ty)?,
            Val::Oneof(message, member) => match member.field {
                // The wrapper is a struct of one field without a JSON name.
                Some(field) => {
                    self.out.push_str("{\"");
                    self.out.push_str(field.go);
                    self.out.push_str("\":");
                    self.typed(cx, message.get(field.json).unwrap_or(&Value::Null), field.ty)?;
                    self.out.push('}');
                }
                None => self.out.push_str("null"),
            },
            Val::Object(o) => {
                let text = value.downcast::<Time>().map(Time::rfc3339_nano).or_else(|| o.string());
                self.string(cx, &Bytes::from(text.unwrap_or_default()))?;
            }
        }
        Ok(())
    }

    fn typed(
        &mut self,
        cx: &Cx<'_>,
        tree: &Value<'_>,
        ty: pillion_govalue::TypeRef,
    ) -> Result<(), JsonFault> {
        let mut text = String::new();
        write_go_json(&mut text, tree, ty).map_err(|e| JsonFault::Unsupported(e.to_string()))?;
        cx.charge(text.len())?;
        // A message writes itself, with its own escapes; what else is data is escaped by the encoder.
        let own = matches!(ty.deref().kind(), Kind::Message(_));
        if self.escape_html || own {
            self.out.push_str(&text);
        } else {
            unescape_html(&mut self.out, &text);
        }
        Ok(())
    }

    /// A Go string: invalid bytes become the escape of U+FFFD.
    fn string(&mut self, cx: &Cx<'_>, text: &Bytes<'_>) -> Result<(), Fault> {
        cx.charge(text.len())?;
        let mut quoted = String::with_capacity(text.len() + 2);
        self.out.push('"');
        for chunk in text.utf8_chunks() {
            quoted.clear();
            write_string(&mut quoted, chunk.valid(), self.escape_html);
            self.out.push_str(&quoted[1..quoted.len() - 1]);
            for _ in chunk.invalid() {
                self.out.push_str("\\ufffd");
            }
        }
        self.out.push('"');
        Ok(())
    }
}

/// Takes the HTML escapes out of JSON text, leaving a backslash that is itself escaped alone.
fn unescape_html(out: &mut String, json: &str) {
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (plain, width) = match rest.get(..6) {
            Some("\\u003c") => ("<", 6),
            Some("\\u003e") => (">", 6),
            Some("\\u0026") => ("&", 6),
            _ => (&rest[..2.min(rest.len())], 2.min(rest.len())),
        };
        out.push_str(plain);
        rest = &rest[width..];
    }
    out.push_str(rest);
}

/// `json.MarshalIndent` with two blanks.
fn pretty_json<'v>(cx: &Cx<'v>, value: &Val<'v>) -> Result<String, JsonFault> {
    let compact = to_json(cx, value, true)?;
    let mut out = String::with_capacity(compact.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut chars = compact.chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '{' | '[' if chars.peek().is_some_and(|next| matches!(next, '}' | ']')) => {
                out.push(c);
                out.extend(chars.next());
            }
            '{' | '[' | ',' => {
                depth += usize::from(c != ',');
                out.push(c);
                line(cx, &mut out, depth)?;
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(cx, &mut out, depth)?;
                out.push(c);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = c == '"';
                out.push(c);
            }
        }
    }
    Ok(out)
}

fn line(cx: &Cx<'_>, out: &mut String, depth: usize) -> Result<(), Fault> {
    cx.charge(2 * depth + 1)?;
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    Ok(())
}

/// `json.Unmarshal` into an `any`; the inner error is Go's text.
pub fn from_json<'v>(cx: &Cx<'v>, text: &Val<'v>) -> Result<Result<Val<'v>, String>, Fault> {
    let bytes = text.to_bytes();
    cx.step(bytes.len() as u64 / 16)?;
    // Go replaces invalid bytes inside strings and refuses them elsewhere; U+FFFD is refused there too.
    let text = bytes.text();
    if let Ok(tree) = pillion_govalue::parse(text.as_bytes()) {
        return cx.any_from(&tree).map(Ok);
    }
    if let Some(complaint) = go_json_error::complaint(&bytes) {
        return Ok(Err(complaint));
    }
    match pillion_govalue::parse(go_json_error::without_lone_surrogates(&text).as_bytes()) {
        Ok(tree) => cx.any_from(&tree).map(Ok),
        Err(e) => Ok(Err(format!("json: the text cannot be read: {e}"))),
    }
}
