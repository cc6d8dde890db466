//! Go's view of text inside byte strings: decoding that never fails, one-to-one case mapping, and character
//! classes by general category. Never whole-string operations (see `strings` and `case`).

use std::sync::LazyLock;

use regex::Regex;

/// What Go decodes an invalid byte to.
pub(super) const RUNE_ERROR: char = '\u{fffd}';

/// The first rune and how many bytes it takes; an invalid byte is U+FFFD of one byte. `None` at the end.
pub(super) fn decode(text: &[u8]) -> Option<(char, usize)> {
    let first = *text.first()?;
    let width = match first {
        0..=0x7f => return Some((char::from(first), 1)),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((RUNE_ERROR, 1)),
    };
    let rune = text.get(..width).and_then(|b| std::str::from_utf8(b).ok()).and_then(|s| s.chars().next());
    Some(rune.map_or((RUNE_ERROR, 1), |c| (c, width)))
}

/// The last rune and how many bytes it takes.
pub(super) fn decode_last(text: &[u8]) -> Option<(char, usize)> {
    let end = text.len();
    for width in (1..=4.min(end)).rev() {
        if let Some(found) = decode(&text[end - width..]).filter(|(_, n)| *n == width) {
            return Some(found);
        }
    }
    None
}

/// The runes, as `for _, r := range s`.
pub(super) fn runes(text: &[u8]) -> impl Iterator<Item = char> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (c, width) = decode(rest)?;
        rest = &rest[width..];
        Some(c)
    })
}

/// `strings.Map`: each rune mapped, invalid bytes become U+FFFD.
pub(super) fn map(text: &[u8], mut mapping: impl FnMut(char) -> char) -> Vec<u8> {
    runes(text).map(&mut mapping).collect::<String>().into_bytes()
}

/// `unicode.ToUpper`: one rune to one rune.
pub(super) fn to_upper(c: char) -> char {
    single(c.to_uppercase()).unwrap_or_else(|| greek_title(c))
}

/// `unicode.ToLower`.
pub(super) fn to_lower(c: char) -> char {
    // U+0130 has a lower case of two runes; its simple one is `i`.
    single(c.to_lowercase()).unwrap_or(if c == '\u{130}' { 'i' } else { c })
}

/// `unicode.ToTitle`: upper case, but for the digraphs with a title case of their own and for Georgian.
pub(super) fn to_title(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        _ => to_upper(c),
    }
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    mapped.next().filter(|_| mapped.next().is_none())
}

/// Greek letters with iota subscript: two runes in full upper case, one in simple upper case.
fn greek_title(c: char) -> char {
    let offset = match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        _ => 0,
    };
    char::from_u32(u32::from(c) + offset).unwrap_or(c)
}

/// `unicode.IsUpper`: category Lu.
pub(super) fn is_upper(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_uppercase() } else { class(&UPPER, c) }
}

/// `unicode.IsLower`: category Ll.
pub(super) fn is_lower(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_lowercase() } else { class(&LOWER, c) }
}

/// `unicode.IsTitle`: category Lt.
pub(super) fn is_title(c: char) -> bool {
    !c.is_ascii() && class(&TITLE, c)
}

/// `unicode.IsLetter`: category L.
pub(super) fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { class(&LETTER, c) }
}

/// `unicode.IsNumber`: category N.
pub(super) fn is_number(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { class(&NUMBER, c) }
}

/// `unicode.IsDigit`: category Nd.
pub(super) fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { class(&DIGIT, c) }
}

/// `unicode.IsPunct`: category P, which leaves out symbols such as `$` and `+`.
pub(super) fn is_punct(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_punctuation() && !matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
    } else {
        class(&PUNCT, c)
    }
}

/// `unicode.IsSpace`: property White_Space, which is what Rust asks for too.
pub(super) const fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// A character class; `None` only if the regex crate lost its Unicode tables.
type Class = LazyLock<Option<Regex>>;

static UPPER: Class = LazyLock::new(|| Regex::new(r"\p{Lu}").ok());
static LOWER: Class = LazyLock::new(|| Regex::new(r"\p{Ll}").ok());
static TITLE: Class = LazyLock::new(|| Regex::new(r"\p{Lt}").ok());
static LETTER: Class = LazyLock::new(|| Regex::new(r"\p{L}").ok());
static NUMBER: Class = LazyLock::new(|| Regex::new(r"\p{N}").ok());
static DIGIT: Class = LazyLock::new(|| Regex::new(r"\p{Nd}").ok());
static PUNCT: Class = LazyLock::new(|| Regex::new(r"\p{P}").ok());

fn class(class: &Class, c: char) -> bool {
    class.as_ref().is_some_and(|r| r.is_match(c.encode_utf8(&mut [0; 4])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_bytes_are_one_rune_each() {
        assert_eq!(runes(b"a\xff\xe2\x82z").collect::<String>(), "a\u{fffd}\u{fffd}\u{fffd}z");
        assert_eq!(runes("é😀".as_bytes()).collect::<String>(), "é😀");
        assert_eq!(decode_last("é".as_bytes()), Some(('é', 2)));
        assert_eq!(decode_last(b"a\xa9"), Some((RUNE_ERROR, 1)));
        assert_eq!(decode_last(b""), None);
    }

    #[test]
    fn case_maps_one_rune_to_one() {
        assert_eq!(to_upper('ß'), 'ß');
        assert_eq!(to_upper('ᾀ'), 'ᾈ');
        assert_eq!(to_lower('İ'), 'i');
        assert_eq!(to_title('ǆ'), 'ǅ');
        assert_eq!(to_upper('é'), 'É');
        assert!(is_upper('É') && !is_upper('Ⅷ') && is_lower('é') && is_title('ǅ'));
        assert!(is_punct('¿') && !is_punct('$') && is_number('Ⅷ') && !is_digit('Ⅷ') && is_letter('ª'));
    }
}
