//! Where things are: the sources of this harness and the files in them, the cache of built oracles, the working directory.
//! Never creates anything but directories.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The directory of this crate: configs/, pods/, releases.txt.
#[must_use]
pub fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where built oracles are kept; build-oracle.sh uses the same rule.
pub fn oracle_cache() -> Result<PathBuf> {
    let cache = match env::var_os("PILLION_CACHE") {
        Some(dir) => PathBuf::from(dir),
        None => PathBuf::from(env::var_os("HOME").context("neither PILLION_CACHE nor HOME is set")?)
            .join(".cache/pillion"),
    };
    Ok(cache.join("oracle"))
}

/// Cargo's target directory: its own setting, or `target` of the workspace.
fn target() -> PathBuf {
    let workspace = sources().ancestors().nth(2).map(|root| root.join("target")).unwrap_or_default();
    env::var_os("CARGO_TARGET_DIR").map_or(workspace, PathBuf::from)
}

/// The working directory: `given`, or `conformance` in cargo's target directory. Made if it is missing.
pub fn work(given: Option<&Path>) -> Result<PathBuf> {
    let dir = match given {
        Some(dir) => dir.to_path_buf(),
        None => target().join("conformance"),
    };
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// The files of the folder `name` of this crate that end in `.ending`, by name.
pub fn files(name: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let dir = sources().join(name);
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|e| e == ending));
    files.sort();
    Ok(files)
}

/// A file's name without its ending; empty where it is no text.
#[must_use]
pub fn stem(file: &Path) -> &str {
    file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}
