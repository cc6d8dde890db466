//! What is read line by line, and what is left to the tokens.

use crate::{Blocks, parse};

/// What reading line by line makes of `text`, checked against reading by tokens; `None` in doubt.
fn quick(text: &str) -> Option<String> {
    let blocks = Blocks::default();
    let value = blocks.quick(text.as_bytes()).map(|value| format!("{value:?}"));
    if let Some(value) = &value {
        assert_eq!(*value, format!("{:?}", parse(text).unwrap()), "{text:?}");
    }
    value
}

#[test]
fn what_templates_render_is_read_line_by_line() {
    for text in [
        "",
        "# only a comment\n\n",
        "a: 1\nb:\n- x\n- k: 1\n  l:\n    - 2\nc:",
        "\n  \n- a\n-\n  - b\n  -\n- - c\n  - d\n-  \"1\" \n",
        "a: x:y -z # c\n'b': 'it is: # so'\n\"c\":\n",
        "a: {b: 1, 'c': [x, {}, []],\n \"d\":{\"e\":\"f\"},\n}\nb:\n  {}\n",
        "a: |\n  x\n\n   y\n\n\nb: |-\n   x\nc:\n- |+\n\n x\n\n\n",
        "a: |\n  x",
        "a: \"\\\"\\n\\\\\"\n",
        "a: 1\na: 2\n",
        "a: [0x1F, 1e3, 1.5, yes, null, 2001-01-01]\n",
    ] {
        assert!(quick(text).is_some(), "{text:?}");
    }
}

#[test]
fn all_else_is_a_doubt() {
    for text in [
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        "a: one\n  two\n",
        "a: \"one\n  two\"\n",
        "a: >\n  x\n",
        "a: |2\n  x\n",
        "a:\t1\n",
        "a: é\n",
        "a: 1\r\n",
        "? a\n: b\n",
        "<<: {a: 1}\n",
        "1: a\n",
        "~: a\n",
        "---\na: 1\n",
        "a: b: c\n",
        "a: 1\n b: 2\n",
        "a:\n   b: 1\n  c: 2\n",
        "- a\nb: 1\n",
        "a: {b}\n",
        "a: {b: 1 # c\n}\n",
        "a: [b c]\n",
        "a: .inf\n",
        "a: |\n    \n  x\n",
        "a: 1\n...\n",
    ] {
        assert_eq!(quick(text), None, "{text:?}");
    }
}

#[test]
fn nesting_is_left_to_the_tokens_before_it_is_a_fault() {
    let nested = |depth: usize| {
        (0..depth).map(|at| format!("{}a:\n", " ".repeat(at))).collect::<String>()
            + &" ".repeat(depth)
            + "b: 1\n"
    };
    assert!(quick(&nested(30)).is_some());
    assert!(quick(&nested(60)).is_none());
    let flow = |depth: usize| format!("a: {}{}\n", "[".repeat(depth), "]".repeat(depth));
    assert!(quick(&flow(30)).is_some());
    assert!(quick(&flow(60)).is_none());
    // Blocks that are known, inside as much again.
    let blocks = Blocks::default();
    for depth in (1..130).chain(1..130) {
        let text = nested(depth);
        let (have, want) = (blocks.parse_bytes(text.as_bytes()), parse(&text));
        assert_eq!(format!("{have:?}"), format!("{want:?}"));
    }
}
