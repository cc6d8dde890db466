//! Characters and character classes of Go's regular expressions: escapes, `[…]`, `\d`, `\pL`.
//! Every literal is written so that the `regex` crate cannot take it for syntax.

use regex::Regex;

use super::translate::PatternError;

type Read<'p, T> = Result<(T, &'p str), PatternError>;

/// A character as a literal of the `regex` crate, in or out of a class.
pub(super) fn literal(c: char) -> String {
    if c.is_ascii_alphanumeric() || (!c.is_ascii() && !c.is_whitespace()) {
        String::from(c)
    } else {
        format!("\\x{{{:X}}}", u32::from(c))
    }
}

/// The inside of a class for `\d`, `\w`, `\s`, their negations, `\pN` and `\p{Name}`; `None` for other escapes.
pub(super) fn shorthand(escape: &str) -> Result<Option<(String, &str)>, PatternError> {
    let inside = match escape.as_bytes().get(1) {
        Some(b'd') => "0-9",
        Some(b'D') => "[^0-9]",
        Some(b'w') => "0-9A-Za-z_",
        Some(b'W') => "[^0-9A-Za-z_]",
        Some(b's') => r"\t\n\x0C\r\x20",
        Some(b'S') => r"[^\t\n\x0C\r\x20]",
        Some(b'p' | b'P') => return unicode_class(escape).map(Some),
        _ => return Ok(None),
    };
    Ok(Some((String::from(inside), &escape[2..])))
}

/// `\pL`, `\p{Greek}`, `\P{^Greek}`.
fn unicode_class(escape: &str) -> Read<'_, String> {
    const INVALID: &str = "invalid character class range";
    let negative = escape.as_bytes().get(1) == Some(&b'P');
    let Some(first) = escape[2..].chars().next() else {
        return Err(PatternError::new("invalid escape sequence", escape));
    };
    let (name, end) = if first == '{' {
        let Some(end) = escape.find('}') else { return Err(PatternError::new(INVALID, escape)) };
        (&escape[3..end], end + 1)
    } else {
        (&escape[2..2 + first.len_utf8()], 2 + first.len_utf8())
    };
    let (negative, name) = name.strip_prefix('^').map_or((negative, name), |name| (!negative, name));
    let plain = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b' ' | b'-'));
    let class = format!("\\{}{{{name}}}", if negative { 'P' } else { 'p' });
    if !plain || Regex::new(&class).is_err() {
        return Err(PatternError::new(INVALID, &escape[..end]));
    }
    Ok((class, &escape[end..]))
}

/// An escape that stands for one character.
pub(super) fn escape(text: &str) -> Read<'_, char> {
    let mut rest = text[1..].chars();
    let Some(c) = rest.next() else {
        return Err(PatternError::new("trailing backslash at end of expression", ""));
    };
    let invalid = |rest: &str| PatternError::new("invalid escape sequence", &text[..text.len() - rest.len()]);
    let after = rest.as_str();
    let is_octal = |b: &u8| matches!(b, b'0'..=b'7');
    let found = match c {
        // A single digit but 0 would be a back reference, which RE2 has not.
        '0'..='7' if c == '0' || after.as_bytes().first().is_some_and(is_octal) => {
            let more = after.bytes().take(2).take_while(is_octal).count();
            let value = u32::from_str_radix(&text[1..2 + more], 8).ok().and_then(char::from_u32);
            return value.map(|c| (c, &after[more..])).ok_or_else(|| invalid(&after[more..]));
        }
        'x' => return hexadecimal(after).map_err(invalid),
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return Err(invalid(after)),
    };
    Ok((found, after))
}

/// What follows `\x`: two digits, or any number of them in braces. The error is what Go has not yet read.
fn hexadecimal(text: &str) -> Result<(char, &str), &str> {
    let mut rest = text.chars();
    let Some(first) = rest.next() else { return Err("") };
    if first != '{' {
        // Go reads both before it looks at either.
        let Some(second) = rest.next() else { return Err("") };
        let value = first.to_digit(16).zip(second.to_digit(16)).map(|(high, low)| high * 16 + low);
        return value.and_then(char::from_u32).map(|c| (c, rest.as_str())).ok_or(rest.as_str());
    }
    let (mut value, mut digits) = (0_u32, 0);
    loop {
        let Some(c) = rest.next() else { return Err("") };
        match c.to_digit(16) {
            Some(digit) => {
                value = value * 16 + digit;
                digits += 1;
                if value > 0x10_ffff {
                    return Err(rest.as_str());
                }
            }
            None if c == '}' && digits > 0 => {
                return char::from_u32(value).map(|c| (c, rest.as_str())).ok_or(rest.as_str());
            }
            None => return Err(rest.as_str()),
        }
    }
}

/// `[…]` as a class of the `regex` crate.
pub(super) fn bracketed(class: &str) -> Read<'_, String> {
    const RANGE: &str = "invalid character class range";
    let mut rest = &class[1..];
    let mut out = String::from("[");
    if let Some(inner) = rest.strip_prefix('^') {
        out.push('^');
        rest = inner;
    }
    let mut first = true;
    while std::mem::take(&mut first) || !rest.starts_with(']') {
        if rest.starts_with("[:")
            && let Some(end) = rest[2..].find(":]")
        {
            let name = &rest[..end + 4];
            if !POSIX.contains(&name[2..end + 2].trim_start_matches('^')) || name[2..].starts_with("^^") {
                return Err(PatternError::new(RANGE, name));
            }
            out.push_str(name);
            rest = &rest[end + 4..];
            continue;
        }
        if rest.starts_with('\\')
            && let Some((item, after)) = shorthand(rest)?
        {
            out.push_str(&item);
            rest = after;
            continue;
        }
        let range = rest;
        let (low, after) = one(rest, class)?;
        rest = after;
        out.push_str(&literal(low));
        if rest.starts_with('-') && rest.len() >= 2 && !rest[1..].starts_with(']') {
            let (high, after) = one(&rest[1..], class)?;
            rest = after;
            if high < low {
                return Err(PatternError::new(RANGE, &range[..range.len() - rest.len()]));
            }
            out.push('-');
            out.push_str(&literal(high));
        }
    }
    out.push(']');
    Ok((out, &rest[1..]))
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// One character of a class.
fn one<'p>(text: &'p str, class: &str) -> Read<'p, char> {
    match text.chars().next() {
        None => Err(PatternError::new("missing closing ]", class)),
        Some('\\') => escape(text),
        Some(c) => Ok((c, &text[c.len_utf8()..])),
    }
}
