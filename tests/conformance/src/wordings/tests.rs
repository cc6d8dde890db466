//! The rows hold what they say, and the documentation shows them.

use super::*;

#[test]
fn every_row_matches_its_own_example_and_no_row_before_it_does() {
    for row in TABLE {
        let (istio, pillion) = row.example;
        assert_eq!(compare(istio, pillion), Said::Otherwise(vec![row.name]), "{}", row.name);
    }
}

#[test]
fn every_pattern_compiles() {
    for (row, patterns) in TABLE.iter().zip(PATTERNS.iter()) {
        assert!(patterns.is_some(), "{}", row.name);
    }
}

#[test]
fn the_documentation_shows_both_texts_of_every_row() {
    let file = crate::places::sources().join("../../docs/compatibility.md");
    let page = std::fs::read_to_string(file).unwrap();
    // A row of a table is one line: breaks and bars are shown as signs.
    let shown = |text: &str| text.replace('\n', "⏎").replace('\t', "⇥").replace('|', "\\|");
    for row in TABLE {
        for text in [row.example.0, row.example.1] {
            assert!(page.contains(&shown(text)), "{}: {}", row.name, shown(text));
        }
    }
}
