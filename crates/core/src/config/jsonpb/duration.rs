//! Durations: Go's syntax read (`time.ParseDuration`), and protobuf's canonical JSON text written.
//! Never rounds: what Go cannot hold in 64 bits of nanoseconds is refused.

const NANOS: u64 = 1_000_000_000;

/// Units and their nanoseconds; both spellings of the micro sign that Go takes.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", NANOS),
    ("m", 60 * NANOS),
    ("h", 3_600 * NANOS),
];

/// The bound of the magnitude: only a negative duration may reach it.
const LIMIT: u64 = 1 << 63;

/// Reads `1h30m`, `1.5s`, `-3ms` or `0` as nanoseconds.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (term, tail) = term(rest)?;
        total = total.checked_add(term).filter(|t| *t <= LIMIT)?;
        rest = tail;
    }
    match (negative, total) {
        (true, LIMIT) => Some(i64::MIN),
        (true, _) => i64::try_from(total).ok().map(|t| -t),
        (false, _) => i64::try_from(total).ok(),
    }
}

/// One number with its unit.
fn term(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let unit = UNITS.iter().find(|(name, _)| *name == &rest[..end])?.1;
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok().filter(|w| *w <= LIMIT)? };
    let nanos = whole.checked_mul(unit)?.checked_add(share(fraction, unit))?;
    (nanos <= LIMIT).then_some((nanos, &rest[end..]))
}

/// `fraction` of `unit` as Go computes it: in a float64, digits beyond 63 bits dropped.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes the fraction in a float64 and truncates"
)]
fn share(fraction: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction.bytes().map(|b| u64::from(b - b'0')) {
        match value.checked_mul(10).and_then(|v| v.checked_add(digit)) {
            Some(next) if value <= LIMIT / 10 && next <= LIMIT => {
                value = next;
                scale *= 10.0;
            }
            _ => break,
        }
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// Protobuf's JSON text: seconds with 0, 3, 6 or 9 decimals.
pub(crate) fn canonical(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let (seconds, part) = (size / NANOS, size % NANOS);
    if part == 0 {
        format!("{sign}{seconds}s")
    } else if part.is_multiple_of(1_000_000) {
        format!("{sign}{seconds}.{:03}s", part / 1_000_000)
    } else if part.is_multiple_of(1_000) {
        format!("{sign}{seconds}.{:06}s", part / 1_000)
    } else {
        format!("{sign}{seconds}.{part:09}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_syntax_is_read_and_written_canonically() {
        for (text, want) in [
            ("45s", "45s"),
            ("1h", "3600s"),
            ("1.5s", "1.500s"),
            ("1h30m0.5s", "5400.500s"),
            ("3us", "0.000003s"),
            ("3\u{b5}s", "0.000003s"),
            ("1ns", "0.000000001s"),
            ("-1.5h", "-5400s"),
            ("+2m", "120s"),
            (".5s", "0.500s"),
            ("1.s", "1s"),
            ("0", "0s"),
            ("-0", "0s"),
            ("2562047h47m16.854775807s", "9223372036.854775807s"),
            ("-9223372036854775808ns", "-9223372036.854775808s"),
        ] {
            assert_eq!(parse(text).map(canonical).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in
            ["", "1", "s", ".s", "1x", "1 s", "-", "1s2", "9223372036854775808ns", "99999999999h", "1e3s"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
