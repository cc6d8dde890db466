//! Numbers as Go prints them.

use pillion_govalue::{Value, json};

/// `strconv.FormatFloat(f, 'g', -1, 64)`: the shortest digits, an exponent below 1e-4 and from seven
/// digits before the point on.
pub(crate) fn format_g(f: f64) -> String {
    general(f, &format!("{f:e}"))
}

/// The same with the precision of a float32: how a float becomes the key of a JSON object.
pub(crate) fn format_g32(f: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "Go loses the same digits")]
    let single = f as f32;
    general(f64::from(single), &format!("{single:e}"))
}

/// `shortest` is Rust's form of the number with an exponent: `1.25e-7`.
fn general(f: f64, shortest: &str) -> String {
    if f.is_nan() {
        return ".nan".to_owned();
    }
    if f.is_infinite() {
        return if f < 0.0 { "-.inf" } else { ".inf" }.to_owned();
    }
    let (digits, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..GENERAL_MOST).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |d| ("-", d));
    let bare: String = digits.chars().filter(|c| *c != '.').collect();
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{bare}");
    }
    let whole = exponent as usize + 1;
    if bare.len() <= whole {
        return format!("{sign}{bare}{}", "0".repeat(whole - bare.len()));
    }
    format!("{sign}{}.{}", &bare[..whole], &bare[whole..])
}

/// The exponent that `%g` with the shortest digits begins to write.
const GENERAL_MOST: i32 = 6;

/// A float as it comes back from the JSON that Go makes of it: `1.0` and `1e3` are integers there.
pub(crate) fn from_json_float(f: f64) -> Value<'static> {
    let mut text = String::new();
    json::write_float(&mut text, f);
    if text == "-0" || text.contains(['.', 'e']) || !f.is_finite() {
        return Value::Float(f);
    }
    if let Ok(int) = text.parse() {
        return Value::Int(int);
    }
    text.parse().map_or(Value::Float(f), Value::Uint)
}
