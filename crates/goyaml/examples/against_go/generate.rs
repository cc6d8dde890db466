//! Texts and values out of a seed: well-formed documents in every style, then damaged ones, since a reader's
//! faults are part of what it is.

use pillion_chance::Rng;
use pillion_govalue::{Map, Value};

/// One of these texts.
fn word<'a>(random: &mut Rng, of: &[&'a str]) -> &'a str {
    of[random.below(of.len())]
}

/// Scalars with a meaning, nearly with one, or with characters that mean something elsewhere.
const SCALARS: &[&str] = &[
    "a",
    "b c",
    "name",
    "1",
    "0",
    "-1",
    "017",
    "08",
    "0x1F",
    "0o17",
    "0b11",
    "0b-1",
    "-0b11",
    "1_000",
    "1e3",
    "1e",
    "1.5",
    "1.",
    ".5",
    "-.5",
    "+.5",
    ".5_5",
    "._5",
    "1e400",
    "1e-400",
    "-0",
    "-0.0",
    "1e20",
    "1e21",
    "123456789.0",
    "1e-7",
    ".inf",
    "-.INF",
    ".nan",
    "+.Inf",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "+12",
    "+18446744073709551615",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "true",
    "False",
    "tRUE",
    "null",
    "~",
    "Null",
    "nULL",
    "",
    "<<",
    "=",
    "2001-12-14",
    "2001-2-30",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43",
    "2001-12-14T1:2:3Z",
    "1:30",
    "190:20:30.15",
    "100m",
    "1Gi",
    "http://a:80/b?c=d#e",
    "a:b",
    "a: b",
    "a #b",
    "a#b",
    "- a",
    "-a",
    "--",
    "---",
    "...",
    "--- a",
    "? a",
    "?a",
    ": a",
    ":a",
    "*a",
    "&a b",
    "!a",
    "!!str 1",
    "!!int 1",
    "!!int x",
    "!!float 3",
    "!!binary aGk=",
    "!!binary a",
    "!!null ''",
    "!!bool yes",
    "!!timestamp 2001-01-01",
    "! 1",
    "!<tag:yaml.org,2002:str> 1",
    "!e!x 1",
    "%a",
    "@a",
    "`a`",
    "|",
    ">",
    "| a",
    "'a'",
    "'a''b'",
    "'a",
    "\"a\"",
    "\"a\\n\\x41\\u00e9\\U0001F600\"",
    "\"\\q\"",
    "\"\\/\"",
    "\"a\\\n  b\"",
    "\"a\n\n b\"",
    "'a\n  b'",
    "a\n  b",
    "\"\\ud800\"",
    "[a, b]",
    "{a: b}",
    "{a}",
    "[a: b]",
    "{a:1}",
    "[]",
    "{}",
    "[,]",
    "[a,]",
    "{,}",
    "{? a}",
    "{? a : b}",
    "[? a : b]",
    "[? ]",
    "[]: a",
    "{}: b",
    "é",
    "😀",
    "\u{85}",
    "a\u{2028}b",
    "\u{a0}",
    "\u{feff}",
    "a\tb",
    "a\t",
    "\t",
    "$(X)",
    "{{ x }}",
    "[[",
    "]]",
    "}",
    "]",
    ",",
    "#",
    "# c",
    "a,b",
    "a]b",
    "a?b",
    "|-\n  x\n  y\n",
    "|+\n  x\n\n",
    ">\n  x\n  y\n\n  z\n   w\n",
    "|2\n   x\n",
    "|0\n x",
    "|-1\n  x\n",
    ">-\n\n  x\n",
    "|\n\tx\n",
    "| # c\n  x\n",
    "|a\n x\n",
    "&x a",
    "*x",
    "&y {a: 1}",
    "*y",
    "&x",
];

const KEYS: &[&str] = &[
    "a",
    "b",
    "name",
    "spec",
    "a10",
    "a2",
    "1",
    "1.5",
    "true",
    "no",
    "~",
    "\"q\"",
    "'s'",
    "<<",
    "? k\n",
    "a b",
    "[1]",
    "{a: 1}",
    "*x",
    "&k k",
    "!!str 1",
    "017",
    "1e6",
    "2001-12-14",
    "é",
    "",
    "- a",
    "a:b",
    "18446744073709551615",
    ".5",
    "metadata",
    "x-y",
    "x_y",
    "0",
    "00",
];

