//! Kubernetes objects of one kind in a folder: files of YAML or JSON with one or several documents each, also the
//! `kind: List` that `kubectl get … -o yaml` writes. Never: what the objects mean.

use std::path::{Path, PathBuf};

use pillion_core::config::ConfigError;
use pillion_govalue::{Value, json};
use pillion_goyaml::{Document, documents};

use super::directory::{of_one_generation, text_of};
use super::{SourceError, Text};

/// Most files of one folder.
const MAX_FILES: usize = 1_000;
/// Most text of one folder, in bytes: the objects of a large cluster. One file has less (`directory::MAX_FILE`).
const MAX_TEXT: usize = 64 * 1024 * 1024;
/// What is read in a folder; a name that begins with a dot is none of these.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// What a folder holds.
#[derive(Debug)]
pub(super) struct Kind {
    /// The folder's name.
    pub(super) folder: &'static str,
    /// The kind of every object.
    pub(super) kind: &'static str,
    /// The group of its API; empty for the core.
    pub(super) group: &'static str,
    /// Whether each object is in a namespace.
    pub(super) namespaced: bool,
}

/// One object.
#[derive(Debug)]
pub(super) struct Object {
    /// The file and the document.
    name: String,
    /// The line, from 1, on which its document begins in the file.
    line: usize,
    /// The object.
    pub(super) value: Value<'static>,
}

impl Object {
    /// A text within the object; empty where there is none.
    pub(super) fn at(&self, path: &[&str]) -> &str {
        self.value.at(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// A fault of the object, with its place.
    pub(super) fn wrong(&self, message: impl Into<String>) -> SourceError {
        ConfigError::new(&self.name, message).on_line(Some(self.line)).into()
    }

    /// The object as a text of its own, under its place.
    pub(super) fn into_text(self) -> Text {
        Text { text: json::to_string(&self.value, json::PLAIN), name: self.name }
    }

    /// What no other object of its kind in a cluster has too.
    fn identity(&self) -> (&str, &str) {
        (self.at(&["metadata", "namespace"]), self.at(&["metadata", "name"]))
    }
}

/// The objects of the folder at `place`, which people know as `name`; `None` where there is no such folder. A folder
/// may be a volume of its own, whose files change all at once.
pub(super) fn read(place: &Path, name: &Path, kind: &Kind) -> Result<Option<Vec<Object>>, SourceError> {
    if !place.try_exists().map_err(|error| unreadable(name, error.to_string()))? {
        return Ok(None);
    }
    let mut objects = of_one_generation(place, |place| read_files(place, name, kind))?;
    objects.sort_by(|a, b| a.identity().cmp(&b.identity()));
    for pair in objects.windows(2) {
        if pair[0].identity() == pair[1].identity() {
            let Object { name: other, line, .. } = &pair[0];
            let (kind, name) = (kind.kind, pair[1].identity().1);
            let message = format!("{kind} {name:?} is there twice: also in {other}, line {line}");
            return Err(pair[1].wrong(message));
        }
    }
    Ok(Some(objects))
}

fn unreadable(path: &Path, reason: impl Into<String>) -> SourceError {
    SourceError::Read { path: path.to_owned(), reason: reason.into() }
}

fn read_files(place: &Path, name: &Path, kind: &Kind) -> Result<Vec<Object>, SourceError> {
    let (mut objects, mut length) = (Vec::new(), 0);
    for file in list(place, name)? {
        let text = text_of(&place.join(&file), &name.join(&file))?;
        length += text.text.len();
        if length > MAX_TEXT {
            return Err(unreadable(name, format!("its files are longer than {MAX_TEXT} bytes together")));
        }
        let documents = documents(&text.text);
        for (at, document) in documents.iter().enumerate() {
            read_document(&text.name, at + 1, document, kind, &mut objects)?;
        }
        // A file that is being written is empty at first. Taken for a list of nothing, it would change every pod.
        if documents.is_empty() {
            let message =
                format!("holds no object; a list of none is written `kind: {}List`, `items: []`", kind.kind);
            return Err(ConfigError::new(&text.name, message).into());
        }
    }
    Ok(objects)
}

/// The names of the files, in order.
fn list(place: &Path, name: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(place).map_err(|error| unreadable(name, error.to_string()))? {
        let entry = entry.map_err(|error| unreadable(name, error.to_string()))?;
        let file = PathBuf::from(entry.file_name());
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let ending = file.extension().is_some_and(|ending| ENDINGS.iter().any(|e| ending == *e));
        // What is no regular file, a pipe for one, could be read for ever.
        if hidden || !ending || !entry.path().is_file() {
            continue;
        }
        if files.len() == MAX_FILES {
            return Err(unreadable(
                name,
                format!("holds more than {MAX_FILES} files: put several objects into one"),
            ));
        }
        files.push(file);
    }
    files.sort();
    Ok(files)
}

fn read_document(
    file: &str,
    number: usize,
    document: &Document<'_>,
    kind: &Kind,
    objects: &mut Vec<Object>,
) -> Result<(), SourceError> {
    let name = format!("{file}, document {number}");
    let value = pillion_goyaml::parse(document.text).map_err(|error| {
        let line = document.line + error.line().unwrap_or(1) - 1;
        ConfigError::new(&name, error.problem()).on_line(Some(line))
    })?;
    let line = document.line + lines_before_content(document.text);
    let told = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    let list = told == "List" || told.strip_suffix("List") == Some(kind.kind);
    if !list {
        return take(Object { name, line, value }, kind, objects);
    }
    let items = match value.get("items") {
        Some(Value::Null) => Some(&[][..]),
        items => items.and_then(Value::as_list),
    };
    let Some(items) = items else {
        return Err(ConfigError::new(&name, "items: is missing or no list").on_line(Some(line)).into());
    };
    for (at, item) in items.iter().enumerate() {
        let mut item = item.clone();
        // A typed list leaves the kind of its items out.
        if told != "List"
            && item.get("kind").is_none()
            && let Some(map) = item.as_map_mut()
        {
            map.insert("kind", kind.kind);
            map.insert("apiVersion", value.get("apiVersion").cloned().unwrap_or_default());
        }
        take(Object { name: format!("{name}, items[{at}]"), line, value: item }, kind, objects)?;
    }
    Ok(())
}

/// Takes the object if it is of the folder's kind and has the names that it needs.
fn take(object: Object, kind: &Kind, objects: &mut Vec<Object>) -> Result<(), SourceError> {
    let (told, version) = (object.at(&["kind"]), object.at(&["apiVersion"]));
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    if told != kind.kind || version.is_empty() || group != kind.group {
        let message = format!(
            "kind {told:?} of apiVersion {version:?} does not belong here: the folder {}/ holds objects of kind {}",
            kind.folder, kind.kind
        );
        return Err(object.wrong(message));
    }
    let (namespace, name) = object.identity();
    if name.is_empty() {
        return Err(object.wrong("metadata.name: is missing or no text"));
    }
    if kind.namespaced && namespace.is_empty() {
        return Err(
            object.wrong(format!("metadata.namespace: is missing or no text; {told} {name:?} needs one"))
        );
    }
    objects.push(object);
    Ok(())
}

/// Lines of comments and blanks at the beginning.
fn lines_before_content(text: &str) -> usize {
    let nothing = |line: &&str| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with('#')
    };
    text.lines().take_while(nothing).count()
}

#[cfg(test)]
mod tests;
