//! Printing, in cases that Go's fmt decides.

use pillion_govalue::types::KNOWN;

use super::*;
use crate::funcs::Env;
use crate::limits::Limits;

fn print(format: &str, args: &[Val<'static>]) -> String {
    let env = Env::default();
    // The context borrows the environment for as long as values live, which here is the test's end.
    let env: &'static Env = Box::leak(Box::new(env));
    let cx = Cx::new(env, &Limits::default());
    String::from_utf8(sprintf(&cx, format.as_bytes(), args).unwrap()).unwrap()
}

#[test]
fn verbs_that_do_not_fit_say_so_with_the_type() {
    assert_eq!(print("%d", &[Val::from("x")]), "%!d(string=x)");
    assert_eq!(print("%s", &[Val::int(3)]), "%!s(int=3)");
    assert_eq!(print("%z", &[Val::Bool(true)]), "%!z(bool=true)");
    assert_eq!(print("%s", &[Val::nil()]), "%!s(<nil>)");
}

#[test]
fn too_few_and_too_many_arguments_are_told() {
    assert_eq!(print("%d %d", &[Val::int(1)]), "1 %!d(MISSING)");
    assert_eq!(print("%d", &[Val::int(1), Val::from("b")]), "1%!(EXTRA string=b)");
    assert_eq!(print("%[3]d", &[Val::int(1)]), "%!d(BADINDEX)");
    assert_eq!(print("%", &[]), "%!(NOVERB)");
    assert_eq!(print("%[2]d %[1]d", &[Val::int(1), Val::int(2)]), "2 1");
}

#[test]
fn widths_and_precisions_pad_and_cut() {
    assert_eq!(
        print("[%5s|%-5s|%.2s]", &[Val::from("ab"), Val::from("é"), Val::from("日本語")]),
        "[   ab|é    |日本]"
    );
    assert_eq!(print("[%05d|%+d|% d|%x|%#X]", &[-42, 7, 7, 255, 255].map(Val::int)), "[-0042|+7| 7|ff|0XFF]");
    assert_eq!(print("%*d|%-*d|", &[5, 1, 3, 2].map(Val::int)), "    1|2  |");
    assert_eq!(print("%8.3f|%e|%g", &[1.5, 100_000.0, 1e6].map(Val::Float)), "   1.500|1.000000e+05|1e+06");
}

#[test]
fn types_print_as_go_names_them() {
    let args = [Val::int(1), Val::Float(1.0), Val::from("s"), Val::Nil(KNOWN.map_string), Val::nil()];
    assert_eq!(print("%T %T %T %T %T", &args), "int float64 string map[string]string <nil>");
}

#[test]
fn lists_and_maps_that_are_nil_say_so_as_go_code() {
    let nil = [Val::Nil(KNOWN.map_string), Val::Nil(KNOWN.list_any)];
    assert_eq!(print("%#v %#v", &nil), "map[string]string(nil) []interface {}(nil)");
    assert_eq!(print("%v %+v", &nil), "map[] []");
}

#[test]
fn quoting_escapes_what_does_not_print() {
    assert_eq!(quote::quote(b"a\"\\\n\xff\x00\x7f"), r#""a\"\\\n\xff\x00\x7f""#);
    assert_eq!(quote::quote("é\u{85}\u{2028}😀".as_bytes()), r#""é\u0085\u2028😀""#);
    assert_eq!(quote::quote_to_ascii("é😀".as_bytes()), r#""\u00e9\U0001f600""#);
    assert_eq!(
        print("%q %+q %#q", &[Val::int(65), Val::from("é"), Val::from("a`b")]),
        r#"'A' "\u00e9" "a`b""#
    );
}

#[test]
fn literals_are_read_back() {
    assert_eq!(quote::unquote(r#""a\x41\101\u00e9\n""#).unwrap(), "aAAé\n".as_bytes());
    assert_eq!(quote::unquote("`a\\n\r`").unwrap(), b"a\\n");
    assert_eq!(quote::unquote(r#""\xff""#).unwrap(), b"\xff");
    for bad in [r#""\z""#, r#""\400""#, r#""a"#, r#""\u12""#, "a"] {
        assert_eq!(quote::unquote(bad), None, "{bad}");
    }
}

#[test]
fn a_print_that_grows_without_end_is_stopped() {
    let env: &'static Env = Box::leak(Box::default());
    let limits = Limits { memory: 1 << 16, ..Limits::default() };
    let cx = Cx::new(env, &limits);
    let wide = sprintf(&cx, b"%999999d", &[Val::int(1)]);
    assert!(matches!(wide, Err(Fault::Limit(_))), "{wide:?}");
    // A list that holds one list twice, thirty times over: two to the thirty elements.
    let mut list = cx.list(vec![]).unwrap();
    for _ in 0..30 {
        list = cx.list(vec![list.clone(), list]).unwrap();
    }
    assert!(matches!(display(&cx, &list), Err(Fault::Limit(_))));
}
