//! Times as flags take them, in Go's spelling. Never: what they are for.

use std::time::Duration;

/// A time of a day at most, as Go writes it: `10s`, `1m30s`, `500ms`; a bare number is seconds.
pub(super) fn of_a_day(text: &str) -> Result<Duration, String> {
    up_to(86_400.0, text)
}

/// The same of a hundred years at most, for certificates.
pub(super) fn of_a_life(text: &str) -> Result<Duration, String> {
    let duration = up_to(876_000.0 * 3600.0, text)?;
    if duration.is_zero() {
        Err(format!("{text:?}: a certificate must live for some time"))
    } else {
        Ok(duration)
    }
}

fn up_to(most: f64, text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let wrong = || format!("{text:?} is no time: say 10s, 1m30s or 500ms");
    let bounded = |seconds: f64| {
        if (0.0..=most).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(wrong()) }
    };
    if let Ok(seconds) = text.parse::<f64>() {
        return bounded(seconds);
    }
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let (unit, factor) = UNITS.iter().find(|(unit, _)| unit_at(rest, unit)).ok_or_else(wrong)?;
        rest = &rest[unit.len()..];
        seconds += number * factor;
    }
    if text.is_empty() { Err(wrong()) } else { bounded(seconds) }
}

/// Whether `rest` begins with this unit and not with a longer word.
fn unit_at(rest: &str, unit: &str) -> bool {
    rest.strip_prefix(unit)
        .is_some_and(|after| after.is_empty() || after.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_go_reads_them() {
        let cases =
            [("10s", 10_000), ("1m30s", 90_000), ("500ms", 500), ("0s", 0), ("2", 2_000), ("1.5s", 1_500)];
        for (text, millis) in cases {
            assert_eq!(of_a_day(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for bad in ["", "s", "10x", "-1s", "10s5", "1e400", "999999h", "NaN"] {
            assert!(of_a_day(bad).is_err(), "{bad}");
        }
        assert_eq!(of_a_life("87600h").unwrap(), Duration::from_secs(87_600 * 3600));
        assert!(of_a_life("0s").is_err());
    }
}
