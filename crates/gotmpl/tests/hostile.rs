//! Templates that mean harm: each ends in an error, in bounded time and memory, on the stack of an ordinary
//! thread.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong by panicking, and prints its figures"
)]

use std::time::{Duration, Instant};

use pillion_gotmpl::funcs::sprig;
use pillion_gotmpl::{Env, Error, ErrorKind, Limits, Template};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, parse};

/// Far more than any of them takes, also unoptimised and on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn render_on_a_small_stack(text: String) -> Result<Vec<u8>, Error> {
    let work = move || {
        let root: Value<'_> = parse(br#"{"Values": {"a": {"b": [1, 2]}}}"#).unwrap();
        let template = Template::compile("inject", &text, &sprig::function_set(), KNOWN.template_data)?;
        template.render(&root, &Env::default(), &Limits::default())
    };
    let started = Instant::now();
    let result = std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join();
    assert!(started.elapsed() < PATIENCE, "took {:?}", started.elapsed());
    result.expect("the thread ends by itself")
}

fn refused(text: impl Into<String>, kind: ErrorKind) {
    let text = text.into();
    let start: String = text.chars().take(120).collect();
    match render_on_a_small_stack(text) {
        Ok(out) => panic!("{start}: rendered {} bytes", out.len()),
        Err(e) => assert_eq!(e.kind(), kind, "{start}: {e}"),
    }
}

fn survives(text: impl Into<String>) {
    let _ = render_on_a_small_stack(text.into());
}

#[test]
fn nesting_in_the_text_is_bounded() {
    for (open, middle, close) in [
        ("{{if true}}", "x", "{{end}}"),
        ("{{range $x := .Values.a}}", "x", "{{end}}"),
        ("{{with .}}", "x", "{{end}}"),
        ("{{block \"b\" .}}", "x", "{{end}}"),
    ] {
        refused(format!("{}{middle}{}", open.repeat(50_000), close.repeat(50_000)), ErrorKind::Parse);
    }
    refused(format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000)), ErrorKind::Parse);
    refused(format!("{{{{ {}1 }}}}", "(".repeat(100_000)), ErrorKind::Parse);
}

#[test]
fn nesting_within_the_bound_runs() {
    let blocks = format!("{}x{}", "{{if true}}".repeat(100), "{{end}}".repeat(100));
    assert_eq!(render_on_a_small_stack(blocks).unwrap(), b"x");
    let parens = format!("{{{{ {}1{} }}}}", "(print ".repeat(100), ")".repeat(100));
    assert_eq!(render_on_a_small_stack(parens).unwrap(), b"1");
    let chain = format!("{{{{if false}}}}{}{{{{else}}}}y{{{{end}}}}", "{{else if false}}x".repeat(20_000));
    assert_eq!(render_on_a_small_stack(chain).unwrap(), b"y");
}

