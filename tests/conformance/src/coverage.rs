//! [`Coverage`]: what fired, and how often. What must fire is declared first, with a count of zero, so that a gap
//! shows. Names are free text of the form `kind: what`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::oracle::Action;

/// The shipped templates that are meant for pods; the others belong to Istio's gateway controller.
const POD_TEMPLATES: &[&str] = &["sidecar", "gateway", "grpc-agent", "grpc-simple"];

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

/// Counts the actions of the shipped templates that the oracle says ran; `file` is what it wrote.
pub fn count_actions(coverage: &mut Coverage, release: &str, file: &Path) -> Result<()> {
    if !file.exists() {
        return Ok(());
    }
    let text = std::fs::read(file)?;
    let actions: Vec<Action> =
        serde_json::from_slice(&text).with_context(|| format!("cannot read {}", file.display()))?;
    for action in actions.iter().filter(|action| POD_TEMPLATES.contains(&action.template.as_str())) {
        let name = format!("template: {release} {}:{} {}", action.template, action.line, action.action);
        *coverage.0.entry(name).or_default() += action.count;
    }
    std::fs::remove_file(file)?;
    Ok(())
}
