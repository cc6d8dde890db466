//! [`Folded`]: a value that stands in a folded template in place of what it was found for. Never containers and
//! never data read in place: a template may ask whether two of them are one.

use pillion_govalue::TypeRef;

use crate::parse::ast::Pos;
use crate::value::{Bytes, Val};

/// A value with what evaluation and messages know of the operand that it replaces.
#[derive(Clone)]
pub(crate) struct Folded {
    /// How the operand is written, as messages quote it.
    pub(crate) shown: Box<str>,
    value: Constant,
    /// As in [`Ev`](crate::exec::Ev).
    pub(crate) iface: bool,
    /// The same.
    pub(crate) addr: bool,
    /// The place at which evaluating it ended, which the next message may name.
    pub(crate) end: End,
}

/// A place and what is written there.
#[derive(Clone)]
pub(crate) struct End {
    pub(crate) pos: Pos,
    pub(crate) shown: Box<str>,
}

/// A scalar that may be kept.
#[derive(Clone)]
enum Constant {
    Invalid,
    Nil(TypeRef),
    Bool(bool),
    Int(i64, TypeRef),
    Uint(u64, TypeRef),
    Float(f64),
    Str(Box<[u8]>, TypeRef),
}

impl Folded {
    /// The value kept; `None` if it is none that can be.
    pub(super) fn of(shown: String, value: &crate::exec::Ev<'_>, end: End) -> Option<Self> {
        let kept = match &value.val {
            Val::Invalid => Constant::Invalid,
            Val::Nil(ty) => Constant::Nil(*ty),
            Val::Bool(b) => Constant::Bool(*b),
            Val::Int(i, ty) => Constant::Int(*i, *ty),
            Val::Uint(u, ty) => Constant::Uint(*u, *ty),
            Val::Float(f) => Constant::Float(*f),
            Val::Str(s, ty) => Constant::Str(s.as_slice().into(), *ty),
            _ => return None,
        };
        Some(Self { shown: shown.into(), value: kept, iface: value.iface, addr: value.addr, end })
    }

    /// The value.
    pub(crate) fn val(&self) -> Val<'_> {
        match &self.value {
            Constant::Invalid => Val::Invalid,
            Constant::Nil(ty) => Val::Nil(*ty),
            Constant::Bool(b) => Val::Bool(*b),
            Constant::Int(i, ty) => Val::Int(*i, *ty),
            Constant::Uint(u, ty) => Val::Uint(*u, *ty),
            Constant::Float(f) => Val::Float(*f),
            Constant::Str(s, ty) => Val::Str(Bytes::Borrowed(s), *ty),
        }
    }

    /// The bytes it holds.
    pub(super) fn size(&self) -> usize {
        let text = if let Constant::Str(s, _) = &self.value { s.len() } else { 0 };
        text + self.shown.len() + self.end.shown.len()
    }
}
