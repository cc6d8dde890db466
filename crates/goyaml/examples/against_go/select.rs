//! Chooses rows for the corpus: of each kind of question and answer a few, so that a small file holds what
//! many thousand questions found.

use std::collections::HashMap;

use pillion_govalue::json;

use crate::Row;

/// Rows of one kind that are kept.
const OF_A_KIND: usize = 2;
/// Longer questions are left out.
const LONGEST: usize = 700;
/// Rows of each direction.
const MOST: usize = 2200;

/// One JSON object a line: `{"yaml": text, "json": text}` or `{"yaml": text, "err": text}` for reading,
/// `{"value": json, "yaml": text}` or `{"value": json}` for writing.
pub(crate) fn corpus(read: &[Row], written: &[Row]) -> String {
    let mut out = String::new();
    for row in choose(read) {
        let (key, answer) = match row.go.strip_prefix("ERR ") {
            Some(problem) => ("err", problem),
            None => ("json", row.go.as_str()),
        };
        out.push_str(row.question.strip_suffix('}').unwrap_or(&row.question));
        out.push_str(&format!(",\"{key}\":"));
        json::write_string(&mut out, answer, false);
        out.push_str("}\n");
    }
    for row in choose(written) {
        let value =
            row.question.strip_prefix("{\"json\":").and_then(|q| q.strip_suffix('}')).unwrap_or("null");
        out.push_str(&format!("{{\"value\":{value}"));
        if row.go != "ERR" {
            out.push_str(",\"yaml\":");
            json::write_string(&mut out, &row.go, false);
        }
        out.push_str("}\n");
    }
    out
}

/// The shortest rows of each kind; a kind is the answer's shape and the question's rough make.
fn choose(rows: &[Row]) -> Vec<&Row> {
    let mut by_length: Vec<&Row> = rows.iter().filter(|row| row.question.len() <= LONGEST).collect();
    by_length.sort_by_key(|row| row.question.len());
    let mut kinds: HashMap<String, usize> = HashMap::new();
    let mut chosen = Vec::new();
    for row in by_length {
        let seen = kinds.entry(kind(row)).or_default();
        *seen += 1;
        if *seen <= OF_A_KIND && chosen.len() < MOST {
            chosen.push(row);
        }
    }
    chosen
}

fn kind(row: &Row) -> String {
    let punctuation = |text: &str, most: usize| -> String {
        let mut marks: Vec<char> = text.chars().filter(|c| !c.is_alphanumeric() && *c != '"').collect();
        marks.dedup();
        marks.truncate(most);
        marks.into_iter().collect()
    };
    format!("{}|{}", punctuation(&row.question, 24), punctuation(&row.go, 12))
}
