//! Upper and lower case, and the spellings of names: camelCase, snake_case, kebab-case, by huandu/xstrings' rules.
//! Case maps rune to rune as Go's `unicode` does; never by language.

use super::runes::{
    decode, is_digit, is_letter, is_lower, is_number, is_punct, is_space, is_title, is_upper, map, runes,
    to_lower, to_title, to_upper,
};
use crate::funcs::Function;
use crate::funcs::Param::Str;
use crate::value::Val;

pub(super) const TABLE: &[Function] = &[
    Function::new("upper", &[Str], |_, a| Ok(upper(a[0].bytes()).into())),
    Function::new("lower", &[Str], |_, a| Ok(lower(a[0].bytes()).into())),
    Function::new("title", &[Str], |_, a| Ok(title(a[0].bytes()).into())),
    Function::new("untitle", &[Str], |_, a| Ok(untitle(a[0].bytes()).into())),
    Function::new("swapcase", &[Str], |_, a| Ok(swap_case(a[0].bytes()).into())),
    Function::new("camelcase", &[Str], |_, a| Ok(Val::from(pascal_case(a[0].bytes())))),
    Function::new("snakecase", &[Str], |_, a| Ok(Val::from(lower_with(&a[0].to_bytes().text(), '_')))),
    Function::new("kebabcase", &[Str], |_, a| Ok(Val::from(lower_with(&a[0].to_bytes().text(), '-')))),
];

/// `strings.ToUpper`.
fn upper(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() { text.to_ascii_uppercase() } else { map(text, to_upper) }
}

/// `strings.ToLower`.
pub(crate) fn lower(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() { text.to_ascii_lowercase() } else { map(text, to_lower) }
}

/// `strings.Title`: title case for what follows a separator.
fn title(text: &[u8]) -> Vec<u8> {
    let separates = |c: char| {
        if c.is_ascii() {
            !c.is_ascii_alphanumeric() && c != '_'
        } else {
            !is_letter(c) && !is_digit(c) && is_space(c)
        }
    };
    let mut before = ' ';
    map(text, |c| {
        let starts = separates(before);
        before = c;
        if starts { to_title(c) } else { c }
    })
}

/// Lower case for the first letter of each word between white space.
fn untitle(text: &[u8]) -> Vec<u8> {
    let mut starts = true;
    map(text, |c| {
        if is_space(c) {
            starts = true;
            c
        } else if std::mem::take(&mut starts) {
            to_lower(c)
        } else {
            c
        }
    })
}

/// Upper and lower case swapped; a lower-case letter that begins a word gets title case.
fn swap_case(text: &[u8]) -> Vec<u8> {
    let mut after_space = true;
    map(text, |c| {
        if is_upper(c) || is_title(c) {
            after_space = false;
            to_lower(c)
        } else if is_lower(c) {
            if std::mem::take(&mut after_space) { to_title(c) } else { to_upper(c) }
        } else {
            after_space = is_space(c);
            c
        }
    })
}

fn is_connector(c: char) -> bool {
    matches!(c, '-' | '_') || is_space(c)
}

/// `some_words` → `SomeWords`. Connectors at the start stay, and one at the end; a run of capitals is lowered
/// after its first.
fn pascal_case(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut pending = None;
    while let Some((c, width)) = decode(rest) {
        rest = &rest[width..];
        pending = Some(c);
        if !is_connector(c) {
            break;
        }
        out.push(c);
    }
    // A text of nothing but connectors gets its last one twice.
    let Some(first) = pending else { return out };
    let mut in_capitals = is_upper(first);
    let mut pending = if is_connector(first) { first } else { to_upper(first) };
    for mut c in runes(rest) {
        match (is_connector(pending), is_connector(c)) {
            (true, true) => out.push(pending),
            (true, false) => {
                in_capitals = is_upper(c);
                c = to_upper(c);
            }
            (false, _) => {
                in_capitals &= is_upper(c);
                if in_capitals {
                    c = to_lower(c);
                }
                out.push(pending);
            }
        }
        pending = c;
    }
    out.push(pending);
    out
}

/// What a stretch of a name is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Connector,
    Punct,
    Upper,
    Alphabet,
    Number,
    Other,
    /// Behind the last one.
    End,
}

/// Letters of alphabets with words; CJK characters are none.
fn is_alphabet(c: char) -> bool {
    is_letter(c)
        && !matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}')
}

