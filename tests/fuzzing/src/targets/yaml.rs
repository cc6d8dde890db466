//! YAML: each way of reading reads the same, and what is written reads as what it was.

use std::sync::LazyLock;

use pillion_govalue::Value;
use pillion_goyaml::{Blocks, documents, parse, parse_borrowed, parse_bytes, to_yaml};

use super::shown;

/// Remembers blocks of the inputs that went before.
static BLOCKS: LazyLock<Blocks> = LazyLock::new(Blocks::default);

fn said(read: Result<Value<'_>, pillion_goyaml::Error>) -> Result<String, String> {
    read.map(|value| shown(&value)).map_err(|error| error.to_string())
}

/// Bytes, a copied text, a borrowed text and a memory of blocks all read the same; documents lie in order.
pub fn read(bytes: &[u8]) {
    let plain = said(parse_bytes(bytes));
    assert_eq!(said(BLOCKS.parse_bytes(bytes)), plain, "through blocks");
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let copied = said(parse(text));
    // A text is UTF-8, which bytes with a mark of UTF-16 are not.
    if !bytes.starts_with(b"\xef\xbb\xbf") {
        assert_eq!(copied, plain, "text and bytes");
    }
    assert_eq!(said(parse_borrowed(text)), copied, "borrowed");
    let mut end = 0;
    for document in documents(text) {
        assert!(document.range.start >= end, "documents overlap");
        assert_eq!(&text[document.range.clone()], document.text);
        end = document.range.end;
    }
}

/// What was read is written, reads as what it was, and is written the same again; but for what Go's writer loses too.
pub fn roundtrip(bytes: &[u8]) {
    let Ok(value) = parse_bytes(bytes) else { return };
    let written = to_yaml(&value);
    if !survives(&value) {
        return;
    }
    let text = written.unwrap_or_else(|error| panic!("{error}: {}", shown(&value)));
    let again = parse(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    assert!(again == value, "{} and then {}, by {text:?}", shown(&value), shown(&again));
    assert_eq!(to_yaml(&again).ok().as_ref(), Some(&text));
    assert_eq!(said(BLOCKS.parse_bytes(text.as_bytes())), Ok(shown(&again)), "through blocks: {text:?}");
}

/// Whether Go's writer keeps a value. It writes JSON first and reads that as YAML: controls are refused there, and a NEL is
/// a line's end. A key `<<` is written plain, and is a merge when it is read. Keys have no order where the number in one of
/// them is too long.
fn survives(value: &Value<'_>) -> bool {
    let text = |text: &str| !text.contains(|c| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'));
    let key = |key: &str| {
        let longest = key.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        text(key) && key != "<<" && longest.is_none_or(|digits| digits < 18)
    };
    match value {
        Value::Map(map) => map.iter().all(|(name, value)| key(name.as_str()) && survives(value)),
        Value::List(items) => items.iter().all(survives),
        Value::Str(string) => text(string.as_str()),
        _ => true,
    }
}
