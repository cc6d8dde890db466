//! What a hostile text costs: no stack, no memory beyond the text's own size, no time beyond linear.

use std::time::{Duration, Instant};

use pillion_govalue::Value;
use pillion_goyaml::{ErrorKind, MAX_DEPTH, parse, parse_bytes, to_yaml};

/// Generous: a debug build on a busy machine does the largest of these in a second.
const SOON: Duration = Duration::from_secs(20);

fn soon<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
    result
}

#[test]
fn deep_nesting_is_refused_in_every_style() {
    let lines: String = (0..2_000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    for text in
        ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000), lines]
    {
        let error = soon("nesting", || parse(&text)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Limit | ErrorKind::Scan), "{error}");
    }
}

#[test]
fn nesting_up_to_the_limit_is_read_and_written() {
    let text = format!("{}x{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    let value = parse(&text).unwrap();
    assert!(to_yaml(&value).unwrap().starts_with("- - - "));
    let deeper = Value::list(vec![value]);
    assert_eq!(to_yaml(&deeper).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn aliases_share_what_they_expand_to() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for i in 1..100 {
        let alias = format!("*a{}", i - 1);
        text.push_str(&format!("a{i}: &a{i} [{}]\n", [alias.as_str(); 10].join(",")));
    }
    let error = soon("aliases of aliases", || parse(&text)).unwrap_err();
    assert_eq!(error.to_string(), "yaml: document contains excessive aliasing");
    assert_eq!(error.line(), Some(4));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a,".repeat(900));
    assert!(soon("aliases of a long text", || parse(&long)).is_ok());
}

#[test]
fn many_keys_cost_no_more_than_their_number() {
    let block: String = (0..50_000).map(|i| format!("k{i}: 1\n")).collect();
    let value = soon("distinct keys", || parse(&block)).unwrap();
    assert_eq!(value.as_map().unwrap().len(), 50_000);
    let same = "k: 1\n".repeat(50_000);
    assert_eq!(soon("one key", || parse(&same)).unwrap().as_map().unwrap().len(), 1);
    soon("sorting keys", || to_yaml(&value)).unwrap();
}

#[test]
fn long_texts_without_structure_are_read_in_linear_time() {
    for text in [
        "a".repeat(1 << 20),
        "a ".repeat(1 << 19),
        "a\n".repeat(1 << 18),
        "'".repeat(1 << 18),
        "\"\\\n".repeat(1 << 18),
        "&a ".repeat(1 << 18),
        "!a ".repeat(1 << 18),
        "# c\n".repeat(1 << 18),
        ", ".repeat(1 << 18),
        format!("[{}]", "a, ".repeat(1 << 18)),
        format!("|\n{}", "\n".repeat(1 << 18)),
        format!("|\n{}", "  x\n".repeat(1 << 19)),
        "---\n".repeat(1 << 18),
        "%TAG !a! b\n".repeat(1 << 18),
    ] {
        let _ = soon(&text[..8], || parse(&text));
    }
}

#[test]
fn a_text_beyond_the_limit_is_refused() {
    let error = parse(&"a".repeat((16 << 20) + 1)).unwrap_err();
    assert_eq!(error.to_string(), "yaml: document is larger than 16 MiB");
}

#[test]
fn bytes_that_are_no_text_are_refused_in_go_words() {
    assert_eq!(parse_bytes(b"a: \xff\n").unwrap_err().to_string(), "yaml: invalid leading UTF-8 octet");
    assert_eq!(parse_bytes(b"\xff\xfea\0:\0 \x001\0").unwrap().get("a").unwrap().as_i64(), Some(1));
}

#[test]
fn an_error_knows_its_line_where_the_message_does_not() {
    let error = parse("a: 1\nb: !!int x\n").unwrap_err();
    assert_eq!(error.to_string(), "yaml: cannot decode !!str `x` as a !!int");
    assert_eq!((error.line(), error.kind()), (Some(2), ErrorKind::Tag));
    // Go's own line is one short for faults of the grammar.
    let error = parse("a:\n  b: 1\n c: 2\n").unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.line()),
        ("yaml: line 2: did not find expected key", Some(3))
    );
}
