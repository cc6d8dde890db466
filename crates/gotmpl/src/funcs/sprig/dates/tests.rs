//! Layouts written and read.

use super::*;

fn time(layout: &str, text: &str) -> Result<String, String> {
    parse::parse(layout.as_bytes(), text.as_bytes(), &Zone::utc()).map(|t| t.string().unwrap())
}

#[test]
fn layouts_are_written_as_go_writes_them() {
    let at = "2009-11-10T23:04:05.006789Z".parse().unwrap();
    let time = Time { at, zone: Zone::utc() };
    for (layout, want) in [
        ("Mon Jan _2 15:04:05 MST 2006", "Tue Nov 10 23:04:05 UTC 2009"),
        ("Monday, January 2, 06 at 3:4:5pm", "Tuesday, November 10, 09 at 11:4:5pm"),
        ("2006-01-02T15:04:05.999999999Z07:00", "2009-11-10T23:04:05.006789Z"),
        ("15:04:05,000 -0700", "23:04:05,006 +0000"),
        ("002 __2 _2006", "314 314 _2009"),
        ("Month Janu", "Month Janu"),
    ] {
        assert_eq!(String::from_utf8(time.format(layout.as_bytes())).unwrap(), want);
    }
    let berlin = time.in_zone(&Zone::Known(TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap()));
    assert_eq!(berlin.string().unwrap(), "2009-11-11 00:04:05.006789 +0100 CET");
}

#[test]
fn layouts_are_read_as_go_reads_them() {
    for (layout, text, want) in [
        ("2006-01-02", "2020-02-29", Ok("2020-02-29 00:00:00 +0000 UTC")),
        ("2006-01-02 15:04:05", "2020-01-02 03:04:05.25", Ok("2020-01-02 03:04:05.25 +0000 UTC")),
        ("Jan 2, 2006 at 3:04pm (MST)", "Feb 3, 2013 at 7:54pm (PST)", Ok("2013-02-03 19:54:00 +0000 PST")),
        ("2006-01-02T15:04:05Z07:00", "2020-01-02T03:04:05+02:00", Ok("2020-01-02 03:04:05 +0200 +0200")),
        ("2006", "x", Err("parsing time \"x\" as \"2006\": cannot parse \"x\" as \"2006\"")),
        ("2006-01-02", "2020-02-30", Err("parsing time \"2020-02-30\": day out of range")),
        ("2006-01", "2020-13", Err("parsing time \"2020-13\": month out of range")),
        ("2006", "2020x", Err("parsing time \"2020x\": extra text: \"x\"")),
    ] {
        assert_eq!(time(layout, text), want.map(String::from).map_err(String::from), "{layout} {text}");
    }
}