/// Text that looks like a number or a date, and often is one.
fn numeric(random: &mut Rng) -> String {
    if random.one_in(2) {
        let parts = [
            "1", "0", "7", "9", "12", "08", "_", ".", "e", "E", "+", "-", ":", "x", "o", "b", "0x", "0b",
            "f", "60",
        ];
        return (0..1 + random.below(6)).map(|_| word(random, &parts)).collect();
    }
    let mut out = format!("{}-{}-{}", 1990 + random.below(40), random.below(15), random.below(34));
    if random.one_in(2) {
        out.push_str(word(random, &["T", "t", " ", "  ", "_"]));
        out.push_str(&format!("{}:{:02}:{}", random.below(26), random.below(64), random.below(64)));
        out.push_str(word(random, &["", "", ".5", ",25", ".", ".123456789123", "Z"]));
        out.push_str(word(random, &["", "Z", "z", "+01:00", "-5", "+24:60", "+25:00", "-0530", " Z"]));
    }
    if random.one_in(10) {
        out.push_str(word(random, &["x", " ", "0", "-"]));
    }
    out
}

/// A text: three of four are documents as people write them, with strange scalars; the rest is damaged.
pub(crate) fn text(random: &mut Rng) -> String {
    let mut out = String::new();
    if random.one_in(12) {
        out.push_str(word(
            random,
            &[
                "---\n",
                "%YAML 1.1\n---\n",
                "%TAG !e! tag:e,2000:\n---\n",
                "# c\n",
                "\u{feff}",
                "--- ",
                "...\n",
                "%YAML 1.2\n---\n",
                "%X\n---\n",
                "%TAG ! tag:y,1:\n---\n",
                "---\n---\n",
                " ",
                "\t",
                "\n\n",
            ],
        ));
    }
    if random.one_in(5) {
        out.push_str("anchors: [&x v, &y {k: 1, m: 2}]\n");
    }
    match random.below(10) {
        0 if random.one_in(2) => out.push_str(word(random, SCALARS)),
        0 => out.push_str(&numeric(random)),
        1 => soup(random, &mut out),
        _ => block(random, &mut out, 0, 0),
    }
    if random.one_in(15) {
        out.push_str(word(
            random,
            &["\n---\nb: 1\n", "\n...\n", "\n...\nb: 1", "\n# end", "\n\n\n", "\n---", "\n--- x", " # c"],
        ));
    }
    if random.one_in(4) {
        damage(random, &mut out);
    }
    // Behind two byte order marks Go drops the first character of every line.
    while out.starts_with("\u{feff}\u{feff}") {
        out.remove(0);
    }
    if random.one_in(25) {
        out = out.replace('\n', word(random, &["\r\n", "\r", "\u{2028}"]));
    }
    out
}

/// A block node at `indent`.
fn block(random: &mut Rng, out: &mut String, indent: usize, depth: usize) {
    let list = random.one_in(3);
    let step = [2, 2, 2, 4, 1, 0][random.below(6)];
    for at in 0..1 + random.below(4) {
        if at > 0 || depth > 0 || random.one_in(2) {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            if random.one_in(20) {
                out.push_str(word(random, &["# comment\n", "\n", "  # c\n", "\t\n", "   \n"]));
            }
            let wobble = if random.one_in(60) { random.below(3) } else { 0 };
            out.push_str(&" ".repeat(indent + wobble));
        }
        if list {
            out.push_str(word(random, &["- ", "- ", "- ", "-   ", "-\t"]));
        } else {
            out.push_str(if random.one_in(3) {
                word(random, KEYS)
            } else {
                ["a", "b", "c", "d", "e"][at % 5]
            });
            out.push_str(word(random, &[": ", ": ", ": ", ":  ", ":", " : ", ":\t"]));
        }
        node(random, out, indent, step, depth, list);
    }
}

