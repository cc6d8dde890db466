//! YAML as `sigs.k8s.io/yaml` reads and writes it.
//!
//! Owns: YAML 1.1 text to the value that Go's `YAMLToJSON` makes of it, faults in Go's words
//! ([`parse`], [`parse_borrowed`], [`parse_bytes`]); a value to the text that Go's `Marshal` writes
//! ([`to_yaml`]); a stream cut into documents ([`documents`]). Time and memory are linear in the text, nesting
//! is bounded ([`MAX_DEPTH`]), aliases share what they expand to.
//!
//! Never: what the values mean (no Kubernetes here), files, comments kept inside a document.
//!
//! Text of a known kind that comes again and again, such as what templates render, is read many times faster through
//! [`Blocks`], to the same values and faults.
//!
//! The way in: `reader` (bytes to characters) → `scan` (characters to tokens) → `compose` (tokens to a value,
//! with `tags`, `resolve` and `table`). The short cut: `blocks` and `quick`. The way out: `emit`.

mod blocks;
mod chars;
mod compose;
mod documents;
mod emit;
mod error;
mod gosyntax;
mod keep;
mod number;
mod quick;
mod reader;
mod resolve;
mod scan;
mod table;
mod tags;

use pillion_govalue::Value;

pub use blocks::Blocks;
pub use compose::MAX_DEPTH;
pub use documents::{Document, documents};
pub use emit::to_yaml;
pub use error::{Error, ErrorKind};

/// The first document of `text`, as the JSON that Go makes of it reads: numbers that JSON writes without point
/// and exponent are integers. Keys stay in the order of the text. `Null` for a text without document.
///
/// # Errors
/// What Go refuses, in its words; and nesting beyond [`MAX_DEPTH`] or a text beyond 16 MiB.
pub fn parse(text: &str) -> Result<Value<'static>, Error> {
    compose::compose(reader::check(text, None), keep::Copied)
}

/// [`parse`] without copying: strings borrow from `text` where it has them as they are.
///
/// # Errors
/// As [`parse`].
pub fn parse_borrowed(text: &str) -> Result<Value<'_>, Error> {
    compose::compose(reader::check(text, None), keep::Borrowed)
}

/// [`parse`] of bytes that may be no UTF-8, or UTF-16 with a byte order mark.
///
/// # Errors
/// As [`parse`].
pub fn parse_bytes(bytes: &[u8]) -> Result<Value<'static>, Error> {
    let (text, fault) = reader::decode(bytes);
    compose::compose(reader::check(&text, fault), keep::Copied)
}
