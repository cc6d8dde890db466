//! What is read quickly is what serde_json reads, for any text; and nothing is read that it refuses.

use proptest::prelude::*;

use super::read;
use crate::{Str, Value, json};

/// As serde_json reads it: by our visitor, nothing left as text.
fn slowly(text: &str) -> Option<Value<'_>> {
    serde_json::from_str(text).ok()
}

/// Kinds of numbers and the order of keys included.
fn written(value: &Value<'_>) -> String {
    format!("{} {value:?}", json::to_string(value, json::PLAIN))
}

fn check(text: &str) {
    let Some(quick) = read(text) else { return };
    let slow = slowly(text).unwrap_or_else(|| panic!("serde_json refuses {text}"));
    // Reading every part first: the forms compared below must not differ by what was still text.
    let quick = quick.into_owned();
    assert_eq!(written(&quick), written(&slow.into_owned()), "{text}");
}

#[test]
fn usual_text_is_read_and_unusual_text_is_left_alone() {
    for text in [
        r#"{"a":[1,-20,0,true,false,null,"x\n\"y",{}],"b":{"c":1.5,"d":1e3,"e":-0.0}}"#,
        " { \"a\" : [ 1 , 2 ] ,\n\t\"b\" : \"\\u00e9\\ud83d\\ude00\" } ",
        r#"{"a":1,"b":2,"a":3}"#,
        r#"[123456789012345678,1234567890123456789,18446744073709551615,18446744073709551616,-0]"#,
        r#""é – 😀 \/ \b\f""#,
    ] {
        assert!(read(text).is_some(), "{text}");
        check(text);
    }
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(read(&deep(90)).is_some() && read(&deep(120)).is_none());
    for text in [
        "",
        "{",
        "[1,]",
        r#"{"a":1,}"#,
        "01",
        "-",
        "1.",
        "tru",
        "\"\u{1}\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "1e400",
        "1 2",
    ] {
        assert!(read(text).is_none(), "{text}");
    }
}

#[test]
fn the_bookkeeping_of_an_api_server_is_text_until_somebody_looks() {
    let text = r#"{"fieldsV1":{"f:env":{".":{},"k:{\"name\":\"A\"}":{"f:name":{}}}},"x":1}"#;
    let pod = read(text).unwrap();
    assert_eq!(json::to_string(&pod, json::PLAIN), text);
    let mut fields = pod.get("fieldsV1").unwrap().clone();
    assert_eq!(fields.at(&["f:env", "k:{\"name\":\"A\"}", "f:name"]), Some(&Value::empty_map()));
    fields.as_map_mut().unwrap().insert("more", 1);
    assert_eq!(fields.as_map().unwrap().keys().map(Str::as_str).collect::<Vec<_>>(), ["f:env", "more"]);
    assert_eq!(pod.get("fieldsV1").unwrap().as_map().unwrap().len(), 1);
    for odd in [
        r#"{"fieldsV1":{"a":1}}"#,
        r#"{"fieldsV1":{ }}"#,
        r#"{"fieldsV1":{"\u0041":{}}}"#,
        r#"{"fieldsV1":null}"#,
        // Items as the one before, other ones, and what is none between them.
        r#"{"fieldsV1":{"k:1":{".":{}},"k:2":{".":{}},"x":{"y":{}},"k:3":{".":{}},"k:4":{".":{},"z":{}}}}"#,
        r#"{"fieldsV1":{"k:1":{"k:a":{"x":{}},"k:b":{"x":{}}},"k:2":{"k:a":{"x":{}},"k:b":{"x":{}}}}}"#,
    ] {
        assert!(read(odd).is_some(), "{odd}");
        check(odd);
    }
    for wrong in [
        r#"{"fieldsV1":{"a":{}}"#,
        r#"{"fieldsV1":{"a":{},}}"#,
        r#"{"fieldsV1":{"a":{}}}}"#,
        r#"{"fieldsV1":{"\x":{}}}"#,
        r#"{"fieldsV1":{"k:1":{".":{}},"k:2":{".":{}}}"#,
        r#"{"fieldsV1":{"k:1":{".":{}},"k:2":{".":{}}x}}"#,
    ] {
        assert!(read(wrong).is_none(), "{wrong}");
    }
}

fn text() -> BoxedStrategy<String> {
    let string = || "\"([a-z]|é|\\\\n|\\\\\"|\\\\u00e9|\\\\ud83d|\\\\ude00|\\\\q|f:|fieldsV1){0,4}\"";
    let scalar = prop_oneof![
        string().prop_map(String::from),
        "-?[0-9]{1,20}(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
        prop::sample::select(vec!["true", "false", "null", "{}", "[]", "nul", ""]).prop_map(String::from),
    ];
    scalar
        .prop_recursive(4, 40, 4, move |inner| {
            let key = prop_oneof![string().prop_map(String::from), Just(String::from("\"fieldsV1\""))];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(","))),
                prop::collection::vec((key, inner), 0..20).prop_map(|all| {
                    let all: Vec<String> = all.into_iter().map(|(k, v)| format!("{k}:{v}")).collect();
                    format!("{{{}}}", all.join(","))
                }),
            ]
        })
        .boxed()
}

/// Nothing but objects, as in managed fields.
fn fields() -> BoxedStrategy<String> {
    Just(String::from("{}"))
        .prop_recursive(5, 40, 4, |inner| {
            prop::collection::vec(("(f:[a-z]|k:\\{\\\\\"a\\\\\":1\\}|\\.|é)", inner), 0..4).prop_map(|all| {
                let all: Vec<String> = all.into_iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", all.join(","))
            })
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_as_serde_json_reads_it(text in text()) {
        check(&text);
    }

    #[test]
    fn any_managed_fields_are_read_as_serde_json_reads_them(fields in fields(), at in 0_usize..200, cut in any::<bool>()) {
        let mut text = format!("{{\"a\":1,\"fieldsV1\":{fields},\"b\":[]}}");
        prop_assert!(read(&text).is_some());
        check(&text);
        if cut && text.is_char_boundary(at) {
            text.remove(at % text.len());
            check(&text);
        }
    }
}
