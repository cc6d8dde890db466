//! What holds for every text and every value.

use pillion_govalue::{Map, Value, json};
use pillion_goyaml::{documents, parse, parse_borrowed, parse_bytes, to_yaml};
use proptest::prelude::*;

/// Characters that YAML gives a meaning, so that random texts reach far.
const MARKS: &str = "[ \t\n\r:,?\\[\\]{}#&*!|>'\"%@`~<.=+0-9a-fxyn_\\\\\u{85}\u{2028}\u{feff}é😀-]{0,60}";

fn value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_filter("JSON has no other", |f| f.is_finite()).prop_map(Value::Float),
        "[ -~é😀\n\t\u{2028}\u{feff}]{0,100}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::list),
            // A key `<<` is written plain and read as a merge, by Go as by us: it has a test of its own below.
            prop::collection::btree_map(key(), inner, 0..6)
                .prop_map(|map| Value::map(map.into_iter().collect::<Map<'static>>())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    "[ -~é\n]{0,20}".prop_filter("a merge", |key| key != "<<")
}

#[test]
fn a_key_that_reads_as_a_merge_is_written_plain_as_go_writes_it() {
    let value: Map<'_> = [("<<", 1_i64)].into_iter().collect();
    assert_eq!(to_yaml(&value.into()).unwrap(), "<<: 1\n");
    assert!(parse("<<: 1\n").is_err());
}

proptest! {
    #[test]
    fn reading_never_panics_and_borrows_as_it_copies(text in MARKS) {
        let copied = parse(&text).map(|v| json::to_string(&v, json::PLAIN));
        let borrowed = parse_borrowed(&text).map(|v| json::to_string(&v, json::PLAIN));
        prop_assert_eq!(copied, borrowed);
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = parse_bytes(&bytes);
    }

    #[test]
    fn documents_lie_in_order_inside_the_stream(text in "(---|\\.\\.\\.|%a|# c|a: 1| b|\n|\r\n|\r| )*") {
        let mut end = 0;
        for document in documents(&text) {
            prop_assert!(document.range.start >= end);
            prop_assert_eq!(&text[document.range.clone()], document.text);
            let breaks = text[..document.range.start].replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(breaks.matches('\n').count() + 1, document.line);
            end = document.range.end;
        }
    }

    #[test]
    fn what_is_written_reads_as_what_it_was(value in value()) {
        let text = to_yaml(&value).unwrap();
        let read = parse(&text).unwrap();
        // -0 is written as YAML's integer 0.
        prop_assert_eq!(&read, &value, "{}", text);
        prop_assert_eq!(to_yaml(&read).unwrap(), text);
    }
}
