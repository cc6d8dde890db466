//! Inputs made of inputs: parts moved, doubled, left out, taken from another input, put in one another; numbers pushed to
//! their edges; bytes changed. The same chance makes the same input. Never: what is done with it.

use std::ops::Range;

use crate::grammar::Grammar;
use pillion_chance::Rng;

/// Numbers at whose edges programs go wrong.
const EDGES: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "127",
    "128",
    "255",
    "256",
    "32767",
    "32768",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "4294967295",
    "4294967296",
    "9007199254740992",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "1e309",
    "1e-400",
    "0.1",
    "00",
    "1_0",
    "123456789012345678901234567890",
];

/// Most steps from one input to the next.
const STEPS: usize = 6;
/// Most times that a part is repeated, and put in itself.
const REPEATS: usize = 40;

/// An input made of one of `seeds`, at most `longest` bytes.
#[must_use]
pub fn input(rng: &mut Rng, seeds: &[Vec<u8>], grammar: Grammar, longest: usize) -> Vec<u8> {
    let mut input = rng.pick(seeds).clone();
    input.truncate(longest);
    for _ in 0..=rng.below(STEPS) {
        step(rng, &mut input, seeds, grammar);
        input.truncate(longest);
    }
    input
}

fn step(rng: &mut Rng, input: &mut Vec<u8>, seeds: &[Vec<u8>], grammar: Grammar) {
    let parts = grammar.parts(input);
    if parts.is_empty() || rng.one_in(5) {
        return bytes(rng, input, grammar);
    }
    let part = rng.pick(&parts).clone();
    match rng.below(9) {
        0 => drop(input.drain(part)),
        1 => put(input, part, rng.pick(grammar.words()).as_bytes()),
        2 => {
            // A part of another input.
            let other = rng.pick(seeds);
            let parts = grammar.parts(other);
            let taken = if parts.is_empty() { 0..other.len() } else { rng.pick(&parts).clone() };
            put(input, part, &other[taken]);
        }
        3 => swap(input, part, rng.pick(&parts).clone()),
        4 => {
            let copy = input[rng.pick(&parts).clone()].to_vec();
            put(input, part, &copy);
        }
        5 => again(rng, input, &part, grammar),
        6 => nest(rng, input, part, grammar),
        7 => number(rng, input),
        _ => bytes(rng, input, grammar),
    }
}

fn put(input: &mut Vec<u8>, place: Range<usize>, what: &[u8]) {
    input.splice(place, what.iter().copied());
}

/// The part once more or many times more, with what stands between parts.
fn again(rng: &mut Rng, input: &mut Vec<u8>, part: &Range<usize>, grammar: Grammar) {
    let between: &[u8] = match grammar {
        Grammar::Json => b",",
        Grammar::Lines => b"\n",
        Grammar::Template => b" ",
        Grammar::List => input.get(part.end..=part.end).unwrap_or(b","),
    };
    let once = [between, &input[part.clone()]].concat();
    let times = if rng.one_in(4) { rng.below(REPEATS) } else { 1 };
    put(input, part.end..part.end, &once.repeat(times));
}

/// The part within one like it, or within brackets, many times.
fn nest(rng: &mut Rng, input: &mut Vec<u8>, part: Range<usize>, grammar: Grammar) {
    let (open, close) = *match grammar {
        Grammar::Json => rng.pick(&[("[", "]"), ("{\"a\":", "}"), ("{\"containers\":[", "]}"), ("\"", "\"")]),
        Grammar::Lines => {
            rng.pick(&[("[", "]"), ("{a: ", "}"), ("- ", ""), ("\"", "\""), ("a:\n  ", ""), ("&a ", "")])
        }
        Grammar::Template => rng.pick(&[
            ("(", ")"),
            ("{{ if . }}", "{{ end }}"),
            ("{{ range . }}", "{{ end }}"),
            ("print (", ")"),
            ("{{", "}}"),
        ]),
        Grammar::List => rng.pick(&[("[", "]"), ("\"", "\""), ("{a: ", "}"), (" ", " ")]),
    };
    let times = if rng.one_in(6) { rng.below(REPEATS) } else { 1 };
    let within =
        [open.repeat(times).as_bytes(), &input[part.clone()], close.repeat(times).as_bytes()].concat();
    put(input, part, &within);
}

