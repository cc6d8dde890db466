//! [`Coverage`]: what fired, and how often. What must fire is declared first, with a count of zero, so that a gap
//! shows. Names are free text of the form `kind: what`.

use std::collections::BTreeMap;

/// Counts by name.
#[derive(Clone, Debug, Default)]
pub struct Coverage(BTreeMap<String, usize>);

impl Coverage {
    /// Declares what must fire.
    pub fn expect(&mut self, name: impl Into<String>) {
        self.0.entry(name.into()).or_default();
    }

    /// Counts one firing.
    pub fn fire(&mut self, name: &str) {
        match self.0.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.0.insert(name.to_owned(), 1);
            }
        }
    }

    /// Adds another table's counts.
    pub fn merge(&mut self, other: Self) {
        for (name, count) in other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }

    /// All names with their counts, in order.
    pub fn rows(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// What never fired.
    #[must_use]
    pub fn gaps(&self) -> Vec<&str> {
        self.rows().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
    }
}