/// The text cut into words; `HTTPStatus` into `HTTP` and `Status`.
fn words(text: &str) -> Vec<(Word, &str)> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let small = |c: char| is_alphabet(c) && !is_upper(c);
        let (word, len) = if is_connector(first) {
            (Word::Connector, run(rest, is_connector))
        } else if is_punct(first) {
            (Word::Punct, run(rest, is_punct))
        } else if is_upper(first) {
            let head = first.len_utf8();
            let capitals = run(rest, is_upper);
            let next_is_small = rest[capitals..].chars().next().is_some_and(is_alphabet);
            let len = match rest[..capitals].chars().next_back() {
                // The last capital begins the next word.
                Some(last) if capitals > head && next_is_small => capitals - last.len_utf8(),
                _ if capitals > head => capitals,
                _ => head + run(&rest[head..], small),
            };
            (Word::Upper, len)
        } else if is_alphabet(first) {
            (Word::Alphabet, run(rest, small))
        } else if is_number(first) {
            (Word::Number, run(rest, is_number))
        } else {
            let ends = |c: char| is_connector(c) || is_alphabet(c) || is_number(c) || is_punct(c);
            (Word::Other, run(rest, |c| !ends(c)))
        };
        words.push((word, &rest[..len]));
        rest = &rest[len..];
    }
    words
}

/// Length of the start of `text` for which `within` holds, at least one character.
fn run(text: &str, within: impl Fn(char) -> bool) -> usize {
    text.char_indices().skip_while(|(_, c)| within(*c)).map(|(at, _)| at).next().unwrap_or(text.len())
}

/// snake_case or kebab-case: words in lower case with a connector between them. A number belongs to the word
/// before it (`bld4_floor`) unless small letters follow (`http_2xx`).
fn lower_with(text: &str, connector: char) -> String {
    let words = words(text);
    let word = |at: usize| words.get(at).copied().unwrap_or((Word::End, ""));
    let mut out = String::with_capacity(text.len() + words.len());
    let mut at = 0;
    while at + 1 < words.len() {
        let (kind, text) = word(at);
        emit(&mut out, (kind, text), connector);
        at += 1;
        let next = word(at).0;
        match kind {
            Word::Connector | Word::Punct => {}
            Word::Number => at = joined(&mut out, &words, at, connector),
            _ if next != Word::Number => separate(&mut out, next, connector),
            _ if at + 1 == words.len() => {}
            _ => {
                let number = word(at);
                at += 1;
                if word(at).0 == Word::Alphabet {
                    out.push(connector);
                    emit(&mut out, number, connector);
                    at = joined(&mut out, &words, at, connector);
                } else {
                    emit(&mut out, number, connector);
                    separate(&mut out, word(at).0, connector);
                }
            }
        }
    }
    emit(&mut out, word(at), connector);
    out
}

/// Writes the small letters and numbers that belong to a number; gives the place behind them.
fn joined(out: &mut String, words: &[(Word, &str)], from: usize, connector: char) -> usize {
    let mut at = from;
    while let Some(word) = words.get(at).filter(|(kind, _)| matches!(kind, Word::Alphabet | Word::Number)) {
        emit(out, *word, connector);
        at += 1;
    }
    separate(out, words.get(at).map_or(Word::End, |(kind, _)| *kind), connector);
    at
}

fn separate(out: &mut String, next: Word, connector: char) {
    if !matches!(next, Word::End | Word::Connector | Word::Punct) {
        out.push(connector);
    }
}

fn emit(out: &mut String, (kind, text): (Word, &str), connector: char) {
    match kind {
        Word::Connector => out.extend(text.chars().map(|_| connector)),
        Word::Upper => out.extend(text.chars().map(|c| if is_upper(c) { to_lower(c) } else { c })),
        _ => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_as_xstrings_spells_them() {
        for (text, snake) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO_PATH", "go_path"),
            ("GO PATH", "go_path"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
            ("", ""),
            ("__a", "__a"),
        ] {
            assert_eq!(lower_with(text, '_'), snake, "{text}");
        }
        for (text, camel) in [
            ("some_words", "SomeWords"),
            ("_complex__case_", "_Complex_Case_"),
            ("GOLANG_IS_GREAT", "GolangIsGreat"),
            ("_", "__"),
            ("a", "A"),
        ] {
            assert_eq!(pascal_case(text.as_bytes()), camel, "{text}");
        }
    }

    #[test]
    fn words_are_titled_untitled_and_swapped() {
        assert_eq!(title(b"hello wOrld it's x_y"), b"Hello WOrld It'S X_y");
        assert_eq!(untitle(b"First Try  X"), b"first try  x");
        assert_eq!(swap_case(b"This Is A.Test ab"), b"tHIS iS a.tEST AB");
        assert_eq!(upper("straße".as_bytes()), "STRAßE".as_bytes());
    }
}
