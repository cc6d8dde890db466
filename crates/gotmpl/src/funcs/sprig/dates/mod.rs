//! Dates: `now`, layouts, time zones. The clock is what the host lends, read once, so that a rendering is a function
//! of its input; time zones come with the program. Never the machine's clock or its zone files.

mod layout;
mod parse;

#[cfg(test)]
mod tests;

use std::any::Any as StdAny;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use super::cast::parse_int;
use super::duration;
use crate::funcs::Param::{Any, Object as ObjectOf, Str};
use crate::funcs::{Cx, Effect, Fault, Function};
use crate::value::{GoKind, Object, Val};

const TIME: crate::funcs::Param = ObjectOf("time.Time");

const DATE_IN_ZONE: Function = Function::new("dateInZone", &[Str, Any, Str], |cx, a| {
    Ok(formatted(cx, a[0].bytes(), &a[1], a[2].bytes()))
})
.with(Effect::Clock);
const DATE_MODIFY: Function = Function::new("dateModify", &[Str, TIME], |_, a| {
    let time = of(&a[1])?;
    Ok(duration::parse(&a[0].to_bytes().text()).map_or_else(|_| a[1].clone(), |d| time.plus(d).into()))
});
const MUST_DATE_MODIFY: Function = Function::new("mustDateModify", &[Str, TIME], |_, a| {
    let by = duration::parse(&a[0].to_bytes().text()).map_err(Fault::new)?;
    Ok(of(&a[1])?.plus(by).into())
});

pub(super) const TABLE: &[Function] = &[
    Function::new("now", &[], |cx, _| Ok(Time::now(cx).into())).with(Effect::Clock),
    Function::new("ago", &[Any], |cx, a| {
        let since = Time::now(cx).since(&moment(cx, &a[0], false));
        Ok(Val::from(duration::format(rounded_to_seconds(since))))
    })
    .with(Effect::Clock),
    Function::new("date", &[Str, Any], |cx, a| Ok(formatted(cx, a[0].bytes(), &a[1], b"Local")))
        .with(Effect::Clock),
    DATE_IN_ZONE,
    DATE_IN_ZONE.named("date_in_zone"),
    Function::new("htmlDate", &[Any], |cx, a| Ok(formatted(cx, b"2006-01-02", &a[0], b"Local")))
        .with(Effect::Clock),
    Function::new("htmlDateInZone", &[Any, Str], |cx, a| {
        Ok(formatted(cx, b"2006-01-02", &a[0], a[1].bytes()))
    })
    .with(Effect::Clock),
    DATE_MODIFY,
    DATE_MODIFY.named("date_modify"),
    MUST_DATE_MODIFY,
    MUST_DATE_MODIFY.named("must_date_modify"),
    Function::new("toDate", &[Str, Str], |cx, a| {
        let parsed = parse::parse(a[0].bytes(), a[1].bytes(), &Zone::local(cx));
        Ok(parsed.unwrap_or_else(|_| Time::zero()).into())
    })
    .with(Effect::Lent),
    Function::new("mustToDate", &[Str, Str], |cx, a| {
        parse::parse(a[0].bytes(), a[1].bytes(), &Zone::local(cx)).map(Val::from).map_err(Fault::new)
    })
    .with(Effect::Lent),
    Function::new("duration", &[Any], |_, a| Ok(Val::from(duration::format(seconds(&a[0]))))),
    Function::new("durationRound", &[Any], |cx, a| Ok(Val::from(rough(nanoseconds(cx, &a[0])))))
        .with(Effect::Clock),
    Function::new("unixEpoch", &[TIME], |_, a| Ok(Val::from(of(&a[0])?.at.as_second().to_string()))),
];

/// A time zone as Go's `time.Location`.
#[derive(Clone, Debug)]
enum Zone {
    /// UTC, the local zone or one of the database.
    Known(TimeZone),
    /// An offset read from a text, with the name that stood there, if any.
    Fixed { offset: i32, name: String },
}

impl Zone {
    const fn utc() -> Self {
        Self::Known(TimeZone::UTC)
    }

    fn local(cx: &Cx<'_>) -> Self {
        Self::Known(cx.env().zone.clone())
    }

    /// `time.LoadLocation`; a name that is unknown is UTC.
    fn load(cx: &Cx<'_>, name: &[u8]) -> Self {
        match std::str::from_utf8(name) {
            Ok("Local") => Self::local(cx),
            Ok("" | "UTC") | Err(_) => Self::utc(),
            Ok(name) => TimeZoneDatabase::bundled().get(name).map_or(Self::utc(), Self::Known),
        }
    }
}

/// `time.Time`.
#[derive(Clone, Debug)]
pub(super) struct Time {
    at: Timestamp,
    zone: Zone,
}

impl<'v> From<Time> for Val<'v> {
    fn from(time: Time) -> Self {
        Val::object(time)
    }
}

impl Time {
    fn now(cx: &Cx<'_>) -> Self {
        cx.env().clock_read.set(true);
        Self { at: cx.env().now, zone: Zone::local(cx) }
    }

