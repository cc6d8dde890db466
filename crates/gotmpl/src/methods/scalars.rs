//! Methods of the special scalars: quantities, durations, times, wrappers, IntOrString.

use jiff::Timestamp;
use pillion_govalue::quantity::Quantity;
use pillion_govalue::types::{KNOWN, named};
use pillion_govalue::{TypeRef, Value};

use super::Method;
use super::text::string_of;
use crate::value::{Val, read};

/// `*durationpb.Duration`.
pub(super) fn duration_message(name: &str) -> Option<Method> {
    Some(match name {
        "String" => Method::plain(string_of),
        "GetSeconds" => Method::plain(|v, _| seconds(v)),
        "GetNanos" => Method::plain(|v, _| nanos(v)),
        "AsDuration" => Method::plain(|v, _| Val::Int(clamp(nanos_of(v)), KNOWN.duration)),
        "IsValid" => Method::plain(|v, _| Val::Bool(!v.is_nil())),
        _ => return None,
    })
}

const NANOS: i128 = 1_000_000_000;

/// The field `Seconds` of a `durationpb.Duration`.
pub(crate) fn seconds<'v>(v: &Val<'v>) -> Val<'v> {
    Val::int64(clamp(nanos_of(v) / NANOS))
}

/// The field `Nanos`.
pub(crate) fn nanos<'v>(v: &Val<'v>) -> Val<'v> {
    Val::Int(clamp(nanos_of(v) % NANOS), KNOWN.int32)
}

/// Go's `AsDuration` clamps at the ends of an `int64`.
fn clamp(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

fn nanos_of(v: &Val<'_>) -> i128 {
    v.tree().map_or(0, |(node, _)| duration_nanos(node))
}

/// The nanoseconds of a duration in jsonpb's text, `"1.500s"`.
pub(crate) fn duration_nanos(node: &Value<'_>) -> i128 {
    let text = node.as_str().and_then(|s| s.strip_suffix('s')).unwrap_or("0");
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |t| (true, t));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i128 = whole.parse().unwrap_or_default();
    let fraction: i128 = format!("{fraction:0<9.9}").parse().unwrap_or_default();
    let nanos = whole * NANOS + fraction;
    if negative { -nanos } else { nanos }
}

/// `*wrapperspb.BoolValue` and its like.
pub(super) fn wrapper(name: &str) -> Option<Method> {
    Some(match name {
        "String" => Method::plain(string_of),
        "GetValue" => Method::plain(|v, _| wrapped(v)),
        _ => return None,
    })
}

/// What a wrapper holds; the zero for a nil one.
pub(crate) fn wrapped<'v>(v: &Val<'v>) -> Val<'v> {
    let inner = v.ty().map(TypeRef::deref).and_then(|ty| match ty.kind() {
        pillion_govalue::Kind::Wrapper(inner) => Some(inner),
        _ => None,
    });
    inner.map_or(Val::Invalid, |ty| read(v.tree().map(|(node, _)| node), ty))
}

pub(super) fn struct_as_map<'v>(v: &Val<'v>, _: &[Val<'v>]) -> Val<'v> {
    read(v.tree().map(|(node, _)| node), KNOWN.map_any)
}

/// `*resource.Quantity`.
pub(super) fn quantity(name: &str) -> Option<Method> {
    Some(match name {
        "String" => Method::plain(string_of),
        "Value" => Method::plain(|v, _| Val::int64(amount(v).map_or(0, |q| q.value()))),
        "MilliValue" => Method::plain(|v, _| Val::int64(amount(v).map_or(0, |q| q.milli_value()))),
        "IsZero" => Method::plain(|v, _| Val::Bool(amount(v).is_none_or(|q| q.is_zero()))),
        _ => return None,
    })
}

pub(crate) fn amount(v: &Val<'_>) -> Option<Quantity> {
    v.tree().and_then(|(node, _)| Quantity::from_value(node).ok())
}

/// `*v1.ResourceList`: the quantity of a resource, a zero where there is none.
pub(super) fn resource_list(name: &str) -> Option<Method> {
    Some(match name {
        "Cpu" => Method::plain(|v, _| resource(v, b"cpu")),
        "Memory" => Method::plain(|v, _| resource(v, b"memory")),
        "Storage" => Method::plain(|v, _| resource(v, b"storage")),
        "Pods" => Method::plain(|v, _| resource(v, b"pods")),
        "StorageEphemeral" => Method::plain(|v, _| resource(v, b"ephemeral-storage")),
        _ => return None,
    })
}

static ZERO: Value<'static> = Value::Int(0);

fn resource<'v>(v: &Val<'v>, name: &[u8]) -> Val<'v> {
    let pointer = named("*resource.Quantity").unwrap_or(KNOWN.quantity);
    match v.deref().entry(name) {
        Some(Val::Typed(node, _)) => Val::Typed(node, pointer),
        _ => Val::Typed(&ZERO, pointer),
    }
}

