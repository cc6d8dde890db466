//! Go's durations as text: reading `1h30m`, writing `1h30m0s`. A duration is a number of nanoseconds.

/// Nanoseconds of a second.
pub(super) const SECOND: i64 = 1_000_000_000;

const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1000),
    ("\u{b5}s", 1000),
    ("\u{3bc}s", 1000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// `time.ParseDuration`.
///
/// # Errors
/// Go's words for a text that is no duration.
pub fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quoted(text.as_bytes()));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (whole, after) = leading_digits(rest);
        let (part, after) = after.strip_prefix('.').map_or(("", after), leading_digits);
        if whole.is_empty() && part.is_empty() {
            return Err(invalid());
        }
        rest = after;
        let unit_end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = &rest[..unit_end];
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quoted(text.as_bytes())));
        }
        let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!(
                "time: unknown unit {} in duration {}",
                quoted(unit.as_bytes()),
                quoted(text.as_bytes())
            ));
        };
        rest = &rest[unit_end..];
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        let amount = whole
            .checked_mul(*nanos)
            .and_then(|n| n.checked_add(fraction(part, *nanos)))
            .and_then(|n| n.checked_add(total))
            .filter(|n| *n <= 1 << 63);
        total = amount.ok_or_else(invalid)?;
    }
    if negative {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Nanoseconds of the digits behind the point; what goes beyond 18 of them is too small to count.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as Go"
)]
fn fraction(digits: &str, nanos: u64) -> u64 {
    let digits = &digits[..digits.len().min(18)];
    let value: u64 = digits.parse().unwrap_or_default();
    let scale = 10_f64.powi(i32::try_from(digits.len()).unwrap_or_default());
    (value as f64 * (nanos as f64 / scale)) as u64
}

/// `Duration.String()`.
#[must_use]
pub fn format(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let n = nanos.unsigned_abs();
    let small = |unit: u64, name: &str| format!("{sign}{}{name}", decimal(n, unit));
    match n {
        0 => String::from("0s"),
        1..=999 => format!("{sign}{n}ns"),
        1000..=999_999 => small(1000, "µs"),
        1_000_000..=999_999_999 => small(1_000_000, "ms"),
        _ => {
            let minutes = n / 60_000_000_000;
            let seconds = decimal(n % 60_000_000_000, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

/// `n` in `unit`s, with as many decimals as it takes.
fn decimal(n: u64, unit: u64) -> String {
    let width = usize::try_from(unit.ilog10()).unwrap_or_default();
    let text = format!("{}.{:0width$}", n / unit, n % unit);
    String::from(text.trim_end_matches('0').trim_end_matches('.'))
}

/// A quoted text in an error of package `time`: control characters and all bytes above ASCII as escapes.
pub(super) fn quoted(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for b in text {
        match b {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*b));
            }
            b' '..=b'~' => out.push(char::from(*b)),
            _ => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (nanos, want) in [
            (0, "0s"),
            (3, "3ns"),
            (3000, "3µs"),
            (1_500_000, "1.5ms"),
            (45 * SECOND, "45s"),
            (SECOND * 3 / 2, "1.5s"),
            (5400 * SECOND, "1h30m0s"),
            (36 * 3600 * SECOND, "36h0m0s"),
            (-5 * SECOND, "-5s"),
            (60 * SECOND, "1m0s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(format(nanos), want);
        }
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, want) in [
            ("0", Ok(0)),
            ("1h30m", Ok(5400 * SECOND)),
            ("1.5s", Ok(SECOND * 3 / 2)),
            ("-.5ms", Ok(-500_000)),
            ("1µs", Ok(1000)),
            ("", Err("time: invalid duration \"\"")),
            ("1", Err("time: missing unit in duration \"1\"")),
            ("1x", Err("time: unknown unit \"x\" in duration \"1x\"")),
            ("1..s", Err("time: missing unit in duration \"1..s\"")),
            ("x", Err("time: invalid duration \"x\"")),
            ("9223372036854775808ns", Err("time: invalid duration \"9223372036854775808ns\"")),
        ] {
            assert_eq!(parse(text), want.map_err(String::from), "{text}");
        }
    }
}