    /// Go's zero time, the beginning of the year 1.
    fn zero() -> Self {
        Self::at(DateTime::constant(1, 1, 1, 0, 0, 0, 0), &Zone::utc())
    }

    /// The time at which a clock in `zone` shows `civil`.
    fn at(civil: DateTime, zone: &Zone) -> Self {
        let at = match zone {
            Zone::Known(tz) => tz.to_timestamp(civil).ok(),
            Zone::Fixed { offset, .. } => {
                Offset::from_seconds(*offset).ok().and_then(|offset| offset.to_timestamp(civil).ok())
            }
        };
        Self { at: at.unwrap_or(Timestamp::MIN), zone: zone.clone() }
    }

    fn unix(seconds: i64, cx: &Cx<'_>) -> Self {
        let at = Timestamp::from_second(seconds);
        let edge = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Self { at: at.unwrap_or(edge), zone: Zone::local(cx) }
    }

    fn in_zone(&self, zone: &Zone) -> Self {
        Self { at: self.at, zone: zone.clone() }
    }

    fn plus(&self, nanos: i64) -> Self {
        let at = self.at.saturating_add(SignedDuration::from_nanos(nanos));
        Self { at: at.unwrap_or(self.at), zone: self.zone.clone() }
    }

    /// Nanoseconds since `earlier`, as many as an int64 holds.
    fn since(&self, earlier: &Self) -> i64 {
        let nanos = self.at.as_nanosecond() - earlier.at.as_nanosecond();
        i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
    }

    /// What a clock in this time's zone shows.
    fn civil(&self) -> DateTime {
        let offset = Offset::from_seconds(self.offset()).unwrap_or(Offset::UTC);
        offset.to_datetime(self.at)
    }

    /// Seconds east of UTC.
    fn offset(&self) -> i32 {
        match &self.zone {
            Zone::Known(tz) => tz.to_offset(self.at).seconds(),
            Zone::Fixed { offset, .. } => *offset,
        }
    }

    fn zone_name(&self) -> String {
        match &self.zone {
            Zone::Known(tz) => String::from(tz.to_offset_info(self.at).abbreviation()),
            Zone::Fixed { name, .. } => name.clone(),
        }
    }

    fn nanosecond(&self) -> u32 {
        u32::try_from(self.civil().subsec_nanosecond()).unwrap_or_default()
    }

    /// From 0, Sunday.
    fn weekday(&self) -> usize {
        usize::try_from(self.civil().date().weekday().to_sunday_zero_offset()).unwrap_or_default()
    }

    fn format(&self, layout: &[u8]) -> Vec<u8> {
        layout::format(self, layout)
    }

    /// How `encoding/json` writes it.
    pub(super) fn rfc3339_nano(&self) -> String {
        String::from_utf8_lossy(&self.format(b"2006-01-02T15:04:05.999999999Z07:00")).into_owned()
    }

    fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let civil = self.civil();
        let months = i64::from(civil.month()) - 1 + months;
        let year = i64::from(civil.year()).saturating_add(years).saturating_add(months.div_euclid(12));
        let year = i16::try_from(year).unwrap_or(i16::MAX);
        let month = i8::try_from(months.rem_euclid(12) + 1).unwrap_or(1);
        let first =
            DateTime::new(year, month, 1, 0, 0, 0, 0).ok().map(|d| d.with().time(civil.time()).build());
        let days = i64::from(civil.day()) - 1 + days;
        let moved = first
            .and_then(Result::ok)
            .and_then(|d| d.checked_add(SignedDuration::from_hours(days.checked_mul(24)?)).ok());
        moved.map_or_else(|| self.clone(), |civil| Self::at(civil, &self.zone))
    }
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        "time.Time"
    }
    fn kind(&self) -> GoKind {
        GoKind::Struct
    }
    fn string(&self) -> Option<String> {
        let text = self.format(b"2006-01-02 15:04:05.999999999 -0700 MST");
        Some(String::from_utf8_lossy(&text).into_owned())
    }
    fn call<'v>(&self, cx: &Cx<'v>, name: &str, args: &[Val<'v>]) -> Option<Result<Val<'v>, Fault>> {
        let civil = self.civil();
        let int = |i: usize| args.get(i).map_or(0, Val::as_int);
        let compare = |wanted: fn(std::cmp::Ordering) -> bool| {
            Some(
                args.first()
                    .map_or_else(|| Err(Fault::nil_dereference()), of)
                    .map(|t| wanted(self.at.cmp(&t.at)).into()),
            )
        };
        Some(Ok(match name {
            "Format" => self.format(args.first().map_or(b"".as_slice(), Val::bytes)).into(),
            "Year" => Val::int(civil.year().into()),
            "Month" => Val::object(Named::month(civil.month())),
            "Day" => Val::int(civil.day().into()),
            "Hour" => Val::int(civil.hour().into()),
            "Minute" => Val::int(civil.minute().into()),
            "Second" => Val::int(civil.second().into()),
            "Nanosecond" => Val::int(self.nanosecond().into()),
            "YearDay" => Val::int(civil.day_of_year().into()),
            "Weekday" => Val::object(Named::weekday(self.weekday())),
            "Unix" => Val::int64(self.at.as_second()),
            "UnixMilli" => Val::int64(self.at.as_millisecond()),
            "UnixMicro" => Val::int64(self.at.as_microsecond()),
            "UnixNano" => Val::int64(i64::try_from(self.at.as_nanosecond()).unwrap_or_default()),
            "UTC" => self.in_zone(&Zone::utc()).into(),
            "Local" => self.in_zone(&Zone::local(cx)).into(),
            "IsZero" => (self.at == Self::zero().at).into(),
            "Add" => self.plus(int(0)).into(),
            "AddDate" => self.add_date(int(0), int(1), int(2)).into(),
            "Before" => return compare(std::cmp::Ordering::is_lt),
            "After" => return compare(std::cmp::Ordering::is_gt),
            "Equal" => return compare(std::cmp::Ordering::is_eq),
            _ => return None,
        }))
    }
    fn same(&self, other: &dyn Object) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|o| o.at == self.at && o.zone_name() == self.zone_name())
    }
    fn as_any(&self) -> &dyn StdAny {
        self
    }
}

