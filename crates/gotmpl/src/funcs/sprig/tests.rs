//! The tables as a whole: which names there are. What each does is held against Go's answers in `tests/`.

use super::*;
use crate::funcs::{Entry, Env, Param};
use crate::limits::Limits;
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, parse};

#[test]
fn every_name_of_sprig_is_there_once() {
    let mut names: Vec<&str> = TABLES
        .iter()
        .flat_map(|t| t.iter().map(|f| f.name))
        .chain(REFUSED.iter().map(|(name, _)| *name))
        .collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "a name occurs twice");
    assert_eq!(all, 211, "sprig v3.3.0 has 211 names");
}

/// A generator of numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

const PIECES: &[&[u8]] = &[
    b"a",
    b"Bc",
    b" ",
    b"\n",
    b"\xff",
    b"\xe2\x82",
    "é".as_bytes(),
    "日".as_bytes(),
    b"\\",
    b"\\x{",
    b"\\p{",
    b"\\u",
    b"\\ud800",
    b"[",
    b"]",
    b"[:",
    b"(",
    b")",
    b"(?",
    b"*",
    b"{2}",
    b"$",
    b"${",
    b"%",
    b"%4",
    b"/",
    b"..",
    b":",
    b"//",
    b"@",
    b"?",
    b"#",
    b"=",
    b"1",
    b"0x",
    b"-",
    b"+",
    b".",
    b"e9",
    b"_",
    b"\"",
    b",",
    b"{",
    b"}",
    b"null",
    b"2006",
    b"Jan",
    b"MST",
    b".000",
    b"Z07:00",
    b"1h",
    b"^1.x",
    b"||",
    b">=",
    b" - ",
    b"=",
    b"\0",
];

fn text<'v>(dice: &mut Dice) -> Val<'v> {
    let pieces: Vec<&[u8]> = (0..dice.roll(7)).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
    Val::from(pieces.concat())
}

fn number(dice: &mut Dice) -> i64 {
    [0, 1, 2, 3, -1, -7, 5, 40, i64::MAX, i64::MIN, 1 << 40][dice.roll(11)]
}

fn anything<'v>(dice: &mut Dice, cx: &Cx<'v>, data: &'v Value<'v>, depth: usize) -> Val<'v> {
    match dice.roll(if depth > 2 { 6 } else { 9 }) {
        0 => Val::nil(),
        1 => Val::int(number(dice)),
        2 => Val::Float([0.0, 1.5, -2.5, 1e300, f64::NAN, f64::INFINITY, 5e-324][dice.roll(7)]),
        3 => Val::Nil([KNOWN.list_any, KNOWN.map_any, KNOWN.proxy_config][dice.roll(3)]),
        4 => Val::Typed(data, KNOWN.pod_spec),
        5 | 6 => text(dice),
        7 => list(dice, cx, data, depth),
        _ => dict(dice, cx, data, depth),
    }
}

fn list<'v>(dice: &mut Dice, cx: &Cx<'v>, data: &'v Value<'v>, depth: usize) -> Val<'v> {
    let items = (0..dice.roll(4)).map(|_| anything(dice, cx, data, depth + 1)).collect();
    cx.list(items).unwrap()
}

fn dict<'v>(dice: &mut Dice, cx: &Cx<'v>, data: &'v Value<'v>, depth: usize) -> Val<'v> {
    let map = cx.dict().unwrap();
    for _ in 0..dice.roll(4) {
        let key = ["a", "b", "host", "path", "scheme"][dice.roll(5)];
        let value = anything(dice, cx, data, depth + 1);
        cx.set(&map, key, value).unwrap();
    }
    map.into()
}

fn argument<'v>(dice: &mut Dice, cx: &Cx<'v>, data: &'v Value<'v>, param: Param) -> Val<'v> {
    match param {
        Param::Str => text(dice),
        Param::Bool => Val::Bool(dice.roll(2) == 0),
        Param::Int => Val::int(number(dice)),
        Param::Float => Val::Float(0.5),
        Param::Dict if dice.roll(8) == 0 => Val::Nil(KNOWN.map_any),
        Param::Dict => dict(dice, cx, data, 0),
        Param::Object(_) => {
            let Some(Entry::Function(now)) = function_set().get("now").copied() else { panic!("no now") };
            (now.run)(cx, &[]).unwrap()
        }
        _ => anything(dice, cx, data, 0),
    }
}

/// Whatever the arguments are, a function gives a value or a fault, within the budget.
#[test]
fn no_arguments_make_a_function_panic() {
    let data = parse(br#"{"containers":[{"name":"a","ports":[{"containerPort":1}]}]}"#).unwrap();
    let env = Env::default();
    let limits = Limits { steps: 20_000, memory: 1 << 20, ..Limits::default() };
    let mut dice = Dice(7);
    for function in TABLES.iter().copied().flatten() {
        for _ in 0..300 {
            let cx = Cx::new(&env, &limits);
            let mut args: Vec<Val<'_>> =
                function.params.iter().map(|p| argument(&mut dice, &cx, &data, *p)).collect();
            if let Some(rest) = function.variadic {
                args.extend((0..dice.roll(4)).map(|_| argument(&mut dice, &cx, &data, rest)));
            }
            let _ = (function.run)(&cx, &args);
        }
    }
}
