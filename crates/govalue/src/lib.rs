//! Values as Go sees them.
//!
//! Owns: the tree that every other crate reads and writes ([`Value`]), reading and writing it as JSON the way
//! Go's `encoding/json` does, and the table of Go types reachable from a Pod and from Istio's mesh
//! configuration ([`types`]). Never: YAML, templates, merging, or any input and output.

pub mod encode;
pub mod json;
mod map;
pub mod number;
mod parse;
pub mod quantity;
mod read;
mod text;
pub mod types;
mod value;
pub mod watched;

pub use map::Map;
pub use parse::{ParseError, parse};
pub use text::{Name, Str};
pub use types::{Field, Kind, Type, TypeRef};
pub use value::Value;
