//! Where a refusal of Pillion's says the same as Istio's in other words: each row is one cause, how Istio says it, how
//! Pillion says it, and why not alike. Two texts are excused by a row that matches both and in which what both name
//! (an annotation, a field, a template, a value) is the same. A row that excuses nothing in a whole run is a gap.
//! Never: verdicts, which are compared elsewhere.

mod table;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use regex::{Captures, Regex};

pub use table::{TABLE, Wording};

use crate::coverage::Coverage;
use crate::judge::same_words;
use crate::tally::{Figures, Tally};

/// Both patterns of a row.
type Patterns = (Regex, Regex);

static PATTERNS: LazyLock<Vec<Option<Patterns>>> = LazyLock::new(|| {
    let whole = |pattern: &str| Regex::new(&format!("(?s)^(?:{pattern})$")).ok();
    TABLE.iter().map(|row| whole(row.istio).zip(whole(row.pillion))).collect()
});

/// What a pair of refusals comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The same words.
    Alike,
    /// Other words, by these rows.
    Otherwise(Vec<&'static str>),
    /// Something else.
    SomethingElse,
}

/// Compares what both say.
#[must_use]
pub fn compare(istio: &str, pillion: &str) -> Said {
    if same_words(istio, pillion) {
        return Said::Alike;
    }
    if let Some(row) = row(istio, pillion) {
        return Said::Otherwise(vec![row]);
    }
    by_items(istio, pillion).map_or(Said::SomethingElse, Said::Otherwise)
}

/// Counts a pair of refusals by what they say; what is wrong with them.
pub fn count(istio: &str, pillion: &str, figures: &mut Figures, tally: &mut Tally) -> Vec<String> {
    figures.messages += 1;
    match compare(istio, pillion) {
        Said::Alike => {
            figures.same_messages += 1;
            vec![]
        }
        Said::Otherwise(rows) => {
            rows.iter().for_each(|row| tally.coverage.fire(&fired(row)));
            vec![]
        }
        Said::SomethingElse => {
            *tally.texts.entry((istio.to_owned(), pillion.to_owned())).or_default() += 1;
            vec![format!("the refusal says something else: {istio:?} and {pillion:?}")]
        }
    }
}

/// Says what must fire in a whole run.
pub fn expect(coverage: &mut Coverage) {
    TABLE.iter().for_each(|row| coverage.expect(fired(row.name)));
}

/// How a row is counted.
#[must_use]
pub fn fired(name: &str) -> String {
    format!("said otherwise: {name}")
}

/// The first row that matches both.
fn row(istio: &str, pillion: &str) -> Option<&'static str> {
    let mut patterns = PATTERNS.iter().zip(TABLE);
    let fits = |(patterns, _): &(&Option<Patterns>, &Wording)| {
        let captures = patterns.as_ref().and_then(|(a, b)| a.captures(istio).zip(b.captures(pillion)));
        captures.is_some_and(|(a, b)| name_the_same(patterns.as_ref(), &a, &b))
    };
    patterns.find(|pair| fits(pair)).map(|(_, row)| row.name)
}

/// Whether what both patterns capture by one name is the same.
fn name_the_same(patterns: Option<&Patterns>, istio: &Captures<'_>, pillion: &Captures<'_>) -> bool {
    let mut names = patterns.into_iter().flat_map(|(pattern, _)| pattern.capture_names().flatten());
    let text = |captures: &Captures<'_>, name: &str| captures.name(name).map(|m| m.as_str().to_owned());
    names.all(|name| match (text(istio, name), text(pillion, name)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    })
}

/// Lists of several errors, which Go takes from a map in any order: item by item.
fn by_items(istio: &str, pillion: &str) -> Option<Vec<&'static str>> {
    let (istio, mut pillion) = (items(istio), items(pillion));
    if istio.len() != pillion.len() {
        return None;
    }
    let mut rows = vec![];
    for said in &istio {
        let at = match pillion.iter().position(|other| same_words(said, other)) {
            Some(at) => at,
            None => {
                let (at, name) =
                    pillion.iter().enumerate().find_map(|(at, other)| Some((at, row(said, other)?)))?;
                rows.push(name);
                at
            }
        };
        pillion.swap_remove(at);
    }
    Some(rows)
}

/// The items of a list of errors: Istio's, and Pillion's own of the mesh configuration, which is one line.
fn items(text: &str) -> Vec<String> {
    static COUNT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\d+ errors? occurred:$").ok());
    let parts: Vec<&str> = match text.strip_prefix("mesh: ") {
        Some(mesh) => mesh.split("; ").collect(),
        None => text.split("\n\t* ").collect(),
    };
    let counts = |part: &str| COUNT.as_ref().is_some_and(|count| count.is_match(part));
    parts.into_iter().map(str::trim).filter(|part| !counts(part)).map(str::to_owned).collect()
}
