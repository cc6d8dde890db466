//! [`Val`]: a value inside a template is data plus its Go type, for Go's templates show the type everywhere: in
//! `eq` of a float and an int, in `%T`, in errors, in what a missing key is.
//! Owns: the model, reading typed trees ([`read`]), and the questions every function asks of a value.
//! Never: field access by name and methods (`access`, `methods`), printing (`fmt`), JSON or YAML.

mod bytes;
mod container;
mod kind;
mod object;
mod read;

use std::rc::Rc;

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef, Value};

pub use crate::methods::OneofField;

pub use bytes::Bytes;
pub use container::{Dict, List, MAX_NESTING};
pub use kind::GoKind;
pub use object::Object;
pub use read::{read, zero};

/// A value in a template.
#[derive(Clone, Debug)]
pub enum Val<'v> {
    /// Nothing at all: a missing key, the literal `nil`, a nil interface after a pipeline. Prints `<no value>`.
    /// A function sees it only through [`Param::Value`](crate::Param::Value); elsewhere it has become a nil of
    /// the parameter's type.
    Invalid,
    /// A nil of this type: pointer, slice or map; of type `interface {}` the untyped nil.
    Nil(TypeRef),
    /// `bool`.
    Bool(bool),
    /// A signed integer of this type; enums and `time.Duration` too.
    Int(i64, TypeRef),
    /// An unsigned integer of this type.
    Uint(u64, TypeRef),
    /// `float64`.
    Float(f64),
    /// `complex128`.
    Complex(f64, f64),
    /// A string of this type (`string`, `v1.Protocol`).
    Str(Bytes<'v>, TypeRef),
    /// A slice that the template made.
    List(List<'v>),
    /// A map that the template made.
    Dict(Dict<'v>),
    /// Data read in place. The type is never a plain scalar (those become the variants above as soon as they
    /// are read) and never `interface {}`; a pointer here is not nil; a null here is the type's zero.
    Typed(&'v Value<'v>, TypeRef),
    /// The wrapper that a message's oneof has set: the message's tree and the member. To Go a pointer in an
    /// interface.
    Oneof(&'v Value<'v>, &'static OneofField),
    /// A Go value of a type of its own, such as `time.Time`, that a function made.
    Object(Rc<dyn Object>),
}

/// Making values.
impl<'v> Val<'v> {
    /// The untyped nil.
    #[must_use]
    pub fn nil() -> Self {
        Self::Nil(KNOWN.any)
    }

    /// A `string`.
    #[must_use]
    pub fn string(s: impl Into<Bytes<'v>>) -> Self {
        Self::Str(s.into(), KNOWN.string)
    }

    /// An `int`.
    #[must_use]
    pub fn int(i: i64) -> Self {
        Self::Int(i, KNOWN.int)
    }

    /// An `int` from a length.
    #[must_use]
    pub fn len_of(n: usize) -> Self {
        Self::int(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// An `int64`.
    #[must_use]
    pub fn int64(i: i64) -> Self {
        Self::Int(i, KNOWN.int64)
    }

    /// Any object.
    #[must_use]
    pub fn object(object: impl Object) -> Self {
        Self::Object(Rc::new(object))
    }
}

/// Asking values.
impl<'v> Val<'v> {
    /// The kind, as `reflect.ValueOf(v).Kind()`: the untyped nil is `Invalid`.
    #[must_use]
    pub fn kind(&self) -> GoKind {
        match self {
            Self::Object(o) => o.kind(),
            Self::Oneof(_, member) if member.field.is_none() => GoKind::Interface,
            Self::Oneof(..) => GoKind::Ptr,
            _ => match self.ty() {
                Some(ty) if ty != KNOWN.any => GoKind::of(ty),
                _ => GoKind::Invalid,
            },
        }
    }

    /// The type; `None` for `Invalid`, objects and oneofs. The untyped nil has type `interface {}`.
    #[must_use]
    pub fn ty(&self) -> Option<TypeRef> {
        Some(match self {
            Self::Invalid | Self::Object(_) | Self::Oneof(..) => return None,
            Self::Bool(_) => KNOWN.bool,
            Self::Float(_) => KNOWN.float64,
            Self::Complex(..) => KNOWN.complex128,
            Self::Nil(ty) | Self::Int(_, ty) | Self::Uint(_, ty) | Self::Str(_, ty) | Self::Typed(_, ty) => {
                *ty
            }
            Self::List(l) => l.ty(),
            Self::Dict(d) => d.ty(),
        })
    }

    /// What `%T` prints: `<nil>` for the untyped nil.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Object(o) => o.type_name(),
            Self::Oneof(_, member) => &member.type_name,
            _ => match self.ty() {
                Some(ty) if ty != KNOWN.any => ty.name(),
                _ => "<nil>",
            },
        }
    }

    /// `Invalid` or the untyped nil: what a Go function gets as a nil `any`.
    #[must_use]
    pub fn is_untyped_nil(&self) -> bool {
        match self {
            Self::Invalid => true,
            Self::Nil(ty) => *ty == KNOWN.any,
            _ => false,
        }
    }

    /// Nothing, or any kind of nil.
    #[must_use]
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Invalid | Self::Nil(_))
    }

    /// Whether `if` takes it for true: not the zero of its kind, a container not empty, a struct always.
    #[must_use]
    pub fn truth(&self) -> bool {
        match self {
            Self::Invalid | Self::Nil(_) => false,
            Self::Bool(b) => *b,
            Self::Int(i, _) => *i != 0,
            Self::Uint(u, _) => *u != 0,
            Self::Float(f) => *f != 0.0,
            Self::Complex(re, im) => *re != 0.0 || *im != 0.0,
            Self::Object(_) => true,
            Self::Oneof(_, member) => member.field.is_some(),
            _ => self.len().is_none_or(|n| n != 0),
        }
    }

    /// The length of a string, slice or map (also a nil one); `None` for anything else.
    #[must_use]
    pub fn len(&self) -> Option<usize> {
        match self {
            Self::Str(s, _) => Some(s.len()),
            Self::List(l) => Some(l.items().len()),
            Self::Dict(d) => Some(d.len()),
            Self::Nil(ty) => matches!(ty.kind(), Kind::List(_) | Kind::Map(..)).then_some(0),
            Self::Typed(v, ty) => match ty.kind() {
                Kind::List(_) => v.as_list().map(<[_]>::len).or(Some(0)),
                Kind::Map(..) => v.as_map().map(pillion_govalue::Map::len).or(Some(0)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether [`Self::len`] is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The bytes of a string of any string type; empty for anything else. For parameters declared a string.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Str(s, _) => s,
            _ => b"",
        }
    }

    /// The string itself, cheaply; empty for anything else.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes<'v> {
        match self {
            Self::Str(s, _) => s.clone(),
            _ => Bytes::Borrowed(b""),
        }
    }

    /// A signed integer's value; 0 for anything else. For parameters declared an integer.
    #[must_use]
    pub const fn as_int(&self) -> i64 {
        match self {
            Self::Int(i, _) => *i,
            _ => 0,
        }
    }

    /// A float's value; 0 for anything else. For parameters declared `float64`.
    #[must_use]
    pub const fn as_float(&self) -> f64 {
        match self {
            Self::Float(f) => *f,
            _ => 0.0,
        }
    }

    /// The tree this value is read from in place, with its type: how a function reaches a Go struct's data.
    #[must_use]
    pub const fn tree(&self) -> Option<(&'v Value<'v>, TypeRef)> {
        match self {
            Self::Typed(v, ty) => Some((v, *ty)),
            _ => None,
        }
    }

    /// What a pointer points to; anything else as it is (also a nil pointer).
    #[must_use]
    pub fn deref(&self) -> Self {
        match self {
            Self::Typed(v, ty) => match ty.kind() {
                Kind::Ptr(to) => read(Some(v), to),
                _ => self.clone(),
            },
            _ => self.clone(),
        }
    }

    /// The elements of a slice (none of a nil one); `None` if this is no slice.
    #[must_use]
    pub fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::List(l) => Some(l.items().to_vec()),
            Self::Nil(ty) => matches!(ty.kind(), Kind::List(_)).then(Vec::new),
            Self::Typed(v, ty) => match ty.kind() {
                Kind::List(of) => {
                    Some(v.as_list().unwrap_or_default().iter().map(|item| read(Some(item), of)).collect())
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// One element of a slice.
    #[must_use]
    pub fn item(&self, at: usize) -> Option<Self> {
        match self {
            Self::List(l) => l.items().get(at).cloned(),
            Self::Typed(v, ty) => match ty.kind() {
                Kind::List(of) => v.as_list()?.get(at).map(|item| read(Some(item), of)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value at a key of a map; `None` if the key is missing or this is no map.
    #[must_use]
    pub fn entry(&self, key: &[u8]) -> Option<Self> {
        match self {
            Self::Dict(d) => d.get(key),
            Self::Typed(v, ty) => match ty.kind() {
                Kind::Map(_, of) => v.get(std::str::from_utf8(key).ok()?).map(|item| read(Some(item), of)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The entries of a map with string keys in bytewise key order, as Go ranges over it and prints it (none of
    /// a nil one); `None` if this is no map.
    #[must_use]
    pub fn entries(&self) -> Option<Vec<(Bytes<'v>, Self)>> {
        match self {
            Self::Dict(d) => Some(d.entries()),
            Self::Nil(ty) => matches!(ty.kind(), Kind::Map(..)).then(Vec::new),
            Self::Typed(v, ty) => match ty.kind() {
                Kind::Map(_, of) => Some(v.as_map().map_or_else(Vec::new, |m| {
                    let sorted = m.sorted().into_iter();
                    sorted.map(|(k, item)| (Bytes::from(k.as_str()), read(Some(item), of))).collect()
                })),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<bool> for Val<'_> {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<f64> for Val<'_> {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}
impl<'v> From<&'v str> for Val<'v> {
    fn from(s: &'v str) -> Self {
        Self::string(s)
    }
}
impl From<String> for Val<'_> {
    fn from(s: String) -> Self {
        Self::string(s)
    }
}
impl From<Vec<u8>> for Val<'_> {
    fn from(s: Vec<u8>) -> Self {
        Self::string(s)
    }
}
impl<'v> From<Bytes<'v>> for Val<'v> {
    fn from(s: Bytes<'v>) -> Self {
        Self::string(s)
    }
}
impl<'v> From<Dict<'v>> for Val<'v> {
    fn from(d: Dict<'v>) -> Self {
        Self::Dict(d)
    }
}
