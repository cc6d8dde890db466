//! What parses, what does not, and what is said then.

use crate::{Error, ErrorKind, FunctionSet, Template};
use pillion_govalue::types::KNOWN;

fn compile(text: &str) -> Result<Template, Error> {
    let functions = FunctionSet::new().refusing(&[("secret", "it must not be told")]);
    Template::compile("inject", text, &functions, KNOWN.template_data)
}

fn complaint(text: &str) -> String {
    compile(text).map(drop).unwrap_err().to_string()
}

#[test]
fn complaints_are_gos_with_the_line() {
    for (text, want) in [
        ("{{ nofunc }}", r#"template: inject:1: function "nofunc" not defined"#),
        ("a\n{{ if }}{{end}}", "template: inject:2: missing value for if"),
        ("{{ if 1 }}", "template: inject:1: unexpected EOF"),
        ("{{ end }}", "template: inject:1: unexpected {{end}}"),
        ("{{ $x }}", r#"template: inject:1: undefined variable "$x""#),
        ("{{ \"a\n\" }}", "template: inject:1: unterminated quoted string"),
        ("{{3-}}", r#"template: inject:1: bad number syntax: "3-""#),
        ("{{ /* c */ }}", r#"template: inject:1: unexpected "/" in command"#),
        ("{{/* c }}", "template: inject:1: unclosed comment"),
        ("{{break}}", "template: inject:1: {{break}} outside {{range}}"),
        ("{{ (1 }}", "template: inject:1: unclosed left paren"),
        ("{{ 1 | 2 }}", "template: inject:1: non executable command in pipeline stage 2"),
        ("{{ 18446744073709551616 }}", r#"template: inject:1: integer overflow: "18446744073709551616""#),
        (
            "{{define \"a\"}}x{{end}}{{define \"a\"}}y{{end}}",
            r#"template: inject:1: template: multiple definition of template "a""#,
        ),
    ] {
        assert_eq!(complaint(text), want, "{text}");
    }
}

#[test]
fn an_action_over_lines_says_where_it_began() {
    assert_eq!(complaint("{{ 1\n\n"), "template: inject:3: unclosed action started at inject:1");
}

#[test]
fn refused_functions_are_told_with_the_reason() {
    let error = compile("x\n{{ secret }}").map(drop).unwrap_err();
    assert_eq!((error.kind(), error.line()), (ErrorKind::Refused, 2));
    assert_eq!(error.detail(), r#"function "secret" is not offered: it must not be told"#);
}

#[test]
fn definitions_may_come_anywhere_and_an_empty_one_never_wins() {
    for text in [
        "{{define \"a\"}}{{end}}{{define \"a\"}}x{{end}}",
        "{{define \"a\"}}x{{end}}{{define \"a\"}} {{end}}",
        "{{template \"later\"}}{{define \"later\"}}{{end}}",
        "{{block \"b\" .}}x{{end}}{{template \"b\" .}}",
    ] {
        assert!(compile(text).is_ok(), "{text}");
    }
}
