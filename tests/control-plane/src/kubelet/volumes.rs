//! Volumes as directories, which the pod's mount namespace binds to its mount paths: Secret, ConfigMap, projected,
//! emptyDir. What comes from objects is written as a kubelet writes it: into a new directory, to which the link `..data`
//! is then swapped, so that a reader sees all files of one version. Never volumes of other kinds; they are refused.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Shared, text};

/// Files by their path in the volume: bytes and permissions.
type Files = BTreeMap<String, (Vec<u8>, u32)>;

/// The volumes of a pod.
#[derive(Debug)]
pub(super) struct Volumes {
    directory: PathBuf,
    volumes: Vec<Volume>,
    owner: Owner,
}

/// Whose the files are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) user: Option<u32>,
    pub(super) group: Option<u32>,
}

#[derive(Debug)]
struct Volume {
    name: String,
    definition: Value,
    files: Option<Files>,
    versions: u64,
    tokens: HashMap<String, Token>,
}

#[derive(Debug)]
struct Token {
    text: String,
    made: Instant,
    life: Duration,
}

impl Volumes {
    /// Makes the directories of a pod's volumes below `directory`.
    pub(super) fn make(shared: &Shared, pod: &Value, directory: PathBuf, owner: Owner) -> Result<Self> {
        let definitions = pod["spec"]["volumes"].as_array().cloned().unwrap_or_default();
        let mut made = Self { directory, volumes: vec![], owner };
        for definition in definitions {
            let name = text(&definition, "/name").to_owned();
            let path = made.directory.join(&name);
            fs::create_dir_all(&path)?;
            // As an emptyDir is: everyone may write, who may reach it.
            let mode = if definition["emptyDir"].is_null() { 0o755 } else { 0o777 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
            made.volumes.push(Volume { name, definition, files: None, versions: 0, tokens: HashMap::new() });
        }
        made.refresh(shared, pod)?;
        Ok(made)
    }

    /// The directory with a directory for each volume.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes what has changed in the API server since.
    pub(super) fn refresh(&mut self, shared: &Shared, pod: &Value) -> Result<()> {
        for volume in &mut self.volumes {
            let told = format!("volume {}", volume.name);
            let Some(files) = volume.read(shared, pod).context(told.clone())? else { continue };
            if volume.files.as_ref() != Some(&files) {
                let path = self.directory.join(&volume.name);
                volume.versions += 1;
                swap(&path, volume.versions, &files, self.owner).context(told)?;
                volume.files = Some(files);
            }
        }
        Ok(())
    }
}

impl Drop for Volumes {
    fn drop(&mut self) {
        // What is left goes with the kubelet's directory.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Volume {
    /// The files that ought to be there; none where the pod itself writes them.
    fn read(&mut self, shared: &Shared, pod: &Value) -> Result<Option<Files>> {
        let definition = self.definition.clone();
        let mode = |source: &Value| number(&source["defaultMode"]).unwrap_or(0o644);
        let mut files = Files::new();
        if !definition["emptyDir"].is_null() {
            return Ok(None);
        } else if let Some(source) = definition.get("secret") {
            let name = text(source, "/secretName");
            object(shared, pod, "secrets", name, source, mode(source), &mut files)?;
        } else if let Some(source) = definition.get("configMap") {
            object(shared, pod, "configmaps", text(source, "/name"), source, mode(source), &mut files)?;
        } else if let Some(projected) = definition.get("projected") {
            for source in projected["sources"].as_array().into_iter().flatten() {
                self.project(shared, pod, source, mode(projected), &mut files)?;
            }
        } else {
            bail!("not of a kind that this kubelet knows: {definition}");
        }
        Ok(Some(files))
    }

    fn project(
        &mut self,
        shared: &Shared,
        pod: &Value,
        source: &Value,
        mode: u32,
        files: &mut Files,
    ) -> Result<()> {
        if let Some(secret) = source.get("secret") {
            object(shared, pod, "secrets", text(secret, "/name"), secret, mode, files)
        } else if let Some(map) = source.get("configMap") {
            object(shared, pod, "configmaps", text(map, "/name"), map, mode, files)
        } else if let Some(downward) = source.get("downwardAPI") {
            for item in downward["items"].as_array().into_iter().flatten() {
                let field = text(item, "/fieldRef/fieldPath");
                let value = super::container::field(pod, field, None)?;
                files.insert(text(item, "/path").to_owned(), (value.into_bytes(), mode));
            }
            Ok(())
        } else if let Some(wanted) = source.get("serviceAccountToken") {
            let path = text(wanted, "/path");
            let token = self.token(shared, pod, wanted)?;
            // Only the pod's user may read it, or its group.
            let mode = if pod["spec"]["securityContext"]["fsGroup"].is_null() { 0o600 } else { 0o640 };
            files.insert(path.to_owned(), (token.into_bytes(), mode));
            Ok(())
        } else {
            bail!("a projected source that this kubelet does not know: {source}")
        }
    }

    fn token(&mut self, shared: &Shared, pod: &Value, wanted: &Value) -> Result<String> {
        let path = text(wanted, "/path").to_owned();
        let known = self.tokens.get(&path).filter(|token| token.made.elapsed() < token.life * 4 / 5);
        if let Some(token) = known {
            return Ok(token.text.clone());
        }
        let account = text(pod, "/spec/serviceAccountName");
        let seconds = wanted["expirationSeconds"].as_u64().unwrap_or(3600);
        let audiences: Vec<&str> = wanted["audience"].as_str().into_iter().collect();
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {
                "audiences": audiences, "expirationSeconds": seconds,
                "boundObjectRef": {
                    "apiVersion": "v1", "kind": "Pod",
                    "name": text(pod, "/metadata/name"), "uid": text(pod, "/metadata/uid"),
                },
            },
        });
        let to = format!(
            "/api/v1/namespaces/{}/serviceaccounts/{account}/token",
            text(pod, "/metadata/namespace")
        );
        let answer = shared.client.post(&to, &request)?;
        ensure!(answer.is_success(), "no token of the service account {account}: {}", answer.body);
        let made = text(&answer.body, "/status/token").to_owned();
        let token = Token { text: made.clone(), made: Instant::now(), life: Duration::from_secs(seconds) };
        self.tokens.insert(path, token);
        Ok(made)
    }
}

