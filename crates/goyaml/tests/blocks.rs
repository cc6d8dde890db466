//! Reading through a memory of blocks is reading: the same values and the same faults, whatever was read before.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::PathBuf;

use pillion_govalue::Value;
use pillion_goyaml::{Blocks, parse_bytes};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// As templates leave it: blank lines with spaces, comments, odd indentation, lists in the column of their key.
const RENDERED: &str = include_str!("rendered.yaml");

/// What is put into texts to change what they mean, or to break them.
const PIECES: [&str; 64] = [
    "\t",
    ":",
    ": ",
    " :",
    ":\n",
    "#",
    " #",
    " # c\n",
    "\"",
    "'",
    "''",
    "\\",
    "\\\"",
    "\\n",
    "\\/",
    "&a ",
    "*a",
    "*a ",
    "!!str ",
    "!a ",
    "!",
    "<<: ",
    "<<",
    "- ",
    "-",
    "- - ",
    "? ",
    "?",
    "|",
    " |\n",
    "|-\n",
    "|+\n",
    "|2\n",
    ">",
    ">-\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ", ",
    "{}",
    "[]",
    "\n",
    "\n\n",
    " ",
    "  ",
    "    ",
    "\n  ",
    "---\n",
    "--- ",
    "...\n",
    "%",
    "\r\n",
    "\r",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "~",
    "0x1F",
    "1e3",
    "2001-01-01",
    "a: b\n",
];

fn corpus(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/yaml").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Memories of every size that makes a difference. The last one is as a program has it.
fn memories() -> [Blocks; 4] {
    [Blocks::new(0), Blocks::new(1), Blocks::new(5), Blocks::default()]
}

/// Reads `text` often enough for its blocks to be remembered. Order and kinds of values count too.
fn check(memories: &[Blocks], text: &str) -> Result<(), String> {
    let want = format!("{:?}", parse_bytes(text.as_bytes()));
    for memory in memories {
        for time in 0..3 {
            let have = format!("{:?}", memory.parse_bytes(text.as_bytes()));
            if have != want {
                return Err(format!("{text:?}, {memory:?}, time {time}:\n  have {have}\n  want {want}"));
            }
        }
    }
    Ok(())
}

/// A change of a text, at places that are shares of its length.
#[derive(Clone, Debug)]
enum Change {
    Insert(f64, usize),
    Delete(f64, usize),
    Indent(f64, usize),
    Outdent(f64, usize),
    Repeat(f64, f64),
    Cut(f64),
}

fn change() -> impl Strategy<Value = Change> {
    let at = || 0.0..1.0;
    prop_oneof![
        6 => (at(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        2 => (at(), 1_usize..12).prop_map(|(at, count)| Change::Delete(at, count)),
        2 => (at(), 1_usize..4).prop_map(|(at, count)| Change::Indent(at, count)),
        2 => (at(), 1_usize..4).prop_map(|(at, count)| Change::Outdent(at, count)),
        2 => (at(), at()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => at().prop_map(Change::Cut),
    ]
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "shares"
)]
fn place(text: &str, share: f64) -> usize {
    let at = (text.len() as f64 * share) as usize;
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn line_start(text: &str, share: f64) -> usize {
    text[..place(text, share)].rfind('\n').map_or(0, |at| at + 1)
}

fn changed(mut text: String, changes: &[Change]) -> String {
    for change in changes {
        match *change {
            Change::Insert(at, piece) => text.insert_str(place(&text, at), PIECES[piece]),
            Change::Delete(at, count) => {
                let from = place(&text, at);
                let end = text[from..].char_indices().nth(count).map_or(text.len(), |(at, _)| from + at);
                text.replace_range(from..end, "");
            }
            Change::Indent(at, count) => text.insert_str(line_start(&text, at), &" ".repeat(count)),
            Change::Outdent(at, count) => {
                let start = line_start(&text, at);
                let blanks = text[start..].bytes().take(count).take_while(|b| *b == b' ').count();
                text.replace_range(start..start + blanks, "");
            }
            Change::Repeat(from, to) => {
                let from = line_start(&text, from);
                let end = text[from..].find('\n').map_or(text.len(), |at| from + at + 1);
                let line = text[from..end].to_owned();
                text.insert_str(line_start(&text, to), &line);
            }
            Change::Cut(at) => text.truncate(place(&text, at)),
        }
    }
    text
}

/// A few lines out of the middle, so that one change weighs more.
fn part(text: &str, from: f64, lines: usize) -> String {
    let start = line_start(text, from);
    text[start..].split_inclusive('\n').take(lines).collect()
}

fn run<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> Result<(), String>) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(strategy, |value| test(value).map_err(TestCaseError::fail));
    if let Err(e) = result {
        panic!("{e}");
    }
}

#[test]
fn what_templates_render_is_read_from_memory() {
    let memory = Blocks::default();
    let lists = || -> Vec<Value<'static>> {
        let value = memory.parse_bytes(RENDERED.as_bytes()).unwrap();
        ["containers", "volumes"].map(|key| value.at(&["spec", key]).unwrap().clone()).into()
    };
    lists();
    lists();
    assert!(memory.size().0 > 20, "{memory:?}");
    // Not the very text again, of which the whole is remembered, but one with another name in it.
    let other = RENDERED.replace("\"shop\"", "\"other\"");
    assert_ne!(other, RENDERED);
    let value = memory.parse_bytes(other.as_bytes()).unwrap();
    assert!(value.at(&["spec", "volumes"]).unwrap().same_pointer(&lists()[1]));
    check(&memories(), RENDERED).unwrap();
}

#[test]
fn threads_that_share_a_memory_read_the_same() {
    let memory = Blocks::new(30);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let memory = memory.clone();
            scope.spawn(move || {
                for n in 0..200 {
                    let text = RENDERED
                        .replace("15090", &format!("{}", n % 7))
                        .replace("shop", &format!("{thread}-{n}"));
                    let have = format!("{:?}", memory.parse_bytes(text.as_bytes()));
                    assert_eq!(have, format!("{:?}", parse_bytes(text.as_bytes())));
                }
            });
        }
    });
    assert!((1..=30).contains(&memory.size().0), "{memory:?}");
}

