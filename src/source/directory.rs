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

/// How often a volume that is swapped while it is read is read again.
const ATTEMPTS: usize = 3;

/// Reads `config`, `values` and, if it is there, `mesh`: all of one generation. A volume that the kubelet mounted
/// changes by a swap of the link `..data`; following it once, before the first file, keeps a new template from
/// meeting old values.
pub(super) fn read(directory: &Path) -> Result<Texts, SourceError> {
    let mut attempts = 1;
    loop {
        let generation = directory.join("..data").canonicalize().ok();
        match read_generation(directory, generation.as_deref().unwrap_or(directory)) {
            // The generation was swapped away and removed in the middle of reading.
            Err(_) if attempts < ATTEMPTS && generation.is_some_and(|old| !old.exists()) => attempts += 1,
            read => return read,
        }
    }
}

/// Reads the files that lie in `place`, and calls them by the directory that was named.
fn read_generation(directory: &Path, place: &Path) -> Result<Texts, SourceError> {
    let file = |key: &str| text_of(&place.join(key), &directory.join(key));
    let mesh = place.join("mesh").exists();
    Ok(Texts {
        injector: file("config")?,
        values: file("values")?,
        mesh: if mesh { Some(file("mesh")?) } else { None },
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
    text_of(path, path)
}

/// The text of a file that people know by another name.
fn text_of(path: &Path, name: &Path) -> Result<Text, SourceError> {
    let fail = |reason: String| SourceError::Read { path: name.to_owned(), reason };
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(|error| fail(error.to_string()))?;
    if read as u64 > MAX_FILE {
        return Err(fail(format!("it is longer than {MAX_FILE} bytes")));
    }
    Ok(Text { name: name.display().to_string(), text })
}
