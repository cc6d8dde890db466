//! Manifests: text with Kubernetes objects in it, of which those that hold pods are injected.
//!
//! The documents of the text are read; those with a pod in them are written anew, as `istioctl kube-inject` does;
//! everything else stays as it was, byte for byte: other objects, separators, comments between documents and
//! before an object, line ends. JSON is YAML too.
//!
//! docs/compatibility.md lists where this differs from `kube-inject`: among others the pod of a CronJob is the pod of
//! its template, where Istio takes the labels and annotations of the *job* template and marks that as injected, so that
//! a webhook would inject the pods again; and what is not injected is not rewritten.
//!
//! Never: how a pod is injected (the caller's closure), files, warnings.
//!
//! | file | what it does |
//! |---|---|
//! | `kinds` | which kinds hold a pod, and where |
//! | `object` | one object: the pod out, the injected pod in; Lists |
//! | `made` | the pods of objects, as their controllers make them |
//! | `scalars` | numbers and booleans where Kubernetes wants text |
//! | `error` | what is wrong, in which document, on which line |

mod error;
mod kinds;
mod made;
mod object;
mod scalars;

use pillion_govalue::Value;
use pillion_goyaml::documents;

pub use error::{Fault, ManifestError};
pub use made::{holds_a_pod, pods, read};
use object::Failure;

use crate::inject::Owner;

/// A pod of a manifest, as the closure gets it.
#[derive(Clone, Debug)]
pub struct PodDoc<'t> {
    /// The pod: `apiVersion`, `kind`, and the `metadata` and `spec` of the object's template, both objects.
    pub pod: Value<'t>,
    /// The object that the template is from; `None` if the object is a pod, or is made one, whose owner is guessed as for
    /// a webhook.
    pub owner: Option<Owner>,
    /// The template's namespace, or the object's; empty if none is written.
    pub namespace: String,
    /// The object for people: `Deployment "shop/web"`.
    pub label: String,
}

/// What became of a manifest.
#[derive(Clone, Debug)]
pub struct Injected<'t> {
    /// The manifest after injection.
    pub text: String,
    /// Its documents, in order.
    pub documents: Vec<Change<'t>>,
}

/// What became of one document.
#[derive(Clone, Debug)]
pub struct Change<'t> {
    /// Which document it is, from 1, empty ones not counted.
    pub number: usize,
    /// The line, from 1, on which its content starts.
    pub line: usize,
    /// The object for people: `Deployment "shop/web"`.
    pub label: String,
    /// The object as it was.
    pub before: Value<'t>,
    /// The object after injection; `None` if it stayed as it was.
    pub after: Option<Value<'t>>,
}

/// Injects the pods of the manifest `text`, which errors call `file`. `each` gives the injected pod, of which
/// `metadata` and `spec` are taken, or `None` for a pod that stays as it is.
///
/// # Errors
/// A document that is no YAML, an object of a known kind without a pod template, or what `each` refuses: the
/// first of them.
pub fn inject<'t, E>(
    file: &str,
    text: &'t str,
    mut each: impl FnMut(&PodDoc<'t>) -> Result<Option<Value<'t>>, E>,
) -> Result<Injected<'t>, ManifestError<E>> {
    let mut out = String::with_capacity(text.len());
    let mut changes = Vec::new();
    let mut copied = 0;
    for (index, document) in documents(text).into_iter().enumerate() {
        let head = Head::of(document.text);
        let error = |line, object, fault| ManifestError {
            file: file.to_owned(),
            document: index + 1,
            line,
            object,
            fault,
        };
        let line = document.line + head.lines;
        let before = pillion_goyaml::parse_borrowed(document.text)
            .map_err(|e| error(document.line + fault_line(&e, &head), None, Fault::Read(e)))?;
        let after =
            object::inject(&before, &mut each).map_err(|(object, fault)| error(line, object, fault))?;
        if let Some(after) = &after {
            let yaml = pillion_goyaml::to_yaml(after)
                .map_err(|e| error(line, Some(object::label(after)), Fault::Write(e)))?;
            out.push_str(text.get(copied..document.range.start + head.length).unwrap_or(""));
            splice(&mut out, document.text, &yaml);
            copied = document.range.end;
        }
        let label = object::label(&before);
        changes.push(Change { number: index + 1, line, label, before, after });
    }
    out.push_str(text.get(copied..).unwrap_or(""));
    Ok(Injected { text: out, documents: changes })
}

/// Reads the documents of `text` one after the other.
fn documents_of<'t, E>(
    file: &str,
    text: &'t str,
    mut each: impl FnMut(&Value<'t>) -> Result<(), Failure<E>>,
) -> Result<(), ManifestError<E>> {
    for (index, document) in documents(text).into_iter().enumerate() {
        let head = Head::of(document.text);
        let error = |line, object, fault| ManifestError {
            file: file.to_owned(),
            document: index + 1,
            line,
            object,
            fault,
        };
        let value = pillion_goyaml::parse_borrowed(document.text)
            .map_err(|e| error(document.line + fault_line(&e, &head), None, Fault::Read(e)))?;
        each(&value).map_err(|(object, fault)| error(document.line + head.lines, object, fault))?;
    }
    Ok(())
}

/// How many lines of a document stand before a fault in its YAML; where the fault names none, before the content.
fn fault_line(e: &pillion_goyaml::Error, head: &Head) -> usize {
    e.line().map_or(head.lines, |line| line.saturating_sub(1))
}

/// What stands before a document's content and is kept when the content is written anew: comments, blank lines,
/// directives.
struct Head {
    length: usize,
    lines: usize,
}

impl Head {
    fn of(text: &str) -> Self {
        let mut head = Self { length: 0, lines: 0 };
        // Behind a directive there is a `---`; without one, content may begin on any line.
        let mut directives = false;
        for line in text.split_inclusive('\n') {
            let bare = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let separator = directives && bare == "---";
            directives |= line.starts_with('%');
            if !(bare.is_empty() || bare.starts_with('#') || line.starts_with('%') || separator) {
                break;
            }
            head.length += line.len();
            head.lines += 1;
        }
        head
    }
}

/// Writes a document's new content, with the line ends that the old one had.
fn splice(out: &mut String, old: &str, yaml: &str) {
    let line_end = if old.contains("\r\n") { "\r\n" } else { "\n" };
    // The content began on the line of its separator.
    if !out.is_empty() && !out.ends_with(['\n', '\r']) {
        out.push_str(line_end);
    }
    out.push_str(&yaml.replace('\n', line_end));
}

#[cfg(test)]
mod tests;