fn node(random: &mut Rng, out: &mut String, indent: usize, step: usize, depth: usize, in_list: bool) {
    if random.one_in(14) {
        out.push_str(word(
            random,
            &["&x ", "&y ", "!!str ", "!!map ", "!t ", "&x !!str ", "!!seq &y ", "!!merge "],
        ));
    }
    match random.below(8) {
        0..=2 if depth < 4 => {
            if !in_list || random.one_in(4) {
                out.push('\n');
                out.push_str("");
            }
            let inner = if in_list && !out.ends_with('\n') { indent + 2 } else { indent + step };
            let compact = in_list && !out.ends_with('\n');
            nested(random, out, inner, depth + 1, compact);
        }
        3 => flow(random, out, depth),
        4 => block_scalar(random, out, indent + step.max(1)),
        5 => {
            let text = word(random, SCALARS).replace('\n', &format!("\n{}", " ".repeat(indent)));
            out.push_str(&text);
        }
        6 => out.push_str(word(random, &["a b", "1", "true", "'x'", "\"y\"", "v", "*x", "*y"])),
        _ => words(random, out, indent + step),
    }
}

fn nested(random: &mut Rng, out: &mut String, indent: usize, depth: usize, compact: bool) {
    if !compact {
        return block(random, out, indent, depth);
    }
    // `- a: 1` with the rest of the mapping below.
    out.push_str("k: v\n");
    out.push_str(&" ".repeat(indent));
    out.push_str("l: ");
    node(random, out, indent, 2, depth, false);
}

fn words(random: &mut Rng, out: &mut String, indent: usize) {
    for at in 0..1 + random.below(4) {
        if at > 0 {
            if random.one_in(4) {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
            } else {
                out.push(' ');
            }
        }
        out.push_str(word(random, &["x", "word", "12", "b:c", "d#e", "-", "f", "é", "?", "g'h", "\"i"]));
    }
    if random.one_in(10) {
        out.push_str("  # comment");
    }
}

fn block_scalar(random: &mut Rng, out: &mut String, indent: usize) {
    out.push_str(word(random, &["|", ">", "|-", ">-", "|+", ">+", "|2", "|1-", ">2+", "| # c", "|  "]));
    out.push('\n');
    for _ in 0..random.below(6) {
        if random.one_in(4) {
            out.push_str(word(random, &["\n", "  \n", " \n"]));
            continue;
        }
        let more = if random.one_in(5) { random.below(3) } else { 0 };
        out.push_str(&" ".repeat(indent + more));
        out.push_str(word(
            random,
            &["line", "a: b", "# no comment", "- x", "\ttab", "trail ", "'q", "---", "{{ x }}"],
        ));
        out.push('\n');
    }
}

fn flow(random: &mut Rng, out: &mut String, depth: usize) {
    let map = random.one_in(2);
    out.push(if map { '{' } else { '[' });
    for at in 0..random.below(4) {
        if at > 0 {
            out.push_str(word(random, &[", ", ",", ",\n  ", " , ", ",\n"]));
        }
        if map {
            out.push_str(if random.one_in(3) {
                word(random, KEYS)
            } else {
                ["a", "b", "c", "\"d\""][at % 4]
            });
            out.push_str(word(random, &[": ", ": ", ":", " : ", ""]));
        }
        if depth < 5 && random.one_in(4) {
            flow(random, out, depth + 1);
        } else {
            out.push_str(word(random, SCALARS));
        }
    }
    if random.one_in(8) {
        out.push(',');
    }
    if !random.one_in(30) {
        out.push(if map { '}' } else { ']' });
    }
}

/// Bits and pieces in no order.
fn soup(random: &mut Rng, out: &mut String) {
    for _ in 0..1 + random.below(12) {
        match random.below(3) {
            0 => out.push_str(word(
                random,
                &[" ", "\n", "  ", "\n  ", ": ", "- ", ", ", "\n- ", "\n---\n", "\t", " #", "\n    "],
            )),
            1 => out.push_str(word(
                random,
                &["[", "]", "{", "}", "'", "\"", "|\n", ">\n", "&x ", "*x", "!t ", "? ", "a", "b", "1"],
            )),
            _ => out.push_str(word(random, SCALARS)),
        }
    }
}

/// A character more, less, or another one.
fn damage(random: &mut Rng, out: &mut String) {
    let marks = [
        " ", "\t", "\n", "-", ":", "?", ",", "[", "]", "{", "}", "#", "&", "*", "!", "|", ">", "'", "\"",
        "%", "@", "`", "a", "1", ": ", "- ", "\\", "\u{1}", "\u{7f}", "\u{85}", "\u{fffe}", "\r", "é", "😀",
        "~", ".", "<<: ", "  ",
    ];
    for _ in 0..1 + random.below(3) {
        let mut chars: Vec<char> = out.chars().collect();
        let at = random.below(chars.len() + 1);
        let mark: Vec<char> = word(random, &marks).chars().collect();
        let end = if random.one_in(2) { at } else { (at + 1 + random.below(3)).min(chars.len()) };
        let with = if random.one_in(4) { Vec::new() } else { mark };
        chars.splice(at..end, with);
        *out = chars.into_iter().collect();
    }
}