/// `*intstr.IntOrString`.
pub(super) fn int_or_string(name: &str) -> Option<Method> {
    Some(match name {
        "String" => Method::plain(string_of),
        "IntValue" => Method::plain(|v, _| {
            Val::int(match v.tree() {
                Some((Value::Str(s), _)) => s.parse().unwrap_or_default(),
                Some((node, _)) => node.as_i64().unwrap_or_default(),
                None => 0,
            })
        }),
        _ => return None,
    })
}

/// `v1.Time`, which embeds `time.Time`.
pub(super) fn time(name: &str) -> Option<Method> {
    Some(match name {
        "String" => Method::plain(string_of),
        "IsZero" => Method::plain(|v, _| Val::Bool(instant(v).is_none())),
        "Unix" => Method::plain(|v, _| Val::int64(instant(v).map_or(YEAR_ONE, Timestamp::as_second))),
        "UnixMilli" => {
            Method::plain(|v, _| Val::int64(instant(v).map_or(YEAR_ONE * 1000, Timestamp::as_millisecond)))
        }
        "Nanosecond" => Method::plain(|_, _| Val::int(0)),
        "Year" => Method::plain(|v, _| Val::int(civil(v).map_or(1, |t| i64::from(t.year())))),
        "Day" => Method::plain(|v, _| Val::int(civil(v).map_or(1, |t| i64::from(t.day())))),
        "YearDay" => Method::plain(|v, _| Val::int(civil(v).map_or(1, |t| i64::from(t.day_of_year())))),
        "Hour" => Method::plain(|v, _| Val::int(civil(v).map_or(0, |t| i64::from(t.hour())))),
        "Minute" => Method::plain(|v, _| Val::int(civil(v).map_or(0, |t| i64::from(t.minute())))),
        "Second" => Method::plain(|v, _| Val::int(civil(v).map_or(0, |t| i64::from(t.second())))),
        _ => return None,
    })
}

/// Seconds from Go's zero time to 1970.
const YEAR_ONE: i64 = -62_135_596_800;

/// The time that a `v1.Time` holds; `None` for the zero.
pub(crate) fn instant(v: &Val<'_>) -> Option<Timestamp> {
    v.tree().and_then(|(node, _)| node.as_str()).and_then(|s| s.parse().ok())
}

fn civil(v: &Val<'_>) -> Option<jiff::civil::DateTime> {
    instant(v).map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).datetime())
}

/// `time.Duration`.
pub(super) fn duration(name: &str) -> Option<Method> {
    Some(match name {
        "String" => Method::plain(string_of),
        "Nanoseconds" => Method::plain(|v, _| Val::int64(v.as_int())),
        "Microseconds" => Method::plain(|v, _| Val::int64(v.as_int() / 1_000)),
        "Milliseconds" => Method::plain(|v, _| Val::int64(v.as_int() / 1_000_000)),
        "Seconds" => Method::plain(|v, _| Val::Float(units(v, 1_000_000_000))),
        "Minutes" => Method::plain(|v, _| Val::Float(units(v, 60_000_000_000))),
        "Hours" => Method::plain(|v, _| Val::Float(units(v, 3_600_000_000_000))),
        "Abs" => Method::plain(|v, _| Val::Int(v.as_int().saturating_abs(), KNOWN.duration)),
        _ => return None,
    })
}

/// Whole units and the rest apart, as Go adds them.
#[allow(clippy::cast_precision_loss, reason = "Go's own loss")]
fn units(v: &Val<'_>, unit: i64) -> f64 {
    (v.as_int() / unit) as f64 + (v.as_int() % unit) as f64 / unit as f64
}
