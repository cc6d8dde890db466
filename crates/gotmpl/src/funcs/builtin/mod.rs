//! The functions that Go's `text/template` always has.

mod compare;
mod escape;
mod index;

pub(crate) use index::index;

use super::{Cx, Fault, Function, Param};
use crate::fmt;
use crate::value::Val;

/// Go's own function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    TABLE.iter().find(|f| f.name == name)
}

const TABLE: &[Function] = &[
    // The engine runs these four itself: two evaluate only some of their arguments, one names its operand, one
    // gives back something with an address.
    Function::variadic("and", &[Param::Value], Param::Value, unreachable_here),
    Function::variadic("or", &[Param::Value], Param::Value, unreachable_here),
    Function::variadic("call", &[Param::Value], Param::Value, unreachable_here),
    Function::new("not", &[Param::Value], |_, a| Ok(Val::Bool(!a[0].truth()))),
    Function::new("len", &[Param::Value], |_, a| index::length(&a[0])),
    Function::variadic("index", &[Param::Value], Param::Value, unreachable_here).looking_up(&[]),
    Function::variadic("slice", &[Param::Value], Param::Value, |cx, a| index::slice(cx, &a[0], &a[1..])),
    Function::variadic("print", &[], Param::Any, |cx, a| fmt::sprint(cx, a).map(Val::from)),
    Function::variadic("println", &[], Param::Any, |cx, a| fmt::sprintln(cx, a).map(Val::from)),
    Function::variadic("printf", &[Param::Str], Param::Any, |cx, a| {
        fmt::sprintf(cx, a[0].bytes(), &a[1..]).map(Val::from)
    }),
    Function::variadic("html", &[], Param::Any, escape::html),
    Function::variadic("js", &[], Param::Any, escape::js),
    Function::variadic("urlquery", &[], Param::Any, escape::url_query),
    Function::variadic("eq", &[Param::Value], Param::Value, |cx, a| {
        compare::equal_any(cx, &a[0], &a[1..]).map(Val::Bool)
    }),
    Function::new("ne", &[Param::Value, Param::Value], |cx, a| {
        compare::equal_any(cx, &a[0], &a[1..]).map(|equal| Val::Bool(!equal))
    }),
    Function::new("lt", &[Param::Value, Param::Value], |_, a| compare::less(&a[0], &a[1]).map(Val::Bool)),
    Function::new("le", &[Param::Value, Param::Value], |cx, a| {
        compare::less_or_equal(cx, &a[0], &a[1]).map(Val::Bool)
    }),
    Function::new("gt", &[Param::Value, Param::Value], |cx, a| {
        compare::less_or_equal(cx, &a[0], &a[1]).map(|le| Val::Bool(!le))
    }),
    Function::new("ge", &[Param::Value, Param::Value], |_, a| {
        compare::less(&a[0], &a[1]).map(|less| Val::Bool(!less))
    }),
];

fn unreachable_here<'v>(_: &Cx<'v>, _: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    Err(Fault::new("this function is part of the engine"))
}

/// `call`: no value of a template is a function.
pub(crate) fn call<'v>(name: &str, args: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match args.first() {
        Some(v) if !v.is_untyped_nil() => {
            Err(Fault::new(format!("non-function {name} of type {}", v.type_name())))
        }
        _ => Err(Fault::new("call of nil")),
    }
}