/// Two parts in each other's place, unless one is within the other.
fn swap(input: &mut Vec<u8>, a: Range<usize>, b: Range<usize>) {
    let (first, second) = if a.start <= b.start { (a, b) } else { (b, a) };
    if first.end > second.start {
        return;
    }
    let (one, other) = (input[first.clone()].to_vec(), input[second.clone()].to_vec());
    put(input, second, &one);
    put(input, first, &other);
}

/// A number that is there becomes one at an edge, or one beside itself.
fn number(rng: &mut Rng, input: &mut Vec<u8>) {
    let digits: Vec<usize> = (0..input.len())
        .filter(|at| input[*at].is_ascii_digit() && (*at == 0 || !input[at - 1].is_ascii_digit()))
        .collect();
    if digits.is_empty() {
        return;
    }
    let from = *rng.pick(&digits);
    let to = from + input[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let old = std::str::from_utf8(&input[from..to]).ok().and_then(|text| text.parse::<u64>().ok());
    let new = match (old, rng.below(3)) {
        (Some(old), 0) => old.wrapping_add(1).to_string(),
        (Some(old), 1) => old.saturating_sub(1).to_string(),
        _ => (*rng.pick(EDGES)).to_owned(),
    };
    put(input, from..to, new.as_bytes());
}

/// A change that knows nothing of what the bytes mean.
fn bytes(rng: &mut Rng, input: &mut Vec<u8>, grammar: Grammar) {
    let at = rng.below(input.len() + 1);
    let span = at..(at + 1 + rng.below(8)).min(input.len());
    match rng.below(7) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = *rng.pick(b"\0\t\n\r \"'\\{}[]:,#&*!|>%@`~<.=+-09azAZ\x7f\x80\xc3\xff");
            }
        }
        2 if span.start < span.end => drop(input.drain(span)),
        3 if span.start < span.end => {
            let copy = input[span].to_vec();
            let times = if rng.one_in(8) { REPEATS } else { 1 };
            put(input, at..at, &copy.repeat(times));
        }
        4 => input.truncate(at),
        _ => put(input, at..at, rng.pick(grammar.words()).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGETS;

    #[test]
    fn the_same_chance_makes_the_same_input_and_others_make_others() {
        let seeds = [br#"{"a":[1,{"b":"c"}],"d":null}"#.to_vec()];
        let made = |number| input(&mut Rng::of(7, "x", number), &seeds, Grammar::Json, 200);
        let all: std::collections::BTreeSet<Vec<u8>> = (0..500).map(made).collect();
        assert!((0..500).map(made).all(|input| all.contains(&input) && input.len() <= 200));
        assert!(all.len() > 400, "{} of 500 differ", all.len());
    }

    #[test]
    fn json_stays_json_often_enough_to_be_looked_into() {
        let seeds = [br#"{"a":[1,{"b":"c"}],"d":null,"e":{"f":[true,false,"g"]}}"#.to_vec()];
        let made = |number| input(&mut Rng::of(7, "x", number), &seeds, Grammar::Json, 4096);
        let right =
            (0..1000).filter(|n| serde_json::from_slice::<serde_json::Value>(&made(*n)).is_ok()).count();
        assert!((150..900).contains(&right), "{right} of 1000 are JSON");
    }

    #[test]
    fn the_shares_make_a_thousand_and_names_differ() {
        assert_eq!(TARGETS.iter().map(|target| target.share).sum::<u64>(), 1000);
        let names: std::collections::BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
        assert_eq!(names.len(), TARGETS.len());
    }
}
