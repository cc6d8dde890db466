//! [`Manifest`]: one text to inject and what it is meant to cover; and the hand-written ones of manifests/*.yaml.
//!
//! A hand-written file is taken as it is, to the byte, and may begin with comment lines `#: NAME VALUE`: `covers WHAT`,
//! `config NAME` and `release NAME` (each any number of times) say what it covers and where alone it applies;
//! `cut` says that the header itself is cut off, for manifests whose first byte matters. In their text `{{CR}}`,
//! `{{BOM}}`, `{{TAB}}` and `{{LONG}}` stand for what an editor would spoil.

use anyhow::{Context, Result, bail};

use crate::places;

/// One text to inject.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// Names it in reports.
    pub name: String,
    /// The text.
    pub text: String,
    /// What the coverage table counts for it.
    pub covers: Vec<String>,
    /// The configurations under which it is asked; all where none is named.
    pub configs: Vec<String>,
    /// The releases of which it is asked; all where none is named.
    pub releases: Vec<String>,
}

impl Manifest {
    /// Whether it is asked there.
    #[must_use]
    pub fn applies(&self, release: &str, config: &str) -> bool {
        let named = |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n == name);
        named(&self.configs, config) && named(&self.releases, release)
    }
}

/// Reads all hand-written manifests: each file may hold several, set apart by lines `#====`.
pub fn handmade() -> Result<Vec<Manifest>> {
    let files = places::files("manifests", "yaml")?;
    let mut all = vec![];
    for file in &files {
        let stem = places::stem(file);
        let text = std::fs::read_to_string(file)?;
        for (at, part) in text.split("#====\n").enumerate() {
            let name = format!("{stem}-{}", at + 1);
            all.push(parse(&name, part).with_context(|| format!("manifests: {name}"))?);
        }
    }
    Ok(all)
}

/// How long a very long line is: longer than any buffer in which a line is looked for.
const LONG: usize = 200_000;

fn parse(name: &str, text: &str) -> Result<Manifest> {
    let mut manifest = Manifest { name: name.to_owned(), ..Manifest::default() };
    let (mut cut, mut header) = (false, 0);
    for line in text.split_inclusive('\n') {
        let Some(said) = line.strip_prefix("#: ") else { break };
        header += line.len();
        match said.trim_end().split_once(' ') {
            None if said.trim_end() == "cut" => cut = true,
            Some(("covers", what)) => manifest.covers.push(what.to_owned()),
            Some(("config", config)) => manifest.configs.push(config.to_owned()),
            Some(("release", release)) => manifest.releases.push(release.to_owned()),
            _ => bail!("unknown header {said:?}; there are covers, config, release and cut"),
        }
    }
    let body = if cut { &text[header..] } else { text };
    manifest.text = body
        .replace("{{CR}}", "\r")
        .replace("{{BOM}}", "\u{feff}")
        .replace("{{TAB}}", "\t")
        .replace("{{LONG}}", &"long ".repeat(LONG / 5));
    Ok(manifest)
}
