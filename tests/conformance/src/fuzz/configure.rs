//! Configurations with something changed: a rendered folder copied, and one or two places of its values, its mesh
//! configuration or the injector's own settings given another value. Never: templates, and what tells the release.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use super::paths::{self, Step};
use pillion_chance::Rng;

/// Most changes of one configuration.
const STEPS: usize = 2;
/// Members that stay: templates are compared elsewhere, and Pillion tells the release from the tag.
const KEPT: &[&str] = &["templates", "tag", "hub", "image", "revision"];

/// A part of a configuration that was changed.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    /// `config`, `values` or `mesh`.
    pub(super) part: &'static str,
    /// Its text.
    pub(super) text: String,
    /// What was changed to what.
    pub(super) what: String,
}

/// Copies `from` to `to` and changes something there; `None` where the part has nothing to change.
pub(super) fn change(rng: &mut Rng, from: &Path, to: &Path) -> Result<Option<Changed>> {
    copy(from, to).with_context(|| format!("{} to {}", from.display(), to.display()))?;
    let part = *rng.pick(&["values", "values", "mesh", "mesh", "config"]);
    let file = to.join(part);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(_) => return Ok(None),
    };
    let tree = pillion_goyaml::parse(&text).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    let mut tree: Value =
        serde_json::from_str(&pillion_govalue::json::to_string(&tree, pillion_govalue::json::PLAIN))?;
    let mut what = vec![];
    for _ in 0..=rng.below(STEPS) {
        let places: Vec<_> = paths::all(&tree).into_iter().filter(|path| !path.iter().any(kept)).collect();
        if places.is_empty() {
            return Ok(None);
        }
        let place = rng.pick(&places);
        let new = value(rng, &tree, &places);
        what.push(format!("{part}: {} = {new}", paths::kind(place)));
        if let Some(slot) = paths::get_mut(&mut tree, place) {
            *slot = new;
        }
    }
    // JSON is YAML.
    let text = tree.to_string();
    std::fs::write(&file, &text).with_context(|| file.display().to_string())?;
    Ok(Some(Changed { part, text, what: what.join(", ") }))
}

fn kept(step: &Step) -> bool {
    matches!(step, Step::Key(key) if KEPT.contains(&key.as_str()))
}

fn value(rng: &mut Rng, tree: &Value, places: &[paths::Path]) -> Value {
    if rng.chance(40) {
        return paths::get(tree, rng.pick::<paths::Path>(places)).cloned().unwrap_or_default();
    }
    let odd = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(15020),
        json!(1.5),
        json!(1_000_000),
        json!(""),
        json!("true"),
        json!("0"),
        json!("a: b"),
        json!("ünï \"q\""),
        json!("10s"),
        json!("*"),
        json!([]),
        json!(["a"]),
        json!({}),
        json!({"a": "b"}),
        json!("{{ x }}"),
    ];
    rng.pick(&odd).clone()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
