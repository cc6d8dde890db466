//! The tables as a whole: which names there are. What each does is held against Go's answers in `tests/`.

use super::*;

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
