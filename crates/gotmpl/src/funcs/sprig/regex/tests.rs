//! Patterns as Go reads them.

use super::translate::translate;

fn complaint(pattern: &str) -> String {
    translate(pattern).map(|t| t.pattern).map_err(|e| e.to_string()).unwrap_err()
}

#[test]
fn complaints_are_gos() {
    for (pattern, want) in [
        ("(", "missing closing ): `(`"),
        (")", "unexpected ): `)`"),
        ("[a", "missing closing ]: `[a`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a|*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{3,2}", "invalid repeat count: `{3,2}`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
        (r"\y", r"invalid escape sequence: `\y`"),
        (r"\8", r"invalid escape sequence: `\8`"),
        (r"\", "trailing backslash at end of expression: ``"),
        ("(?<n", "invalid named capture: `(?<n`"),
        ("(?P<n!>a)", "invalid named capture: `(?P<n!>`"),
        ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
    ] {
        assert_eq!(complaint(pattern), format!("error parsing regexp: {want}"), "{pattern}");
    }
}

#[test]
fn what_go_admits_compiles_and_means_the_same() {
    for (pattern, text, want) in [
        (r"^\d+$", "12", true),
        (r"^\d+$", "١٢", false),
        (r"^\w$", "é", false),
        (r"\bfoo\b", "a foo b", true),
        (r"^\Qa.b\E+$", "a.bbb", true),
        (r"^a{,2}$", "a{,2}", true),
        (r"^[[:alpha:]&&[]+$", "a&[", true),
        (r"^[a-]+$", "a-a", true),
        (r"^[^\D]+$", "12", true),
        (r"^(?i)k$", "\u{212a}", true),
        (r"^a(?i)*$", "aaa", true),
        (r"^(?i:a)b$", "Ab", true),
        (r"^(?i:a)b$", "AB", false),
        (r"^\x41\101\x{42}$", "AAB", true),
        (r"(?P<n>a)(?P<n>b)", "ab", true),
        (r"^[]a]+$", "]a", true),
        (r"^\pL+$", "é", true),
        (r"^[\pL\s]+$", "é a", true),
        (r"^x#y z$", "x#y z", true),
        (r"^(|a)+$", "aa", true),
    ] {
        let translated = translate(pattern).unwrap();
        let regex = regex::bytes::Regex::new(&translated.pattern).unwrap();
        assert_eq!(regex.is_match(text.as_bytes()), want, "{pattern} as {}", translated.pattern);
    }
}
