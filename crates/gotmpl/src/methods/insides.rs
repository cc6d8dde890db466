//! The fields that Go prints of structs which the table of types has as scalars: a quantity that is printed without
//! its `String` shows how it is made.

use pillion_govalue::quantity::Format;
use pillion_govalue::types::{KNOWN, named};
use pillion_govalue::{Kind, TypeRef, Value};

use super::scalars::{amount, instant, nanos, seconds, wrapped};
use crate::value::{Bytes, Val};

/// A field of such a struct.
pub(crate) enum Inside<'v> {
    /// Name and value.
    Value(&'static str, Val<'v>),
    /// Name, type and fields.
    Struct(&'static str, &'static str, Vec<Self>),
    /// Name and type of a pointer that is nil.
    NilPointer(&'static str, &'static str),
}

/// The fields; `None` for ordinary structs, which the table knows.
pub(crate) fn insides<'v>(node: &'v Value<'v>, ty: TypeRef) -> Option<Vec<Inside<'v>>> {
    let value = Val::Typed(node, ty);
    Some(match ty.kind() {
        Kind::Quantity => quantity(&value, node),
        Kind::IntOrString => int_or_string(node),
        Kind::Time => time(&value),
        Kind::Duration => {
            vec![Inside::Value("Seconds", seconds(&value)), Inside::Value("Nanos", nanos(&value))]
        }
        Kind::Wrapper(_) => vec![Inside::Value("Value", wrapped(&value))],
        _ => return None,
    })
}

fn quantity<'v>(value: &Val<'v>, node: &Value<'_>) -> Vec<Inside<'v>> {
    let amount = amount(value).filter(|_| !node.is_null());
    let (number, scale) = amount.as_ref().and_then(|q| q.small()).unwrap_or_default();
    let format = match amount.as_ref().map(|q| q.format()) {
        Some(Format::DecimalExponent) => "DecimalExponent",
        Some(Format::BinarySi) => "BinarySI",
        Some(Format::DecimalSi) => "DecimalSI",
        None => "",
    };
    let written = match node {
        Value::Str(text) => String::from(text.trim()),
        other => pillion_govalue::json::to_string(other, pillion_govalue::json::PLAIN),
    };
    let binary = matches!(amount.as_ref().map(|q| q.format()), Some(Format::BinarySi));
    let text = amount.filter(|_| is_kept(&written, binary)).map(|_| written).unwrap_or_default();
    let scale = Val::Int(scale.into(), typed("resource.Scale"));
    let small = vec![Inside::Value("value", Val::int64(number)), Inside::Value("scale", scale)];
    vec![
        Inside::Struct("i", "resource.int64Amount", small),
        Inside::Struct("d", "resource.infDecAmount", vec![Inside::NilPointer("Dec", "*inf.Dec")]),
        Inside::Value("s", Val::string(text)),
        Inside::Value("Format", Val::Str(Bytes::from(format), typed("resource.Format"))),
    ]
}

/// Whether Go's quantity keeps the text that it was read from: one that looks canonical, as `ParseQuantity` of
/// apimachinery judges in passing. (`1500m` is kept, `0.2` and `1.5` are not.)
fn is_kept(text: &str, binary: bool) -> bool {
    const MOST_DIGITS: usize = 18;
    if text == "0" {
        return true;
    }
    let unsigned = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    let end = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
    let (whole, rest) = unsigned.split_at(end);
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    let fraction = &fraction[..fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len())];
    let digits = format!("{whole}{fraction}");
    if binary {
        // The exponent of a binary suffix is always a multiple of ten.
        return fraction.is_empty() && digits.parse::<u64>().is_ok_and(|n| n & 7 != 0);
    }
    let suffix = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let exponent = match suffix.strip_prefix(['e', 'E']).filter(|digits| !digits.is_empty()) {
        Some(digits) => digits.parse::<i64>().unwrap_or(1),
        // Every other suffix stands for a power of a thousand.
        None => 0,
    };
    let places = i64::try_from(fraction.len()).unwrap_or(1);
    digits.len() <= MOST_DIGITS
        && (exponent - places) % 3 == 0
        && !digits.ends_with("000")
        && !digits.starts_with('0')
}

fn int_or_string<'v>(node: &'v Value<'v>) -> Vec<Inside<'v>> {
    let text = node.as_str();
    vec![
        Inside::Value("Type", Val::Int(i64::from(text.is_some()), typed("intstr.Type"))),
        Inside::Value("IntVal", Val::Int(node.as_i64().unwrap_or_default(), KNOWN.int32)),
        Inside::Value("StrVal", Val::string(text.unwrap_or_default())),
    ]
}

/// A time in whole seconds as Go holds it: nanoseconds, seconds since year 1, the zone (nil for UTC).
fn time<'v>(value: &Val<'v>) -> Vec<Inside<'v>> {
    const YEAR_ONE_TO_UNIX: i64 = 62_135_596_800;
    let seconds = instant(value).map_or(0, |t| t.as_second() + YEAR_ONE_TO_UNIX);
    let inner = vec![
        Inside::Value("wall", Val::Uint(0, KNOWN.uint64)),
        Inside::Value("ext", Val::int64(seconds)),
        Inside::NilPointer("loc", "*time.Location"),
    ];
    vec![Inside::Struct("Time", "time.Time", inner)]
}

fn typed(name: &str) -> TypeRef {
    named(name).unwrap_or(KNOWN.any)
}