/// The files of a Secret or a ConfigMap: all of its keys, or those that `items` names.
fn object(
    shared: &Shared,
    pod: &Value,
    kind: &str,
    name: &str,
    source: &Value,
    mode: u32,
    files: &mut Files,
) -> Result<()> {
    let optional = source["optional"] == true;
    let Some(mut data) = data(shared, text(pod, "/metadata/namespace"), kind, name)? else {
        ensure!(optional, "{kind} {name} is not there");
        return Ok(());
    };
    let Some(items) = source["items"].as_array() else {
        files.extend(data.into_iter().map(|(key, bytes)| (key, (bytes, mode))));
        return Ok(());
    };
    for item in items {
        let (key, path) = (text(item, "/key"), text(item, "/path"));
        match data.remove(key) {
            Some(bytes) => {
                files.insert(path.to_owned(), (bytes, number(&item["mode"]).unwrap_or(mode)));
            }
            None => ensure!(optional, "{kind} {name} has no key {key}"),
        }
    }
    Ok(())
}

/// What a Secret or a ConfigMap holds; none if it is not there.
pub(super) fn data(
    shared: &Shared,
    namespace: &str,
    kind: &str,
    name: &str,
) -> Result<Option<BTreeMap<String, Vec<u8>>>> {
    let answer = shared.client.get(&format!("/api/v1/namespaces/{namespace}/{kind}/{name}"))?;
    if answer.status == 404 {
        return Ok(None);
    }
    ensure!(answer.is_success(), "{kind} {name} cannot be read: {}", answer.body);
    let mut found = BTreeMap::new();
    for (field, encoded) in [("data", kind == "secrets"), ("binaryData", true)] {
        for (key, value) in answer.body[field].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            let bytes = if encoded { STANDARD.decode(value)? } else { value.as_bytes().to_vec() };
            found.insert(key.clone(), bytes);
        }
    }
    Ok(Some(found))
}

/// Writes a new version of the files and points the links at it; the old version goes last.
fn swap(volume: &Path, version: u64, files: &Files, owner: Owner) -> Result<()> {
    let (new, link) = (format!("..version-{version}"), volume.join("..data"));
    let directory = volume.join(&new);
    fs::create_dir_all(&directory)?;
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755))?;
    for (path, (bytes, mode)) in files {
        let file = directory.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, bytes)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(*mode))?;
        let _ = chown(&file, owner.user, owner.group);
    }
    let old = fs::read_link(&link).ok();
    let fresh = volume.join("..data_new");
    symlink(&new, &fresh)?;
    fs::rename(&fresh, &link)?;
    let tops: Vec<&str> = files.keys().filter_map(|path| path.split('/').next()).collect();
    for top in &tops {
        let visible = volume.join(top);
        if visible.symlink_metadata().is_err() {
            symlink(Path::new("..data").join(top), &visible)?;
        }
    }
    for entry in fs::read_dir(volume)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with("..") && !tops.contains(&name.as_str()) {
            fs::remove_file(entry.path())?;
        }
    }
    if let Some(old) = old {
        fs::remove_dir_all(volume.join(old))?;
    }
    Ok(())
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}
