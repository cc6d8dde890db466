//! Configuration in files: a directory that holds what Istio's ConfigMaps hold under the names of their keys, with
//! folders of objects beside them, or files named one by one as `istioctl kube-inject` takes them. Never: what the
//! texts mean.

use std::io::Read;
use std::path::{Path, PathBuf};

use pillion_core::config::Cluster;
use pillion_govalue::{Value, json};

use super::objects::{self, Kind, Object};
use super::{SourceError, Text, Texts, facts};

/// Longest file that is read, as long as a text of YAML may be: a ConfigMap holds 1 MiB at most, a list of nodes more.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// ProxyConfig resources.
const PROXY_CONFIGS: Kind =
    Kind { folder: "proxyconfigs", kind: "ProxyConfig", group: "networking.istio.io", namespaced: true };

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

/// Reads the directory: all of one generation. A volume that the kubelet mounted changes by a swap of the link
/// `..data`; following it once, before the first file, keeps a new template from meeting old values.
pub(super) fn read(directory: &Path) -> Result<Texts, SourceError> {
    of_one_generation(directory, |place| read_generation(directory, place))
}

/// Reads what lies in `directory`, by the place that its files have now.
pub(super) fn of_one_generation<T>(
    directory: &Path,
    read: impl Fn(&Path) -> Result<T, SourceError>,
) -> Result<T, SourceError> {
    let mut attempts = 1;
    loop {
        let generation = directory.join("..data").canonicalize().ok();
        match read(generation.as_deref().unwrap_or(directory)) {
            // The generation was swapped away and removed in the middle of reading.
            Err(_) if attempts < ATTEMPTS && generation.is_some_and(|old| !old.exists()) => attempts += 1,
            read => return read,
        }
    }
}

/// Reads the files that lie in `place`, and calls them by the directory that was named. `config` and `values` must be
/// there. A folder may lie in the volume or be mounted beside it.
fn read_generation(directory: &Path, place: &Path) -> Result<Texts, SourceError> {
    let file = |key: &str| text_of(&place.join(key), &directory.join(key));
    let if_there = |key: &str| place.join(key).exists().then(|| file(key)).transpose();
    let folder = |name: &Path| {
        let inside = place.join(name);
        (if inside.exists() { inside } else { directory.join(name) }, directory.join(name))
    };
    let (proxy_configs, name) = folder(Path::new(PROXY_CONFIGS.folder));
    let proxy_configs = objects::read(&proxy_configs, &name, &PROXY_CONFIGS)?.unwrap_or_default();
    Ok(Texts {
        injector: file("config")?,
        values: file("values")?,
        mesh: if_there("mesh")?,
        shared_mesh: if_there("shared-mesh")?,
        proxy_configs: proxy_configs.into_iter().map(Object::into_text).collect(),
        annotations: if_there("annotations")?,
        over: None,
        cluster: facts::read(&folder)?,
    })
}

/// The directory and the folders in it that are read, as far as they are there.
pub(super) fn watched(directory: &Path) -> Vec<PathBuf> {
    let clusters = directory.join(facts::CLUSTERS);
    let remotes = std::fs::read_dir(&clusters).into_iter().flatten().flatten().map(|entry| entry.path());
    let of_cluster = |cluster: PathBuf| {
        let folders = [facts::NAMESPACES.folder, facts::NODES.folder].map(|folder| cluster.join(folder));
        std::iter::once(cluster).chain(folders)
    };
    let mut all = vec![directory.join(PROXY_CONFIGS.folder), clusters];
    all.extend(of_cluster(directory.to_owned()).skip(1));
    all.extend(remotes.take(facts::MAX_CLUSTERS).flat_map(of_cluster));
    all.retain(|folder| folder.is_dir());
    all.insert(0, directory.to_owned());
    all
}

impl Files {
    pub(super) fn read(&self) -> Result<Texts, SourceError> {
        let no_values = Text { name: "values".to_owned(), text: "{}".to_owned() };
        Ok(Texts {
            injector: as_config(text(&self.injector)?),
            values: self.values.as_deref().map_or(Ok(no_values), text)?,
            mesh: self.mesh.as_deref().map(text).transpose()?,
            shared_mesh: None,
            proxy_configs: Vec::new(),
            annotations: None,
            over: None,
            cluster: Cluster::default(),
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
pub(super) fn text_of(path: &Path, name: &Path) -> Result<Text, SourceError> {
    let fail = |reason: String| SourceError::Read { path: name.to_owned(), reason };
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(|error| fail(error.to_string()))?;
    if read as u64 > MAX_FILE {
        return Err(fail(format!("it is longer than {MAX_FILE} bytes")));
    }
    Ok(Text { name: name.display().to_string(), text })
}
