//! [`Object`]: a Go value of a type that the table of types does not have (`time.Time`, `*semver.Version`).
//! Never holds template values, so that dropping one is never deep.

use std::any::Any;
use std::fmt::Debug;

use super::{GoKind, Val};
use crate::funcs::{Cx, Fault};

/// A value with a Go type of its own, immutable, made by a function.
pub trait Object: Any + Debug {
    /// What `%T` prints: `time.Time`, `*semver.Version`.
    fn type_name(&self) -> &'static str;

    /// The kind as `reflect` has it.
    fn kind(&self) -> GoKind;

    /// What the type's `String` method gives, which is how it prints; `None` for a type without one.
    fn string(&self) -> Option<String>;

    /// Calls the method `name`; `None` if the type has no such method. `String` need not be answered here.
    fn call<'v>(&self, cx: &Cx<'v>, name: &str, args: &[Val<'v>]) -> Option<Result<Val<'v>, Fault>> {
        let _ = (cx, name, args);
        None
    }

    /// Whether both are the same value, as `==` of the Go values.
    fn same(&self, other: &dyn Object) -> bool;

    /// This object for downcasting.
    fn as_any(&self) -> &dyn Any;
}

impl<'v> Val<'v> {
    /// This value as the Rust type `T` behind an object.
    #[must_use]
    pub fn downcast<T: Object>(&self) -> Option<&T> {
        match self {
            Self::Object(o) => o.as_any().downcast_ref(),
            _ => None,
        }
    }
}