/// `time.Month` and `time.Weekday`: numbers that print as names.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    type_name: &'static str,
    name: &'static str,
}

impl Named {
    fn month(month: i8) -> Self {
        let at = usize::try_from(month - 1).unwrap_or_default() % 12;
        Self { type_name: "time.Month", name: layout::MONTHS[at] }
    }

    const fn weekday(day: usize) -> Self {
        Self { type_name: "time.Weekday", name: layout::WEEKDAYS[day % 7] }
    }
}

impl Object for Named {
    fn type_name(&self) -> &'static str {
        self.type_name
    }
    fn kind(&self) -> GoKind {
        GoKind::Int
    }
    fn string(&self) -> Option<String> {
        Some(String::from(self.name))
    }
    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }
    fn as_any(&self) -> &dyn StdAny {
        self
    }
}

fn of<'a>(value: &'a Val<'_>) -> Result<&'a Time, Fault> {
    value.downcast::<Time>().ok_or_else(Fault::nil_dereference)
}

/// A time, or an integer as seconds since 1970; anything else is now.
fn moment(cx: &Cx<'_>, value: &Val<'_>, int32: bool) -> Time {
    match (value, value.kind()) {
        (Val::Int(seconds, ty), GoKind::Int | GoKind::Int64) if matches!(ty.name(), "int" | "int64") => {
            Time::unix(*seconds, cx)
        }
        (Val::Int(seconds, _), GoKind::Int32) if int32 => Time::unix(*seconds, cx),
        _ => value.downcast::<Time>().cloned().unwrap_or_else(|| Time::now(cx)),
    }
}

fn formatted<'v>(cx: &Cx<'v>, layout: &[u8], value: &Val<'v>, zone: &[u8]) -> Val<'v> {
    moment(cx, value, true).in_zone(&Zone::load(cx, zone)).format(layout).into()
}

/// Half a second goes away from zero.
const fn rounded_to_seconds(nanos: i64) -> i64 {
    let rest = nanos % duration::SECOND;
    let down = nanos - rest;
    if rest.abs() * 2 < duration::SECOND {
        down
    } else {
        down.saturating_add(if nanos < 0 { -duration::SECOND } else { duration::SECOND })
    }
}

/// What `duration` takes: a string or an int64 of seconds; anything else is nothing.
fn seconds(value: &Val<'_>) -> i64 {
    let seconds = match value {
        Val::Str(s, ty) if ty.name() == "string" => match s.as_str().map(|s| parse_int(s, 10)) {
            Some(Ok(n) | Err(super::cast::IntError::Range(n))) => n,
            _ => 0,
        },
        Val::Int(n, ty) if ty.name() == "int64" => *n,
        _ => 0,
    };
    seconds.wrapping_mul(duration::SECOND)
}

/// What `durationRound` takes: a duration's text, an int64 of nanoseconds, or a time, since when it is.
fn nanoseconds(cx: &Cx<'_>, value: &Val<'_>) -> i64 {
    match value {
        Val::Str(s, ty) if ty.name() == "string" => {
            s.as_str().and_then(|s| duration::parse(s).ok()).unwrap_or_default()
        }
        Val::Int(n, ty) if ty.name() == "int64" => *n,
        _ => value.downcast::<Time>().map_or(0, |time| Time::now(cx).since(time)),
    }
}

/// A duration in its largest unit only.
fn rough(nanos: i64) -> String {
    const UNITS: [(u64, &str); 6] =
        [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let n = nanos.unsigned_abs();
    UNITS
        .iter()
        .map(|(seconds, name)| (seconds * duration::SECOND.unsigned_abs(), name))
        .find(|(unit, _)| n > *unit)
        .map_or_else(|| String::from("0s"), |(unit, name)| format!("{}{name}", n / unit))
}