/// A value to write.
pub(crate) fn value(random: &mut Rng, depth: usize) -> Value<'static> {
    match random.below(if depth > 4 { 8 } else { 12 }) {
        0 => Value::Null,
        1 => Value::Bool(random.one_in(2)),
        2 => Value::Int(random.draw() as i64 >> random.below(60)),
        3 => float(random),
        4..=7 => Value::from(string(random)),
        8 | 9 => (0..random.below(5)).map(|_| value(random, depth + 1)).collect::<Vec<_>>().into(),
        _ => {
            let keys = 1 + random.below(6);
            let entries = (0..keys).map(|_| (key(random), value(random, depth + 1)));
            Value::map(entries.collect::<Vec<_>>().into_iter().collect::<Map<'static>>())
        }
    }
}

fn float(random: &mut Rng) -> Value<'static> {
    let float = match random.below(4) {
        0 => (random.draw() % 10_000) as f64 / 8.0,
        1 => f64::from_bits(random.draw()),
        2 => (random.draw() % 1000) as f64 * 10f64.powi(random.below(40) as i32 - 15),
        _ => -((random.draw() % 100_000_000) as f64) / 3.0,
    };
    Value::Float(if float.is_finite() { float } else { 0.5 })
}

/// A key. None that begins with digits and goes on otherwise, or with more than a number holds: Go's order of keys
/// is no order then (`1Gi` < `08` < `111` < `1Gi`), and its answer hangs on chance.
fn key(random: &mut Rng) -> String {
    let key = match random.below(6) {
        0 => string(random),
        1 => format!("{}{}", word(random, &["a", "B", "x-", "x_", "é", "/", ""]), random.below(120)),
        2 => format!("{:03}", random.below(200)),
        _ => (*word(random, &["name", "image", "a.b/c", "securityContext", "A", "b", "z"])).to_owned(),
    };
    let digits = key.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits == key.len() && digits < 18 { key } else { format!("k{key}") }
}

/// A string: a scalar of the list, words long enough to be folded, or characters that must be escaped.
fn string(random: &mut Rng) -> String {
    match random.below(8) {
        7 => numeric(random),
        0 | 1 => (*word(random, SCALARS)).to_owned(),
        2 => {
            let mut out = String::new();
            for _ in 0..5 + random.below(40) {
                out.push_str(word(
                    random,
                    &["word", "a", "longer-word", "x=y,", "it's", "é", "😀", "- ", "#", ":"],
                ));
                out.push_str(word(random, &[" ", " ", " ", " ", "  ", "\n", ""]));
            }
            out
        }
        3 => {
            let pieces = [
                "a", " ", "\n", "\t", "\r", "\0", "\u{7}", "\u{1b}", "\u{7f}", "\u{85}", "\u{a0}",
                "\u{2028}", "\u{2029}", "\u{feff}", "\u{fffd}", "😀", "é", "\"", "\\", "'", "<", "&", "#",
                ":", "-", "\u{fffe}", "\u{90}", "   ", "\n\n", " \n", "\n ",
            ];
            (0..1 + random.below(8)).map(|_| word(random, &pieces)).collect()
        }
        4 => {
            let lines = 1 + random.below(5);
            let line = |random: &mut Rng| {
                word(random, &["key: value", "  indented", "# c", "", "trailing ", "x", "\tt", "- i"])
            };
            let mut out: String = (0..lines).map(|_| format!("{}\n", line(random))).collect();
            if random.one_in(2) {
                out.pop();
            }
            out
        }
        5 => {
            let long = "x".repeat(1 + random.below(130));
            if random.one_in(3) { format!("{long} {long}") } else { long }
        }
        _ => (*word(
            random,
            &["nginx:1.25", "500m", "istio-proxy", "[\"a\"]", "15001", "*", "0.0.0.0/0", "$(POD_NAME)"],
        ))
        .to_owned(),
    }
}
