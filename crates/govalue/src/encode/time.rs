//! Kubernetes times: RFC 3339 text as `metav1.Time` reads it, and as it writes it, in UTC and whole seconds.
//! Never a clock, a time zone by name, or any other form of time.

/// `text` as Go writes it again after reading it; `None` if it is no RFC 3339 time.
#[must_use]
pub fn utc(text: &str) -> Option<String> {
    instant(text).map(|(seconds, _)| print(seconds))
}

/// The seconds since 1970 and the nanoseconds of an RFC 3339 time; `None` if `text` is none.
#[must_use]
pub fn instant(text: &str) -> Option<(i64, u32)> {
    let b = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        b.get(from..to)?.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
    };
    let sign = |at: usize, want: u8| (*b.get(at)? == want).then_some(());
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    // Go takes an hour of one digit.
    let end = if b.get(12) == Some(&b':') { 12 } else { 13 };
    let (hour, minute, second) = (number(11, end)?, number(end + 1, end + 3)?, number(end + 4, end + 6)?);
    for (at, want) in [(4, b'-'), (7, b'-'), (10, b'T'), (end, b':'), (end + 3, b':')] {
        sign(at, want)?;
    }
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (mut rest, mut nanos) = (end + 6, 0);
    if matches!(b.get(rest), Some(b'.' | b',')) {
        rest += 1;
        let digits = b[rest..].iter().take_while(|d| d.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        nanos = b[rest..rest + digits.min(9)].iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
        nanos *= 10_u32.pow(9_u32.saturating_sub(u32::try_from(digits).unwrap_or(9)));
        rest += digits;
    }
    let offset = match b.get(rest)? {
        b'Z' if b.len() == rest + 1 => 0,
        s @ (b'+' | b'-') if b.len() == rest + 6 => {
            sign(rest + 3, b':')?;
            let (h, m) = (number(rest + 1, rest + 3)?, number(rest + 4, rest + 6)?);
            if h > 24 || m > 60 {
                return None;
            }
            (h * 60 + m) * if *s == b'-' { -60 } else { 60 }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some((seconds, nanos))
}

fn print(seconds: i64) -> String {
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that begin in March.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + days.div_euclid(146_097) * 400;
    (if month <= 2 { year + 1 } else { year }, month, of_year - (153 * from_march + 2) / 5 + 1)
}
