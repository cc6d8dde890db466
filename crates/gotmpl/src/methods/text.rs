//! What `String` gives.

use std::borrow::Cow;

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef, Value};

use super::generated;
use super::scalars::{amount, duration_nanos, instant, wrapped};
use crate::fmt::quote::quote;
use crate::value::{Val, read};

/// What calling `String` comes to.
pub(crate) enum Text<'s> {
    /// Its result.
    Of(Cow<'s, str>),
    /// It is a method of the value, and the pointer is nil.
    Panicked,
}

/// What the value's `String` method gives; `None` for types without one, and for values whose `String` needs an
/// address that Go cannot take.
pub(crate) fn stringer<'s>(v: &'s Val<'_>) -> Option<Text<'s>> {
    match v {
        Val::Nil(_) if panics_on_nil(v) => Some(Text::Panicked),
        Val::Nil(ty) => match ty.kind() {
            Kind::Ptr(to) => nil_string(to).map(Cow::Borrowed).map(Text::Of),
            _ => None,
        },
        _ => text_of(v).map(Text::Of),
    }
}

fn text_of<'s>(v: &'s Val<'_>) -> Option<Cow<'s, str>> {
    match v {
        Val::Int(i, ty) => match ty.kind() {
            Kind::Enum(names) => Some(enum_name(*i, names)),
            _ if *ty == KNOWN.duration => Some(Cow::Owned(duration_text(*i))),
            _ => None,
        },
        Val::Object(o) => o.string().map(Cow::Owned),
        Val::Typed(node, ty) => match ty.kind() {
            Kind::Ptr(to) => pointer_string(node, to),
            Kind::Time => Some(Cow::Owned(time_text(v))),
            Kind::Struct(_) if ty.name() == "types.NamespacedName" => Some(Cow::Owned(namespaced(node))),
            _ => None,
        },
        _ => None,
    }
}

/// `String` called as a method: on a pointer, or on something whose address can be taken.
pub(super) fn string_of<'v>(v: &Val<'v>, _: &[Val<'v>]) -> Val<'v> {
    let text = match v {
        Val::Typed(node, ty) => pointer_string(node, ty.deref()).map(Cow::into_owned),
        Val::Nil(ty) => nil_string(ty.deref()).map(String::from),
        _ => text_of(v).map(Cow::into_owned),
    };
    Val::string(text.unwrap_or_default())
}

/// `String` of a nil pointer: generated code says `nil`, everything else is caught by `fmt`.
fn nil_string(to: TypeRef) -> Option<&'static str> {
    match to.kind() {
        Kind::Struct(_) if generated::has_string(to) => Some("nil"),
        Kind::Struct(_) | Kind::Message(_) | Kind::Duration | Kind::Wrapper(_) | Kind::StructPb => {
            Some("<nil>")
        }
        Kind::Quantity | Kind::IntOrString => Some("<nil>"),
        _ => None,
    }
}

/// Types whose `String` is a method of the value: a nil pointer cannot be followed.
pub(super) fn panics_on_nil(v: &Val<'_>) -> bool {
    match v {
        Val::Nil(ty) => {
            matches!(ty.deref().kind(), Kind::Time) || ty.deref().name() == "types.NamespacedName"
        }
        _ => false,
    }
}

/// What `String` gives for a value whose address Go can take.
pub(crate) fn addressed_string<'s>(v: &'s Val<'_>) -> Option<Cow<'s, str>> {
    match v {
        Val::Typed(node, ty) => pointer_string(node, ty.deref()),
        _ => text_of(v),
    }
}

fn pointer_string<'s>(node: &'s Value<'s>, to: TypeRef) -> Option<Cow<'s, str>> {
    let value = read(Some(node), to);
    Some(match to.kind() {
        Kind::Quantity => Cow::Owned(amount(&value).map_or_else(|| String::from("0"), |q| q.to_string())),
        Kind::IntOrString => match node {
            Value::Str(s) => Cow::Borrowed(s.as_str()),
            _ => Cow::Owned(node.as_i64().unwrap_or_default().to_string()),
        },
        Kind::Time => Cow::Owned(time_text(&value)),
        Kind::Message(_) | Kind::Duration | Kind::Wrapper(_) | Kind::StructPb => {
            Cow::Owned(prototext(node, to))
        }
        Kind::Struct(_) if to.name() == "types.NamespacedName" => Cow::Owned(namespaced(node)),
        Kind::Struct(_) if generated::has_string(to) => Cow::Owned(generated::string(node, to, 0)),
        Kind::Enum(names) => match value {
            Val::Int(i, _) => Cow::Owned(enum_name(i, names).into_owned()),
            _ => return None,
        },
        _ => return None,
    })
}

