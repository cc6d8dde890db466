//! [`GoKind`]: the kinds of values that Go's `reflect` knows.

use pillion_govalue::{Kind, TypeRef};

/// What `reflect` calls the kind of a value; [`GoKind::name`] is its text in Go's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Go's own")]
pub enum GoKind {
    Invalid,
    Interface,
    Bool,
    Int,
    Int32,
    Int64,
    Uint8,
    Uint32,
    Uint64,
    Float64,
    Complex128,
    String,
    Slice,
    Map,
    Ptr,
    Struct,
}

impl GoKind {
    /// Go's word: `slice`, `ptr`, `map`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Interface => "interface",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float64 => "float64",
            Self::Complex128 => "complex128",
            Self::String => "string",
            Self::Slice => "slice",
            Self::Map => "map",
            Self::Ptr => "ptr",
            Self::Struct => "struct",
        }
    }

    /// The kind of values of type `ty`.
    #[must_use]
    pub fn of(ty: TypeRef) -> Self {
        match ty.kind() {
            Kind::Any => Self::Interface,
            Kind::Bool => Self::Bool,
            Kind::Int => Self::Int,
            Kind::Int32 | Kind::Enum(_) => Self::Int32,
            Kind::Int64 => Self::Int64,
            Kind::Uint8 => Self::Uint8,
            Kind::Uint32 => Self::Uint32,
            Kind::Uint64 => Self::Uint64,
            Kind::Float64 => Self::Float64,
            Kind::Complex128 => Self::Complex128,
            Kind::String => Self::String,
            Kind::Ptr(_) => Self::Ptr,
            Kind::List(_) => Self::Slice,
            Kind::Map(..) => Self::Map,
            _ => Self::Struct,
        }
    }
}
