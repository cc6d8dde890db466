//! Floats on their way through JSON.

use pillion_govalue::{Value, json};

/// `strconv.FormatFloat(f, 'g', -1, 32)` with YAML's names for what is no number: a float as a key of a JSON
/// object loses the digits that a float32 lacks.
pub(crate) fn format_g32(f: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "Go loses the same digits")]
    let single = f as f32;
    if single.is_nan() {
        return ".nan".to_owned();
    }
    if single.is_infinite() {
        return if single < 0.0 { "-.inf" } else { ".inf" }.to_owned();
    }
    let text = format!("{single:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return single.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

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
