//! Reading a time by a Go layout, with Go's errors. Never writing (see `layout`).

use jiff::civil::DateTime;

use super::super::duration::quoted;
use super::layout::{Element, MONTHS, WEEKDAYS, next};
use super::{Time, Zone};

/// What a text said; a part that it did not say is absent.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    /// `AM` was there; `PM` was. Both may be.
    morning: bool,
    afternoon: bool,
    utc: bool,
    offset: Option<i32>,
    zone_name: String,
}

/// Why an element cannot be read.
enum Bad {
    /// It is not there.
    Syntax,
    /// It is, and this part of it is too large or small.
    Range(&'static str),
}

type Read<'t, T> = Result<(T, &'t [u8]), Bad>;

/// `time.ParseInLocation`.
pub(super) fn parse(layout: &[u8], text: &[u8], local: &Zone) -> Result<Time, String> {
    let mut parts = Parts::default();
    let (mut rest_layout, mut rest) = (layout, text);
    let refused = |what: String| format!("parsing time {}{what}", quoted(text));
    let cannot = |at: &[u8], element: &[u8]| {
        refused(format!(" as {}: cannot parse {} as {}", quoted(layout), quoted(at), quoted(element)))
    };
    loop {
        let (literal, element, after) = next(rest_layout);
        rest = skip(rest, literal).map_err(|at| cannot(at, literal))?;
        let Some((element, name)) = element else { break };
        rest_layout = after;
        rest = match parts.read(element, rest, after) {
            Ok(rest) => rest,
            Err(Bad::Syntax) => return Err(cannot(rest, name)),
            Err(Bad::Range(what)) => return Err(refused(format!(": {what} out of range"))),
        };
    }
    if !rest.is_empty() {
        return Err(refused(format!(": extra text: {}", quoted(rest))));
    }
    parts.time(local).map_err(|what| refused(format!(": {what}")))
}

/// `text` behind `prefix`, in which a run of blanks stands for any number of them; the error is where they differ.
fn skip<'t>(text: &'t [u8], prefix: &[u8]) -> Result<&'t [u8], &'t [u8]> {
    let (mut text, mut prefix) = (text, prefix);
    while let Some((&b, after)) = prefix.split_first() {
        match (b, text.first()) {
            (b' ', None | Some(b' ')) => {
                prefix = prefix.trim_ascii_start_of(b' ');
                text = text.trim_ascii_start_of(b' ');
            }
            (_, Some(c)) if *c == b => {
                prefix = after;
                text = &text[1..];
            }
            _ => return Err(text),
        }
    }
    Ok(text)
}

trait TrimStart {
    fn trim_ascii_start_of(&self, b: u8) -> &Self;
}

impl TrimStart for [u8] {
    fn trim_ascii_start_of(&self, b: u8) -> &Self {
        let count = self.iter().take_while(|c| **c == b).count();
        &self[count..]
    }
}

/// Between `min` and `max` digits.
fn digits(text: &[u8], min: usize, max: usize) -> Read<'_, i64> {
    let count = text.iter().take(max).take_while(|b| b.is_ascii_digit()).count();
    if count < min {
        return Err(Bad::Syntax);
    }
    let value = text[..count].iter().fold(0, |n, b| n * 10 + i64::from(b - b'0'));
    Ok((value, &text[count..]))
}

fn within<'t>(
    (value, rest): (i64, &'t [u8]),
    range: std::ops::RangeInclusive<i64>,
    what: &'static str,
) -> Read<'t, i64> {
    if range.contains(&value) { Ok((value, rest)) } else { Err(Bad::Range(what)) }
}

/// A name, or its first three letters, in any case; gives its place from 0.
fn name<'t>(text: &'t [u8], names: &[&str], short: bool) -> Read<'t, i64> {
    for (i, name) in names.iter().enumerate() {
        let name = if short { &name[..3] } else { name };
        if text.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name.as_bytes())) {
            return Ok((i64::try_from(i).unwrap_or_default(), &text[name.len()..]));
        }
    }
    Err(Bad::Syntax)
}

/// A point or comma and `count` digits as nanoseconds.
fn nanoseconds(text: &[u8], count: usize) -> Read<'_, i64> {
    let fraction = text.get(1..=count).filter(|_| matches!(text[0], b'.' | b',')).ok_or(Bad::Syntax)?;
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(Bad::Syntax);
    }
    let value = (0..9).fold(0, |n, i| n * 10 + fraction.get(i).map_or(0, |b| i64::from(b - b'0')));
    Ok((value, &text[count + 1..]))
}

fn fraction_len(text: &[u8]) -> usize {
    match text {
        [b'.' | b',', digits @ ..] => digits.iter().take_while(|b| b.is_ascii_digit()).count(),
        _ => 0,
    }
}

