//! Configuration in files: a directory that holds what Istio's ConfigMaps hold under the names of their keys, or files
//! named one by one as `istioctl kube-inject` takes them. Never: what the texts mean.

use std::io::Read;
use std::path::{Path, PathBuf};

use pillion_govalue::{Value, json};

use super::{SourceError, Text, Texts};

/// Longest file that is read: a ConfigMap holds 1 MiB at most.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// Files named one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// `--injectConfigFile`: an injector configuration, or a template alone.
    pub injector: PathBuf,
    /// `--valuesFile`; without it there are no values.
    pub values: Option<PathBuf>,
    /// `--meshConfigFile`; without it Istio's defaults hold.
    pub mesh: Option<PathBuf>,
}

/// Reads `config`, `values` and, if it is there, `mesh`.
pub(super) fn read(directory: &Path) -> Result<Texts, SourceError> {
    let mesh = directory.join("mesh");
    Ok(Texts {
        injector: text(&directory.join("config"))?,
        values: text(&directory.join("values"))?,
        mesh: if mesh.exists() { Some(text(&mesh)?) } else { None },
    })
}

impl Files {
    pub(super) fn read(&self) -> Result<Texts, SourceError> {
        let no_values = Text { name: "values".to_owned(), text: "{}".to_owned() };
        Ok(Texts {
            injector: as_config(text(&self.injector)?),
            values: self.values.as_deref().map_or(Ok(no_values), text)?,
            mesh: self.mesh.as_deref().map(text).transpose()?,
        })
    }
}

/// What holds no `templates` is taken for a template alone, as istioctl takes it.
fn as_config(file: Text) -> Text {
    let parsed = pillion_goyaml::parse(&file.text).ok();
    let has_templates = parsed.as_ref().and_then(|tree| tree.get("templates")).is_some_and(|t| !t.is_null());
    if has_templates {
        return file;
    }
    let templates = Value::map([("sidecar", file.text.as_str())].into_iter().collect());
    let config =
        Value::map([("policy", Value::from("enabled")), ("templates", templates)].into_iter().collect());
    // JSON is YAML too.
    Text { text: json::to_string(&config, json::PLAIN), name: file.name }
}

fn text(path: &Path) -> Result<Text, SourceError> {
    let fail = |reason: String| SourceError::Read { path: path.to_owned(), reason };
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(|error| fail(error.to_string()))?;
    if read as u64 > MAX_FILE {
        return Err(fail(format!("it is longer than {MAX_FILE} bytes")));
    }
    Ok(Text { name: path.display().to_string(), text })
}