fn namespaced(node: &Value<'_>) -> String {
    let part = |name| node.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}", part("Namespace"), part("Name"))
}

fn enum_name(number: i64, names: &'static [(&'static str, i32)]) -> Cow<'static, str> {
    let known = names.iter().find(|(_, n)| i64::from(*n) == number);
    known.map_or_else(|| Cow::Owned(number.to_string()), |(name, _)| Cow::Borrowed(*name))
}

/// `time.Time.String` in UTC; the zero is year 1.
fn time_text(v: &Val<'_>) -> String {
    match instant(v) {
        Some(t) => t.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string(),
        None => String::from("0001-01-01 00:00:00 +0000 UTC"),
    }
}

/// `time.Duration.String`: `1h30m0s`, `1.5s`, `3µs`.
#[must_use]
pub(crate) fn duration_text(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let n = nanos.unsigned_abs();
    let small = |unit: u64, name: &str| format!("{sign}{}{name}", fraction(n, unit));
    match n {
        0 => String::from("0s"),
        1..1_000 => format!("{sign}{n}ns"),
        1_000..1_000_000 => small(1_000, "µs"),
        1_000_000..1_000_000_000 => small(1_000_000, "ms"),
        _ => {
            let (minutes, rest) = (n / 60_000_000_000, n % 60_000_000_000);
            let seconds = fraction(rest, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, m) => format!("{sign}{m}m{seconds}s"),
                (h, m) => format!("{sign}{h}h{m}m{seconds}s"),
            }
        }
    }
}

/// `n / unit` with as many decimals as it needs.
fn fraction(n: u64, unit: u64) -> String {
    let (whole, rest) = (n / unit, n % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    format!("{whole}.{}", format!("{rest:0width$}").trim_end_matches('0'))
}

/// A message as prototext on one line. Go puts one or two spaces between fields, by a coin tossed when it is
/// built, so that nobody relies on it; this is the form with two.
fn prototext(node: &Value<'_>, ty: TypeRef) -> String {
    let mut fields = Vec::new();
    match ty.kind() {
        Kind::Duration => {
            let nanos = duration_nanos(node);
            for (name, n) in [("seconds", nanos / 1_000_000_000), ("nanos", nanos % 1_000_000_000)] {
                if n != 0 {
                    fields.push(format!("{name}:{n}"));
                }
            }
        }
        Kind::Wrapper(_) => {
            let inner = wrapped(&Val::Typed(node, ty));
            if inner.truth() {
                fields.push(format!("value:{}", scalar(&inner)));
            }
        }
        _ => {
            for field in ty.fields() {
                if let Some(value) = node.get(field.json).filter(|v| !v.is_null()) {
                    proto_field(&mut fields, field.proto, value, field.ty);
                }
            }
        }
    }
    fields.join("  ")
}

fn proto_field(out: &mut Vec<String>, name: &str, node: &Value<'_>, ty: TypeRef) {
    match ty.kind() {
        Kind::List(item) => {
            node.as_list().unwrap_or_default().iter().for_each(|v| proto_field(out, name, v, item))
        }
        Kind::Map(_, item) => {
            for (key, value) in node.as_map().map(pillion_govalue::Map::sorted).unwrap_or_default() {
                let mut entry = vec![format!("key:{}", quote(key.as_bytes()))];
                proto_field(&mut entry, "value", value, item);
                out.push(format!("{name}:{{{}}}", entry.join("  ")));
            }
        }
        Kind::Ptr(to) => out.push(format!("{name}:{{{}}}", prototext(node, to))),
        _ => out.push(format!("{name}:{}", scalar(&read(Some(node), ty)))),
    }
}

fn scalar(v: &Val<'_>) -> String {
    match v {
        Val::Str(s, _) => quote(s),
        Val::Bool(b) => b.to_string(),
        Val::Int(i, ty) => match ty.kind() {
            Kind::Enum(names) => enum_name(*i, names).into_owned(),
            _ => i.to_string(),
        },
        Val::Uint(u, _) => u.to_string(),
        Val::Float(f) => pillion_govalue::number::general(*f),
        _ => String::new(),
    }
}
