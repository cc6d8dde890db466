//! [`Error`]: what is wrong with a YAML text and where, worded as Go's YAML library words it, because those are
//! the messages that people search for. Never a backtrace, never the document's content beyond a short quote.

use std::fmt;

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Bytes that are no text that YAML allows.
    Characters,
    /// Text that forms no token: a bad escape, a tab as indentation, an unclosed quote.
    Scan,
    /// Tokens that form no document.
    Syntax,
    /// An alias without anchor, an anchor that holds itself, or more expansion than Go allows.
    Alias,
    /// A scalar that is not what its tag says.
    Tag,
    /// A merge key whose value is no mapping.
    Merge,
    /// A mapping key that JSON cannot have.
    Key,
    /// A number that JSON cannot have.
    Number,
    /// A document that is nested too deeply or is too large.
    Limit,
}

/// Why a text could not be read or written. One pointer wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Repr>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Repr {
    kind: ErrorKind,
    shown: Option<usize>,
    line: Option<usize>,
    prefix: &'static str,
    problem: String,
}

impl Error {
    /// A fault of the text itself. `line` counts from 1; `shown` is the line that Go's message has, which for
    /// faults of syntax is one less, and absent on the first line.
    pub(crate) fn at(kind: ErrorKind, line: usize, shown: usize, problem: impl Into<String>) -> Self {
        Self(Box::new(Repr {
            kind,
            shown: (shown > 0).then_some(shown),
            line: Some(line),
            prefix: "yaml: ",
            problem: problem.into(),
        }))
    }

    /// A fault of the document as a whole: Go says no line.
    pub(crate) fn plain(kind: ErrorKind, problem: impl Into<String>) -> Self {
        Self(Box::new(Repr { kind, shown: None, line: None, prefix: "yaml: ", problem: problem.into() }))
    }

    /// A fault that Go finds when it turns the document into JSON: its message has no `yaml:`.
    pub(crate) fn json(kind: ErrorKind, problem: impl Into<String>) -> Self {
        Self(Box::new(Repr { kind, shown: None, line: None, prefix: "", problem: problem.into() }))
    }

    /// The same fault with the line on which our reader met it, where Go's message has none.
    #[must_use]
    pub(crate) fn on_line(mut self, line: usize) -> Self {
        self.0.line.get_or_insert(line);
        self
    }

    /// The kind of fault.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The line, from 1, on which the fault was met; more exact than the one in the message.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// The problem alone, without `yaml:` and line.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.0.problem
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.prefix)?;
        if let Some(line) = self.0.shown {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.0.problem)
    }
}

impl std::error::Error for Error {}
