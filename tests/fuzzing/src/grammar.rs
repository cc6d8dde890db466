//! [`Grammar`]: which parts of an input belong together, so that mutation moves whole values and not only bytes. Inputs
//! that are broken have parts all the same. Never: chance, or words (see `words`).

use std::ops::Range;

use crate::words;

/// What an input is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// JSON values.
    Json,
    /// Lines, and what stands behind a colon.
    Lines,
    /// Actions of a template and the words in them.
    Template,
    /// Items between commas, slashes, colons and line ends.
    List,
}

impl Grammar {
    /// The parts of `input`, some of them within others.
    #[must_use]
    pub fn parts(self, input: &[u8]) -> Vec<Range<usize>> {
        match self {
            Self::Json => json(input),
            Self::Lines => lines(input),
            Self::Template => actions(input),
            Self::List => split(input, 0..input.len(), b",/:;=-\n "),
        }
    }

    /// Words that mean something.
    #[must_use]
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Json => words::JSON,
            Self::Lines => words::YAML,
            Self::Template => words::TEMPLATE,
            Self::List => words::LIST,
        }
    }
}

/// Every value, key with its value, and item.
fn json(input: &[u8]) -> Vec<Range<usize>> {
    let (mut parts, mut open, mut at) = (vec![], vec![], 0);
    // Where the member began whose key was read last.
    let mut member = None;
    while at < input.len() {
        let from = at;
        match input[at] {
            b'{' | b'[' => {
                open.push((at, member.take()));
                at += 1;
                continue;
            }
            b'}' | b']' => {
                at += 1;
                if let Some((from, key)) = open.pop() {
                    parts.push(from..at);
                    parts.extend(key.map(|key| key..at));
                }
                member = None;
                continue;
            }
            b'"' => {
                at += 1;
                while at < input.len() && input[at] != b'"' {
                    at += if input[at] == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(input.len());
                let behind = input[at..].iter().position(|b| !b.is_ascii_whitespace());
                if behind.is_some_and(|behind| input[at + behind] == b':') && member.is_none() {
                    member = Some(from);
                    continue;
                }
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'-' => {
                let rest = input[at..].iter();
                at += rest.take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
            }
            _ => {
                at += 1;
                continue;
            }
        }
        parts.push(from..at);
        parts.extend(member.take().map(|key| key..at));
    }
    parts
}

fn lines(input: &[u8]) -> Vec<Range<usize>> {
    let mut parts = vec![];
    for line in split(input, 0..input.len(), b"\n") {
        let text = &input[line.clone()];
        let indent = text.iter().take_while(|b| matches!(b, b' ' | b'-')).count();
        parts.push(line.start + indent..line.end);
        if let Some(colon) = text.windows(2).position(|pair| pair == b": ") {
            parts.push(line.start + colon + 2..line.end);
        }
        parts.extend(split(input, line.clone(), b",[]{} "));
        parts.push(line);
    }
    parts
}

fn actions(input: &[u8]) -> Vec<Range<usize>> {
    let (mut parts, mut from) = (vec![], 0);
    let find =
        |from: usize, mark: &[u8]| input[from..].windows(2).position(|pair| pair == mark).map(|at| from + at);
    while let Some(open) = find(from, b"{{") {
        let close = find(open + 2, b"}}").map_or(input.len(), |at| at + 2);
        parts.push(open..close);
        parts.extend(split(input, open + 2..close.saturating_sub(2).max(open + 2), b" |()"));
        // An action with what follows it, up to the next.
        parts.push(open..find(close, b"{{").unwrap_or(input.len()));
        from = close;
    }
    parts
}

/// What stands between the bytes of `marks`.
fn split(input: &[u8], within: Range<usize>, marks: &[u8]) -> Vec<Range<usize>> {
    let (mut parts, mut from) = (vec![], within.start);
    for at in within.clone() {
        if marks.contains(&input[at]) {
            parts.push(from..at);
            from = at + 1;
        }
    }
    parts.push(from..within.end);
    parts.retain(|part| part.start < part.end);
    parts
}