#[test]
fn every_case_of_the_corpora_reads_the_same() {
    let memories = memories();
    let cases: Vec<(String, String)> = serde_json::from_str(&corpus("cases.json")).unwrap();
    let generated = corpus("generated.jsonl");
    let rows = generated.lines().map(|line| pillion_govalue::parse(line.as_bytes()).unwrap());
    let texts = rows.filter_map(|row| Some(row.get("yaml")?.as_str()?.to_owned()));
    let wrong: Vec<_> = cases
        .into_iter()
        .map(|(_, text)| text)
        .chain(texts)
        .filter_map(|t| check(&memories, &t).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_changed_text_reads_the_same_among_texts_that_are_like_it() {
    let memories = memories();
    check(&memories, RENDERED).unwrap();
    let changes = prop::collection::vec(change(), 1..4);
    run(1500, &(0.0..1.0, 1_usize..40, changes), |(from, lines, changes)| {
        check(&memories, &changed(part(RENDERED, from, lines), &changes))
    });
    let changes = prop::collection::vec(change(), 1..3);
    run(150, &changes, |changes| check(&memories, &changed(RENDERED.to_owned(), &changes)));
}

#[test]
fn lines_in_any_order_and_indentation_read_the_same() {
    let memories = memories();
    let line = (0_usize..7, prop::sample::select(&LINES[..]));
    run(3000, &prop::collection::vec(line, 1..12), |lines| {
        let text: String =
            lines.iter().map(|(indent, line)| format!("{}{line}", " ".repeat(*indent))).collect();
        check(&memories, &text)
    });
}

/// Lines with few keys, so that they repeat, and everything that is read line by line.
const LINES: [&str; 40] = [
    "a:\n",
    "a: 1\n",
    "a: x\n",
    "b:\n",
    "b: \"x: y\"\n",
    "\"b\": 'it'\n",
    "- a: 1\n",
    "- a:\n",
    "-\n",
    "- x\n",
    "- - y\n",
    "- \"a\"\n",
    "-  -1 \n",
    "a: |\n",
    "a: |-\n",
    "- |+\n",
    "text\n",
    "\n",
    "   \n",
    "# c\n",
    "a: x # c\n",
    "a: # c\n",
    "{}\n",
    "a: {b: 1, \"c\":2,}\n",
    "a: {\n",
    "}\n",
    "b: [x, y]\n",
    "- [\n",
    "]\n",
    "b: 1,\n",
    "a: ~\n",
    "1: 2\n",
    "a: b: c\n",
    "a: -x:y\n",
    "a: \"\\\"\\n\"\n",
    "---\n",
    "<<: {a: 1}\n",
    "a: &x 1\n",
    "b: *x\n",
    "'a' : 1\n",
];
