//! Times as `metav1.Time` reads them, with the message that Go's `time.Parse` has for others. Never a clock.

use pillion_govalue::encode::canonical_time;

/// The layout, element by element: what it is called in messages, and what may stand there.
const LAYOUT: [(&str, Element); 12] = [
    ("2006", Element::Digits { least: 4, most: 4, range: (0, 9999), name: "year" }),
    ("-", Element::Sign),
    ("01", Element::Digits { least: 2, most: 2, range: (1, 12), name: "month" }),
    ("-", Element::Sign),
    ("02", Element::Digits { least: 2, most: 2, range: (0, 99), name: "day" }),
    ("T", Element::Sign),
    ("15", Element::Digits { least: 1, most: 2, range: (0, 23), name: "hour" }),
    (":", Element::Sign),
    ("04", Element::Digits { least: 2, most: 2, range: (0, 59), name: "minute" }),
    (":", Element::Sign),
    ("05", Element::Digits { least: 2, most: 2, range: (0, 59), name: "second" }),
    ("Z07:00", Element::Zone),
];

#[derive(Clone, Copy)]
enum Element {
    Digits { least: usize, most: usize, range: (u32, u32), name: &'static str },
    Sign,
    Zone,
}

/// Whether a text is an RFC 3339 time; if not, why, in Go's words.
pub(super) fn check(text: &str) -> Result<(), String> {
    if canonical_time(text).is_some() { Ok(()) } else { Err(fault(text)) }
}

fn fault(text: &str) -> String {
    let mut rest = text;
    for (name, element) in LAYOUT {
        let length = match element {
            Element::Sign => rest.starts_with(name).then_some(name.len()),
            Element::Zone => zone(rest),
            Element::Digits { least, most, .. } => {
                let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
                (digits >= least).then_some(digits)
            }
        };
        let Some(length) = length else {
            let (text, rest) = (quoted(text), quoted(rest));
            return format!(
                "parsing time {text} as \"2006-01-02T15:04:05Z07:00\": cannot parse {rest} as \"{name}\""
            );
        };
        let (found, behind) = rest.split_at(length);
        if let Element::Digits { range: (least, most), name, .. } = element
            && found.parse().is_ok_and(|n: u32| n < least || n > most)
        {
            return format!("parsing time {}: {name} out of range", quoted(text));
        }
        rest = if name == "05" { without_fraction(behind) } else { behind };
    }
    if rest.is_empty() {
        format!("parsing time {}: day out of range", quoted(text))
    } else {
        format!("parsing time {}: extra text: {}", quoted(text), quoted(rest))
    }
}

fn zone(rest: &str) -> Option<usize> {
    let b = rest.as_bytes();
    let digits = |at: usize| b.get(at..at + 2).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    match b.first()? {
        b'Z' => Some(1),
        b'+' | b'-' => (digits(1) && b.get(3) == Some(&b':') && digits(4)).then_some(6),
        _ => None,
    }
}

fn without_fraction(rest: &str) -> &str {
    match rest.strip_prefix(['.', ',']) {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
            digits.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        _ => rest,
    }
}

/// A text in quotes, as `time.ParseError` has it: bytes beyond printable ASCII in hexadecimal.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for b in text.bytes() {
        match b {
            b'"' | b'\\' => out.extend(['\\', char::from(b)]),
            b' '..=b'~' => out.push(char::from(b)),
            b => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    out
}
