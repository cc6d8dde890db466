//! Empty or not: `default` and its relatives. Never numbers or texts as truth: emptiness goes by Go kind.

use crate::funcs::Param::{Any, Str};
use crate::funcs::{Cx, Fault, Function};
use crate::value::{GoKind, Val};

pub(super) const TABLE: &[Function] = &[
    Function::variadic("default", &[Any], Any, |_, a| {
        let given = a.get(1).filter(|v| !is_empty(v));
        Ok(given.unwrap_or(&a[0]).clone())
    }),
    Function::new("empty", &[Any], |_, a| Ok(is_empty(&a[0]).into())),
    Function::variadic("coalesce", &[], Any, |_, a| {
        Ok(a.iter().find(|v| !is_empty(v)).cloned().unwrap_or_else(Val::nil))
    }),
    Function::variadic("all", &[], Any, |_, a| Ok((!a.iter().any(is_empty)).into())),
    Function::variadic("any", &[], Any, |_, a| Ok((!a.iter().all(is_empty)).into())),
    Function::new("fail", &[Str], fail),
];

/// Whether a value is the zero of its kind; a struct never is.
pub(super) fn is_empty(value: &Val<'_>) -> bool {
    value.kind() != GoKind::Struct && !value.truth()
}

fn fail<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    Err(Fault::new(a[0].to_bytes().text()))
}