#[test]
fn templates_that_call_themselves_stop() {
    refused(r#"{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}"#, ErrorKind::Limit);
    refused(
        r#"{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{template "a" .}}{{end}}{{template "a" .}}"#,
        ErrorKind::Limit,
    );
    // Each level as deep as a text may be.
    let deep = format!(
        r#"{{{{define "a"}}}}{}{{{{template "a" ({}.{})}}}}{}{{{{end}}}}{{{{template "a" .}}}}"#,
        "{{if true}}".repeat(98),
        "(".repeat(90).replace('(', "(or "),
        ")".repeat(90),
        "{{end}}".repeat(98)
    );
    survives(deep);
    // Twice at each level: two to the hundred calls if nothing counted them.
    refused(
        r#"{{define "a"}}{{if lt (len .) 100}}{{template "a" (append . 1)}}{{template "a" (append . 1)}}{{end}}{{end}}{{template "a" (list)}}"#,
        ErrorKind::Limit,
    );
}

#[test]
fn loops_without_end_stop() {
    refused("{{range 1000000000}}{{end}}", ErrorKind::Limit);
    refused("{{range 9223372036854775807}}x{{end}}", ErrorKind::Limit);
    refused("{{range until 100000}}{{range until 100000}}{{end}}{{end}}", ErrorKind::Limit);
    refused("{{until 1000000000}}", ErrorKind::Limit);
    refused("{{untilStep 0 1000000000 1}}", ErrorKind::Limit);
    refused("{{seq 1 1000000000}}", ErrorKind::Limit);
}

#[test]
fn output_and_values_without_end_stop() {
    refused("{{repeat 1000000000 \"x\"}}", ErrorKind::Limit);
    refused("{{repeat 9223372036854775807 \"xx\"}}", ErrorKind::Limit);
    refused("{{range 1000}}{{repeat 100000 \"x\"}}{{end}}", ErrorKind::Limit);
    refused("{{$x := \"xx\"}}{{range 1000}}{{$x = print $x $x}}{{end}}", ErrorKind::Limit);
    refused("{{$x := list 1}}{{range 1000}}{{$x = list $x $x}}{{end}}{{$x}}", ErrorKind::Limit);
    refused("{{$x := list 1}}{{range 60}}{{$x = list $x $x}}{{end}}{{toJson $x}}", ErrorKind::Limit);
    refused("{{nindent 1000000000 \"a\"}}", ErrorKind::Limit);
    refused(
        "{{printf \"%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d\" 1 1 1 1 1 1 1 1 1}}",
        ErrorKind::Limit,
    );
    refused("{{range 100}}{{printf \"%999999d\" 1}}{{end}}", ErrorKind::Limit);
}

#[test]
fn values_that_hold_themselves_are_walked_only_so_far() {
    let circle = "{{$d := dict}}{{$_ := set $d \"me\" $d}}";
    for walk in [
        "{{$d}}",
        "{{toJson $d}}",
        "{{mustToJson $d}}",
        "{{deepCopy $d}}",
        "{{printf \"%#v\" $d}}",
        "{{toString $d}}",
    ] {
        survives(format!("{circle}{walk}"));
    }
    refused(format!("{circle}{{{{$d}}}}"), ErrorKind::Limit);
    survives(format!("{circle}{{{{deepEqual $d (dict \"me\" $d)}}}}"));
    survives(format!(
        "{circle}{{{{merge $d $d}}}}{{{{merge (dict) $d}}}}{{{{mergeOverwrite $d (dict \"me\" $d)}}}}"
    ));
    let chain = "{{$top := dict}}{{$at := $top}}{{range 20000}}{{$next := dict}}{{$_ := set $at \"n\" $next}}{{$at = $next}}{{end}}";
    for walk in [
        "{{$top}}",
        "{{toJson $top}}",
        "{{deepCopy $top}}",
        "{{deepEqual $top $top}}",
        "{{merge (dict) $top}}",
        "{{len $top}}",
    ] {
        survives(format!("{chain}{walk}"));
    }
}

#[test]
fn the_deepest_value_is_walked_at_the_deepest_place() {
    // Lists in lists to the bound, handed down through templates to their bound, and walked there.
    for walk in [
        "{{$.v}}",
        "{{toJson $.v}}",
        "{{toString $.v | len}}",
        "{{deepEqual $.v $.v}}",
        "{{deepCopy (dict \"a\" $.v) | len}}",
        "{{printf \"%#v\" $.v | len}}",
        "{{merge (dict) (dict \"a\" $.v) | len}}",
        "{{eq $.v $.v}}",
    ] {
        survives(format!(
            "{{{{define \"down\"}}}}{{{{if lt .n 62}}}}{{{{template \"down\" (dict \"v\" .v \"n\" (add1 .n | int))}}}}{{{{else}}}}\
             {walk}{{{{end}}}}{{{{end}}}}\
             {{{{$v := list}}}}{{{{range 498}}}}{{{{$v = list $v}}}}{{{{end}}}}{{{{template \"down\" (dict \"v\" $v \"n\" 0)}}}}"
        ));
    }
}

#[test]
fn odd_texts_do_not_panic() {
    for text in [
        "{{",
        "{{-",
        "{{- ",
        "{{-}}",
        "{{- -}}",
        "{{/*",
        "{{/*}}",
        "{{/**/",
        "{{\"",
        "{{`",
        "{{'",
        "{{'a",
        "{{\"\\",
        "{{.",
        "{{..}}",
        "{{$",
        "{{$.}}",
        "{{1",
        "{{1.}}",
        "{{0x}}",
        "{{1i",
        "{{(",
        "{{)}}",
        "{{|}}",
        "{{1|}}",
        "{{:=}}",
        "{{$x:=}}",
        "{{$x,}}",
        "{{range $a,}}{{end}}",
        "{{end}}",
        "{{else}}",
        "{{define}}",
        "{{template}}",
        "{{block}}",
        "{{break}}",
        "{{continue}}",
        "{{nil}}",
        "{{nil.a}}",
        "{{\u{0}}}",
        "\u{feff}{{1}}",
        "{{é}}",
        "{{.é}}",
        "{{template \"\\xff\"}}",
        "{{printf \"%[\" 1}}",
        "{{printf \"%[]d\" 1}}",
        "{{printf \"%.*.*d\" 1}}",
        "{{'\\",
        "{{1-}}",
    ] {
        survives(text);
    }
}

#[test]
fn long_pipelines_and_long_texts_are_fine() {
    let pipeline = format!("{{{{ 1 {} }}}}", "| print ".repeat(5_000));
    assert_eq!(render_on_a_small_stack(pipeline).unwrap(), b"1");
    let arguments = format!("{{{{ len (list {}) }}}}", "1 ".repeat(50_000));
    assert_eq!(render_on_a_small_stack(arguments).unwrap(), b"50000");
    let fields = format!("{{{{ .Values{} }}}}", ".x".repeat(50_000));
    assert_eq!(render_on_a_small_stack(fields).unwrap(), b"<no value>");
    refused("x".repeat(5 << 20), ErrorKind::Parse);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// Whatever is put together from pieces of templates ends, one way or the other.
    #[test]
    fn pieces_in_any_order_end(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        survives(pieces.concat());
    }
}

const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{- ",
    " -}}",
    "{{/*",
    "*/}}",
    " ",
    "\n",
    "text",
    "if ",
    "else",
    "end",
    "range ",
    "with ",
    "define ",
    "template ",
    "block ",
    "break",
    "continue",
    "nil",
    "true",
    ".",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    "|",
    "(",
    ")",
    ".Values",
    ".Values.a.b",
    ".Spec",
    "\"a\"",
    "\"t\"",
    "`r`",
    "'c'",
    "'",
    "1",
    "-1.5e3",
    "0x1F",
    "1i",
    "print ",
    "printf ",
    "\"%v %[2]*.3f %q\" ",
    "index ",
    "len ",
    "eq ",
    "and ",
    "or ",
    "not ",
    "list ",
    "dict ",
    "set ",
    "until ",
    "repeat ",
    "toJson ",
    "{{end}}",
    "{{else}}",
    "{{if true}}",
    "{{range .Values.a.b}}",
    "{{define \"t\"}}",
    "{{template \"t\" .}}",
    "{{$x := .}}",
    "{{$x}}",
    "\u{e9}",
    "\u{0}",
    "\\",
];
