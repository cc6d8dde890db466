//! Go's date layouts: `Mon Jan 2 15:04:05 MST 2006` says by example how a time is written. Cutting a layout into
//! its elements, and writing a time by it. Never reading (see `parse`).

use super::Time;

/// An element of a layout that stands for a part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    Pm,
    LowerPm,
    Zone,
    /// A numeric zone.
    Offset {
        z: bool,
        colon: bool,
        parts: u8,
    },
    /// Digits behind the seconds, so many; `trim` leaves zeros at the end out.
    Fraction {
        digits: usize,
        trim: bool,
        comma: bool,
    },
}

use Element::{
    Day, Fraction, Hour, Hour12, LongMonth, LongWeekday, LongYear, LowerPm, Minute, Month, NumMonth, Offset,
    Pm, Second, UnderDay, UnderYearDay, Weekday, Year, ZeroDay, ZeroHour12, ZeroMinute, ZeroMonth,
    ZeroSecond, ZeroYearDay, Zone,
};

/// Elements by their text; of several that fit, the first counts. `Jan` and `Mon` only where no small letter
/// follows.
const ELEMENTS: &[(&str, Element)] = &[
    ("January", LongMonth),
    ("Jan", Month),
    ("Monday", LongWeekday),
    ("Mon", Weekday),
    ("MST", Zone),
    ("01", ZeroMonth),
    ("02", ZeroDay),
    ("03", ZeroHour12),
    ("04", ZeroMinute),
    ("05", ZeroSecond),
    ("06", Year),
    ("002", ZeroYearDay),
    ("15", Hour),
    ("1", NumMonth),
    ("2006", LongYear),
    ("2", Day),
    ("__2", UnderYearDay),
    ("_2", UnderDay),
    ("3", Hour12),
    ("4", Minute),
    ("5", Second),
    ("PM", Pm),
    ("pm", LowerPm),
    ("-070000", Offset { z: false, colon: false, parts: 3 }),
    ("-07:00:00", Offset { z: false, colon: true, parts: 3 }),
    ("-0700", Offset { z: false, colon: false, parts: 2 }),
    ("-07:00", Offset { z: false, colon: true, parts: 2 }),
    ("-07", Offset { z: false, colon: false, parts: 1 }),
    ("Z070000", Offset { z: true, colon: false, parts: 3 }),
    ("Z07:00:00", Offset { z: true, colon: true, parts: 3 }),
    ("Z0700", Offset { z: true, colon: false, parts: 2 }),
    ("Z07:00", Offset { z: true, colon: true, parts: 2 }),
    ("Z07", Offset { z: true, colon: false, parts: 1 }),
];

/// A cut layout: literal text, the element behind it with its own text, the rest.
type Cut<'l> = (&'l [u8], Option<(Element, &'l [u8])>, &'l [u8]);

/// The literal text before the first element, the element with its own text, and the rest.
pub(super) fn next(layout: &[u8]) -> Cut<'_> {
    for at in 0..layout.len() {
        let rest = &layout[at..];
        // `_2006` is an underscore and a year.
        if rest.starts_with(b"_2006") {
            return (&layout[..=at], Some((LongYear, &layout[at + 1..at + 5])), &layout[at + 5..]);
        }
        if let Some((element, len)) = element(rest) {
            return (&layout[..at], Some((element, &rest[..len])), &rest[len..]);
        }
    }
    (layout, None, b"")
}

fn element(text: &[u8]) -> Option<(Element, usize)> {
    if let Some(found) = fraction(text) {
        return Some(found);
    }
    ELEMENTS
        .iter()
        .find(|(name, element)| {
            text.starts_with(name.as_bytes())
                && (!matches!(element, Month | Weekday) || !text.get(3).is_some_and(u8::is_ascii_lowercase))
        })
        .map(|(name, element)| (*element, name.len()))
}

/// `.000` or `,999`, where no other digit follows.
fn fraction(text: &[u8]) -> Option<(Element, usize)> {
    let (mark, digits) = text.split_first()?;
    let digit = *digits.first().filter(|d| matches!(mark, b'.' | b',') && matches!(d, b'0' | b'9'))?;
    let count = digits.iter().take_while(|d| **d == digit).count();
    let ends = !digits.get(count).is_some_and(u8::is_ascii_digit);
    ends.then_some((Fraction { digits: count, trim: digit == b'9', comma: *mark == b',' }, 1 + count))
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// `time` written by `layout`.
pub(super) fn format(time: &Time, layout: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(layout.len() + 10);
    let mut rest = layout;
    loop {
        let (literal, element, after) = next(rest);
        out.extend_from_slice(literal);
        let Some((element, _)) = element else { return out };
        out.extend_from_slice(part(time, element).as_bytes());
        rest = after;
    }
}

fn part(time: &Time, element: Element) -> String {
    let civil = time.civil();
    let (year, month, day) = (civil.year(), civil.month(), civil.day());
    let hour12 = if civil.hour() % 12 == 0 { 12 } else { civil.hour() % 12 };
    let month_name = MONTHS[usize::try_from(month - 1).unwrap_or_default() % 12];
    let weekday = WEEKDAYS[time.weekday()];
    match element {
        LongMonth => String::from(month_name),
        Month => String::from(&month_name[..3]),
        NumMonth => month.to_string(),
        ZeroMonth => format!("{month:02}"),
        LongWeekday => String::from(weekday),
        Weekday => String::from(&weekday[..3]),
        Day => day.to_string(),
        UnderDay => format!("{day:2}"),
        ZeroDay => format!("{day:02}"),
        UnderYearDay => format!("{:3}", civil.day_of_year()),
        ZeroYearDay => format!("{:03}", civil.day_of_year()),
        Hour => format!("{:02}", civil.hour()),
        Hour12 => hour12.to_string(),
        ZeroHour12 => format!("{hour12:02}"),
        Minute => civil.minute().to_string(),
        ZeroMinute => format!("{:02}", civil.minute()),
        Second => civil.second().to_string(),
        ZeroSecond => format!("{:02}", civil.second()),
        LongYear if year < 0 => format!("-{:04}", -year),
        LongYear => format!("{year:04}"),
        Year => format!("{:02}", year.rem_euclid(100)),
        Pm => String::from(if civil.hour() >= 12 { "PM" } else { "AM" }),
        LowerPm => String::from(if civil.hour() >= 12 { "pm" } else { "am" }),
        Zone => match time.zone_name() {
            name if name.is_empty() => offset(time.offset(), false, 2),
            name => name,
        },
        Offset { z: true, .. } if time.offset() == 0 => String::from("Z"),
        Offset { colon, parts, .. } => offset(time.offset(), colon, parts),
        Fraction { digits, trim, comma } => fraction_of(time.nanosecond(), digits, trim, comma),
    }
}

fn offset(seconds: i32, colon: bool, parts: u8) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    let all = [seconds / 3600, seconds / 60 % 60, seconds % 60];
    let texts: Vec<String> = all[..usize::from(parts)].iter().map(|n| format!("{n:02}")).collect();
    format!("{sign}{}", texts.join(if colon { ":" } else { "" }))
}

fn fraction_of(nanosecond: u32, digits: usize, trim: bool, comma: bool) -> String {
    let all = format!("{nanosecond:09}");
    let mut shown = format!("{:0<digits$}", &all[..digits.min(9)]);
    if trim {
        shown.truncate(shown.trim_end_matches('0').len());
        if shown.is_empty() {
            return shown;
        }
    }
    format!("{}{shown}", if comma { ',' } else { '.' })
}