impl Parts {
    fn read<'t>(&mut self, element: Element, text: &'t [u8], layout: &[u8]) -> Result<&'t [u8], Bad> {
        let rest;
        match element {
            Element::Year => {
                let (two, after) = digits(text, 2, 2)?;
                self.year = Some(two + if two >= 69 { 1900 } else { 2000 });
                rest = after;
            }
            Element::LongYear => (self.year, rest) = some(digits(text, 4, 4)?),
            Element::Month => (self.month, rest) = some(name(text, &MONTHS, true).map(|(n, r)| (n + 1, r))?),
            Element::LongMonth => {
                (self.month, rest) = some(name(text, &MONTHS, false).map(|(n, r)| (n + 1, r))?)
            }
            Element::NumMonth => (self.month, rest) = some(within(digits(text, 1, 2)?, 1..=12, "month")?),
            Element::ZeroMonth => (self.month, rest) = some(within(digits(text, 2, 2)?, 1..=12, "month")?),
            Element::Weekday => (_, rest) = name(text, &WEEKDAYS, true)?,
            Element::LongWeekday => (_, rest) = name(text, &WEEKDAYS, false)?,
            Element::Day => (self.day, rest) = some(digits(text, 1, 2)?),
            Element::UnderDay => {
                (self.day, rest) = some(digits(text.strip_prefix(b" ").unwrap_or(text), 1, 2)?);
            }
            Element::ZeroDay => (self.day, rest) = some(digits(text, 2, 2)?),
            Element::UnderYearDay => {
                let text = text.strip_prefix(b" ").unwrap_or(text);
                (self.year_day, rest) = some(digits(text.strip_prefix(b" ").unwrap_or(text), 1, 3)?);
            }
            Element::ZeroYearDay => (self.year_day, rest) = some(digits(text, 3, 3)?),
            Element::Hour => (self.hour, rest) = within(digits(text, 1, 2)?, 0..=23, "hour")?,
            Element::Hour12 => (self.hour, rest) = within(digits(text, 1, 2)?, 0..=12, "hour")?,
            Element::ZeroHour12 => (self.hour, rest) = within(digits(text, 2, 2)?, 0..=12, "hour")?,
            Element::Minute => (self.minute, rest) = within(digits(text, 1, 2)?, 0..=59, "minute")?,
            Element::ZeroMinute => (self.minute, rest) = within(digits(text, 2, 2)?, 0..=59, "minute")?,
            Element::Second => return self.second(text, 1, layout),
            Element::ZeroSecond => return self.second(text, 2, layout),
            Element::Pm | Element::LowerPm => {
                let lower = element == Element::LowerPm;
                let (am, pm): (&[u8], &[u8]) = if lower { (b"am", b"pm") } else { (b"AM", b"PM") };
                let mark = text.get(..2).filter(|m| *m == am || *m == pm).ok_or(Bad::Syntax)?;
                self.morning |= mark == am;
                self.afternoon |= mark == pm;
                rest = &text[2..];
            }
            Element::Offset { z, colon, parts } => return self.zone_offset(text, z, colon, parts),
            Element::Zone => {
                if let Some(after) = text.strip_prefix(b"UTC") {
                    self.utc = true;
                    return Ok(after);
                }
                let len = zone_name_len(text).ok_or(Bad::Syntax)?;
                self.zone_name = String::from_utf8_lossy(&text[..len]).into_owned();
                rest = &text[len..];
            }
            Element::Fraction { digits, trim: false, .. } => {
                (self.nanosecond, rest) = nanoseconds(text, digits)?;
            }
            Element::Fraction { .. } => match fraction_len(text) {
                0 => rest = text,
                count => (self.nanosecond, rest) = nanoseconds(text, count)?,
            },
        }
        Ok(rest)
    }

    /// Seconds, and a fraction behind them that the layout does not mention.
    fn second<'t>(&mut self, text: &'t [u8], min: usize, layout: &[u8]) -> Result<&'t [u8], Bad> {
        let (second, rest) = within(digits(text, min, 2)?, 0..=59, "second")?;
        self.second = second;
        let mentioned = matches!(next(layout).1, Some((Element::Fraction { .. }, _)));
        let count = fraction_len(rest);
        if count == 0 || mentioned {
            return Ok(rest);
        }
        let (nanosecond, rest) = nanoseconds(rest, count)?;
        self.nanosecond = nanosecond;
        Ok(rest)
    }

    fn zone_offset<'t>(&mut self, text: &'t [u8], z: bool, colon: bool, parts: u8) -> Result<&'t [u8], Bad> {
        if z && let Some(rest) = text.strip_prefix(b"Z") {
            self.utc = true;
            return Ok(rest);
        }
        let (sign, mut rest) = text.split_first().ok_or(Bad::Syntax)?;
        let (mut seconds, mut beyond) = (0, None);
        let limits =
            [(24, "time zone offset hour"), (60, "time zone offset minute"), (60, "time zone offset second")];
        for (i, (max, what)) in limits.into_iter().enumerate().take(parts.into()) {
            if i > 0 && colon {
                rest = rest.strip_prefix(b":").ok_or(Bad::Syntax)?;
            }
            let value;
            (value, rest) = digits(rest, 2, 2)?;
            seconds += value * [3600, 60, 1][i];
            // Of several that are out of range Go names the last.
            beyond = if value > max { Some(what) } else { beyond };
        }
        if let Some(what) = beyond {
            return Err(Bad::Range(what));
        }
        let seconds = i32::try_from(seconds).unwrap_or_default();
        self.offset = Some(match sign {
            b'+' => seconds,
            b'-' => -seconds,
            _ => return Err(Bad::Syntax),
        });
        Ok(rest)
    }

    fn time(self, local: &Zone) -> Result<Time, &'static str> {
        let year = self.year.unwrap_or_default();
        let hour = match self.hour {
            ..12 if self.afternoon => self.hour + 12,
            12 if self.morning && !self.afternoon => 0,
            _ => self.hour,
        };
        let (month, day) = self.month_and_day(year)?;
        let small = |n: i64| i8::try_from(n).unwrap_or_default();
        let civil = DateTime::new(
            i16::try_from(year).unwrap_or_default(),
            small(month),
            small(day),
            small(hour),
            small(self.minute),
            small(self.second),
            i32::try_from(self.nanosecond).unwrap_or_default(),
        )
        .map_err(|_| "day out of range")?;
        if self.utc {
            return Ok(Time::at(civil, &Zone::utc()));
        }
        if let Some(offset) = self.offset {
            let fixed = Time::at(civil, &Zone::Fixed { offset, name: self.zone_name.clone() });
            let here = fixed.in_zone(local);
            let same =
                here.offset() == offset && (self.zone_name.is_empty() || here.zone_name() == self.zone_name);
            return Ok(if same { here } else { fixed });
        }
        if !self.zone_name.is_empty() {
            let here = Time::at(civil, local);
            if here.zone_name() == self.zone_name {
                return Ok(here);
            }
            let hours =
                self.zone_name.strip_prefix("GMT").and_then(|h| h.parse::<i32>().ok()).unwrap_or_default();
            // Go takes the clock for one of UTC, even where the name tells the offset.
            let fixed = Zone::Fixed { offset: hours * 3600, name: self.zone_name };
            return Ok(Time::at(civil, &Zone::utc()).in_zone(&fixed));
        }
        Ok(Time::at(civil, local))
    }

    fn month_and_day(&self, year: i64) -> Result<(i64, i64), &'static str> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let (mut month, mut day) = (self.month, self.day);
        if let Some(year_day) = self.year_day {
            if !(1..=365 + i64::from(leap)).contains(&year_day) {
                return Err("day-of-year out of range");
            }
            let (mut left, mut of_year) = (year_day, 1);
            for length in lengths {
                if left <= length {
                    break;
                }
                left -= length;
                of_year += 1;
            }
            if month.is_some_and(|m| m != of_year) {
                return Err("day-of-year does not match month");
            }
            if day.is_some_and(|d| d != left) {
                return Err("day-of-year does not match day");
            }
            (month, day) = (Some(of_year), Some(left));
        }
        let (month, day) = (month.unwrap_or(1), day.unwrap_or(1));
        let length = usize::try_from(month - 1).ok().and_then(|m| lengths.get(m));
        if !length.is_some_and(|length| (1..=*length).contains(&day)) {
            return Err("day out of range");
        }
        Ok((month, day))
    }
}

fn some((value, rest): (i64, &[u8])) -> (Option<i64>, &[u8]) {
    (Some(value), rest)
}

/// Length of a zone's short name: three to five capitals as they are in use, or a sign and hours.
fn zone_name_len(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_hours(rest).unwrap_or(0));
    }
    if matches!(text.first(), Some(b'+' | b'-')) {
        return signed_hours(text);
    }
    let capitals = text.iter().take(6).take_while(|b| b.is_ascii_uppercase()).count();
    let accepted = match capitals {
        3 => true,
        4 => text[3] == b'T' || text.starts_with(b"WITA"),
        5 => text[4] == b'T',
        _ => false,
    };
    accepted.then_some(capitals)
}

/// Length of a sign and hours up to 23; `None` for anything else.
fn signed_hours(text: &[u8]) -> Option<usize> {
    let digits = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-"))?;
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let hours: u32 = std::str::from_utf8(&digits[..count]).ok()?.parse().ok()?;
    (hours < 24).then_some(1 + count)
}
