//! Configurations that cannot be loaded: what Istio says of a part of one (`config`, `values`, `mesh`), and what Pillion
//! says. The parts are the documents of `loads/*.yaml` (`name`, `part`, `text`, and `pillion: takes` or
//! `pillion: refuses` where that differs on purpose), and the templates in `templates/refused`, each in a configuration
//! of its own. Never: injects.

use anyhow::{Context, Result, anyhow};
use pillion_core::config::{Cluster, Settings, Snapshot, Source, Sources};
use serde::Deserialize;
use serde_json::json;

use crate::compare::Difference;
use crate::coverage::Coverage;
use crate::oracle::Oracle;
use crate::places;
use crate::tally::{Failure, Figures, Tally};
use crate::templates;
use crate::wordings;

/// How these rows are called in the report's list of configurations.
const CONFIGURATION: &str = "(loading)";

/// One part of a configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Names it in reports.
    pub name: String,
    /// `config`, `values` or `mesh`.
    pub part: String,
    /// Its text.
    pub text: String,
    /// What Pillion does with it where Istio does otherwise.
    #[serde(default)]
    pub pillion: Option<Otherwise>,
}

/// What Pillion does on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// It takes what Istio (of some releases) refuses.
    Takes,
    /// It refuses what Istio takes.
    Refuses,
}

/// All parts: the written ones, and one for each template that is to be refused.
pub fn load(newest: &Oracle) -> Result<Vec<Part>> {
    let files = places::files("loads", "yaml")?;
    let mut documents = vec![];
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        documents.extend(text.split("\n---\n").map(|document| json!({"text": document})));
    }
    let mut parts = vec![];
    for unit in newest.units("yaml", documents.into_iter())? {
        if let Some(error) = unit.err {
            return Err(anyhow!("loads: {error}"));
        }
        let said = unit.json.to_string();
        parts.push(serde_json::from_value(unit.json).with_context(|| format!("loads: {said}"))?);
    }
    for template in templates::to_load()? {
        let config = json!({
            "policy": "enabled",
            "defaultTemplates": ["own"],
            "templates": {"own": template.text},
        });
        parts.push(Part {
            name: template.name.clone(),
            part: "config".to_owned(),
            text: config.to_string(),
            pillion: template.at_load,
        });
    }
    Ok(parts)
}

/// What Pillion says of a part; nothing where it takes it.
fn pillion(release: &str, part: &Part) -> Option<String> {
    let text = |name: &str, otherwise: &'static str| {
        if part.part == name { part.text.clone() } else { otherwise.to_owned() }
    };
    let (config, values, mesh) =
        (text("config", "policy: enabled\ntemplates: {sidecar: ''}"), text("values", "{}"), text("mesh", ""));
    let sources = Sources {
        injector: Source { name: "config", text: &config },
        values: Source { name: "values", text: &values },
        mesh: Some(Source { name: "mesh", text: &mesh }),
        shared_mesh: None,
        proxy_configs: vec![],
        annotations: None,
    };
    let release = if release == "latest" { "master" } else { release };
    let settings = Settings { compat: release.parse().ok(), ..Settings::default() };
    Snapshot::build(&sources, settings, Cluster::default()).err().map(|error| error.to_string())
}

/// Compares all parts under one release.
pub fn compare(release: &str, oracle: &Oracle, parts: &[Part], most_failures: usize) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut figures = Figures::default();
    let said = oracle.load(parts.iter().map(|part| json!({"part": part.part, "text": part.text})))?;
    for (part, istio) in parts.iter().zip(said) {
        let pillion = pillion(release, part);
        let on_purpose = match (&istio, &pillion) {
            (Some(_), None) => part.pillion == Some(Otherwise::Takes),
            (None, Some(_)) => part.pillion == Some(Otherwise::Refuses),
            _ => false,
        };
        if on_purpose {
            figures.on_purpose += 1;
            tally.coverage.fire(&deviates(part));
            continue;
        }
        figures.total += 1;
        if istio.is_some() {
            figures.refused += 1;
        } else {
            figures.skipped += 1;
        }
        match judge(istio.as_deref(), pillion.as_deref(), &mut figures, &mut tally) {
            None => figures.same += 1,
            Some(broken) => {
                let shown =
                    |text: Option<String>| Some(text.map_or_else(|| json!("(taken)"), |text| json!(text)));
                let title = format!("Istio {release}, {CONFIGURATION}, {}", part.name);
                tally.groups.entry(CONFIGURATION.to_owned()).or_insert_with(|| (0, title.clone())).0 += 1;
                let difference =
                    Difference { path: part.part.clone(), istio: shown(istio), pillion: shown(pillion) };
                let saved = places::sources().join("loads");
                if tally.failures.len() < most_failures {
                    tally.failures.push(Failure { saved, title, differences: vec![difference], broken });
                }
            }
        }
    }
    tally.by_configuration.insert((release.to_owned(), CONFIGURATION.to_owned()), figures);
    Ok(tally)
}

/// What is wrong with a pair of answers.
fn judge(
    istio: Option<&str>,
    pillion: Option<&str>,
    figures: &mut Figures,
    tally: &mut Tally,
) -> Option<Vec<String>> {
    match (istio, pillion) {
        (None, None) => None,
        (Some(istio), Some(pillion)) => {
            let broken = wordings::count(istio, pillion, figures, tally);
            (!broken.is_empty()).then_some(broken)
        }
        _ => Some(vec!["one takes it, the other does not".to_owned()]),
    }
}

/// Says what must fire in a whole run: everything that is said to differ on purpose differs in some release.
pub fn expect(coverage: &mut Coverage, parts: &[Part]) {
    parts.iter().filter(|part| part.pillion.is_some()).for_each(|part| coverage.expect(deviates(part)));
}

fn deviates(part: &Part) -> String {
    format!("loads otherwise: {}", part.name)
}
