//! [`ManifestError`]: what is wrong with a manifest, in which document and on which line.

use std::fmt;

/// Why a manifest could not be injected. Nothing of it is: a file is injected whole or not at all.
#[derive(Debug)]
pub struct ManifestError<E> {
    /// The name that the manifest was given: a file.
    pub file: String,
    /// The document, from 1, empty ones not counted.
    pub document: usize,
    /// The line of the file, from 1.
    pub line: usize,
    /// The object, where it is known: `Deployment "web"`.
    pub object: Option<String>,
    /// What is wrong.
    pub fault: Fault<E>,
}

/// What is wrong with a document.
#[derive(Debug)]
pub enum Fault<E> {
    /// It is no YAML.
    Read(pillion_goyaml::Error),
    /// It has no pod template where its kind has one, or something that is none.
    Template {
        /// The field: `spec.template`.
        field: String,
        /// What is there instead: `nothing`, `a string`.
        found: &'static str,
    },
    /// Something that says what an object is has another shape.
    Shape {
        /// Where: `the document`, `kind`, `items[2]`.
        place: String,
        /// What it must be: `an object`.
        wanted: &'static str,
        /// What is there instead: `a list`.
        found: &'static str,
    },
    /// The injected object cannot be written as YAML.
    Write(pillion_goyaml::Error),
    /// The pod cannot be injected.
    Inject(E),
}

impl<E: fmt::Display> fmt::Display for ManifestError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: document {}, line {}: ", self.file, self.document, self.line)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        match &self.fault {
            // The line is said already, counted in the file and not in the document.
            Fault::Read(error) => f.write_str(error.problem()),
            Fault::Template { field, found } => {
                write!(f, "{field} must be an object with the pod's metadata and spec, and is {found}")
            }
            Fault::Shape { place, wanted, found } => write!(f, "{place} must be {wanted}, and is {found}"),
            Fault::Write(error) => {
                write!(f, "the injected object cannot be written as YAML: {}", error.problem())
            }
            Fault::Inject(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for ManifestError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            Fault::Read(error) | Fault::Write(error) => Some(error),
            Fault::Template { .. } | Fault::Shape { .. } => None,
            Fault::Inject(error) => error.source(),
        }
    }
}
