//! A configuration under which pods are compared: chart values and, beside them, what surrounds the injector.
//!
//! `configs/NAME.yaml` are values of Istio's chart. Its first comment lines may say
//! `#: revision R`, `#: env KEY=VALUE`, `#: path /inject/…` (each path is used in turn), `#: only RELEASE`,
//! `#: compat named` (Pillion is told the release, because the tag of these values does not say it), and
//! `#: templates all` (the corpus of [`crate::templates`] is there too).
//! `configs/NAME.config` is appended to the rendered injector configuration, for keys that the chart cannot set;
//! `configs/NAME.proxyconfigs` holds ProxyConfig resources, `configs/NAME.cluster` Namespaces and Nodes. Never renders:
//! the oracle does.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use pillion_core::config::DEFAULT_CLUSTER_ID;

use crate::oracle::Oracle;
use crate::{clusters, places, templates};

/// One configuration file and what its header says.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The file's name without its ending.
    pub name: String,
    /// Revision of the injector.
    pub revision: String,
    /// Environment of the injector.
    pub env: Vec<(String, String)>,
    /// URL paths, used in turn.
    pub paths: Vec<String>,
    /// Pillion is told the release by name.
    pub compat_named: bool,
    /// It has the corpus of templates.
    pub own_templates: bool,
    /// The values are the chart's own.
    pub chart_defaults: bool,
    /// The releases whose chart takes these values; empty for all.
    only: Vec<String>,
    values: PathBuf,
}

impl Configuration {
    fn read(file: &Path) -> Result<Self> {
        let name = file.file_stem().and_then(|s| s.to_str()).context("a configuration's name is no text")?;
        let mut read = Self {
            name: name.to_owned(),
            revision: "default".to_owned(),
            env: vec![],
            paths: vec![],
            compat_named: false,
            own_templates: false,
            chart_defaults: false,
            only: vec![],
            values: file.to_path_buf(),
        };
        let text = std::fs::read_to_string(file)?;
        let said: String = text.lines().filter(|line| !line.starts_with('#')).collect();
        read.chart_defaults = matches!(said.trim(), "" | "{}");
        for line in text.lines().map_while(|line| line.strip_prefix('#')) {
            let Some((key, value)) = line.strip_prefix(": ").and_then(|l| l.split_once(' ')) else {
                continue;
            };
            match key {
                "revision" => value.clone_into(&mut read.revision),
                "path" => read.paths.push(value.to_owned()),
                "compat" if value == "named" => read.compat_named = true,
                "only" => read.only.push(value.to_owned()),
                "templates" => read.own_templates = true,
                "env" => {
                    let (key, value) = value.split_once('=').context("env wants KEY=VALUE")?;
                    read.env.push((key.to_owned(), value.to_owned()));
                }
                other => {
                    bail!(
                        "unknown header {other:?}; there are revision, env, path, only, templates and `compat named`"
                    )
                }
            }
        }
        if read.paths.is_empty() {
            read.paths.push("/inject".to_owned());
        }
        Ok(read)
    }

    /// Whether it is meant for `release`.
    #[must_use]
    pub fn applies(&self, release: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == release)
    }

    /// What the injector's environment says of `key`.
    #[must_use]
    pub fn env(&self, key: &str) -> Option<&str> {
        self.env.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Lets the release's own chart write config, values and mesh into `dir`, unless the same was done before.
    pub fn render(&self, oracle: &Oracle, dir: &Path) -> Result<()> {
        let beside = |ending: &str| std::fs::read_to_string(self.values.with_extension(ending)).ok();
        let own = if self.own_templates { Some(templates::entries(oracle.release())?) } else { None };
        let parts = ["yaml", "config", "proxyconfigs", "cluster"].map(beside);
        let stamp = format!("{:?}", (oracle.stamp()?, &self.env, parts, &own));
        if std::fs::read_to_string(dir.join("stamp")).is_ok_and(|old| old == stamp) {
            return Ok(());
        }
        std::fs::create_dir_all(dir)?;
        oracle.render(&self.values, dir)?;
        for extra in own.into_iter().chain(beside("config")) {
            let file = dir.join("config");
            let rendered = std::fs::read_to_string(&file)?;
            std::fs::write(&file, format!("{rendered}\n{extra}"))?;
        }
        let resources = dir.join("proxyconfigs.yaml");
        match beside("proxyconfigs") {
            Some(text) => std::fs::write(resources, text)?,
            None if resources.exists() => std::fs::remove_file(resources)?,
            None => {}
        }
        let local = self.env("CLUSTER_ID").unwrap_or(DEFAULT_CLUSTER_ID);
        clusters::write(dir, local, beside("cluster").as_deref()).context("facts of the clusters")?;
        std::fs::write(dir.join("stamp"), stamp)?;
        Ok(())
    }
}

/// The configurations in configs/, by name: all of them, or those in `only`.
pub fn load(only: &[String]) -> Result<Vec<Configuration>> {
    let mut found = vec![];
    for file in places::files("configs", "yaml")? {
        found.push(Configuration::read(&file).with_context(|| file.display().to_string())?);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(unknown) = only.iter().find(|name| !found.iter().any(|c| c.name == **name)) {
        let names: Vec<_> = found.iter().map(|c| c.name.as_str()).collect();
        bail!("no configuration {unknown:?}; there are {}", names.join(", "));
    }
    found.retain(|c| only.is_empty() || only.contains(&c.name));
    Ok(found)
}
