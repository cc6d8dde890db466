//! Go's text/template with sprig's functions, over Go-typed values.

pub mod funcs;
mod limits;
pub mod value;

pub use funcs::{Cx, Effect, Entry, Env, Fault, Function, FunctionSet, Param};
pub use limits::Limits;
pub use value::{Bytes, Dict, GoKind, List, Object, Val};
