//! Go's text/template with sprig's functions, over Go-typed values.
//!
//! Owns: the language ([`Template`]), Go's `fmt` ([`fmt`]), the model of values in templates ([`value`]), and the
//! functions that come with Go and with sprig ([`funcs`]). Never: Istio's functions (the host adds them to its
//! [`FunctionSet`]), YAML, or any input and output.

mod access;
mod error;
mod exec;
pub mod fmt;
mod fold;
pub mod funcs;
mod limits;
mod methods;
mod parse;
mod template;
pub mod value;

pub use error::{Error, ErrorKind};
pub use funcs::{Cx, Effect, Entry, Env, Fault, Function, FunctionSet, Param};
pub use limits::Limits;
pub use template::{Foreknown, Template};
pub use value::{Bytes, Dict, GoKind, List, Object, Val};
