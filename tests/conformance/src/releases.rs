//! The releases that releases.txt lists, and which of them a run compares with.

use anyhow::{Context, Result, bail};

use crate::places;
use pillion_chance::Rng;

/// What stands for every release.
const ALL: &str = "all";

/// All releases of releases.txt, oldest first.
pub fn known() -> Result<Vec<String>> {
    let file = places::sources().join("releases.txt");
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// The named releases and, if wanted, one more that the seed picks among the others.
pub fn choose(named: &[String], third: bool, seed: u64) -> Result<Vec<String>> {
    let known = known()?;
    if named == [ALL] {
        return Ok(known);
    }
    if let Some(unknown) = named.iter().find(|name| !known.contains(name)) {
        bail!("release {unknown} is not in releases.txt, which has {}", known.join(", "));
    }
    let mut chosen = named.to_vec();
    let others: Vec<_> = known.iter().filter(|name| !named.contains(name)).collect();
    if third && !others.is_empty() {
        chosen.push((*Rng::new(seed).pick(&others)).clone());
    }
    Ok(chosen)
}
