//! [`Error`]: why a template could not be compiled or rendered, in Go's words, with its place.

use std::fmt;

/// A template's failure. `Display` is what Go's `text/template` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    line: u32,
    column: Option<u32>,
    detail: String,
    message: String,
}

/// At which stage a template failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is no template.
    Parse,
    /// The template names a function that Go's side has and this one refuses.
    Refused,
    /// Rendering failed, as it fails in Go.
    Exec,
    /// Rendering would take more than its [`Limits`](crate::Limits).
    Limit,
}

/// The longest text of an error: Go prints whole values into some, and one can be as large as a rendering may get.
const LONGEST: usize = 16 << 10;

impl Error {
    pub(crate) fn parse(kind: ErrorKind, name: &str, line: u32, mut detail: String) -> Self {
        cut(&mut detail);
        let message = format!("template: {name}:{line}: {detail}");
        Self(Box::new(Inner { kind, line, column: None, detail, message }))
    }

    /// `context` is the part of the template that was being evaluated, as Go writes it.
    pub(crate) fn exec(kind: ErrorKind, at: &Place<'_>, context: &str, mut detail: String) -> Self {
        cut(&mut detail);
        let mut context = String::from(context);
        cut(&mut context);
        let Place { parse_name, template, line, column } = at;
        let quoted = crate::fmt::quote::quote(template.as_bytes());
        let message =
            format!("template: {parse_name}:{line}:{column}: executing {quoted} at <{context}>: {detail}");
        Self(Box::new(Inner { kind, line: *line, column: Some(*column), detail, message }))
    }

    /// The stage.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The line in the template's text, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.0.line
    }

    /// The byte in the line, counted as Go counts it (from 0 in every line); only for rendering.
    #[must_use]
    pub fn column(&self) -> Option<u32> {
        self.0.column
    }

    /// What went wrong, without the place.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
}

fn cut(text: &mut String) {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
}

/// Where rendering stood.
pub(crate) struct Place<'p> {
    pub(crate) parse_name: &'p str,
    pub(crate) template: &'p str,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}
