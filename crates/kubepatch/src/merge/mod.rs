//! Strategic merge: a patch laid over an object, with the rules of apimachinery's `util/strategicpatch`
//! (`StrategicMergePatch`), which users know from `kubectl patch` and which Istio's injector merges pods with.
//!
//! Owns: which fields merge and how. Cost is linear in the two trees; recursion is bounded by the type table, for
//! only fields of known types are merged, and by the depth of what a parser let through.
//! Never: checks values against their types; see the check of pillion-core.

mod directives;
mod error;
mod key;
mod list;
mod object;
mod parts;
mod take;

pub use error::{MergeError, MergeFault};
pub use parts::Parts;

use pillion_govalue::{Field, Kind, Map, TypeRef, Value};
use take::Nulls;

/// What `strategicpatch.StrategicMergePatch` makes of `original` and `patch` for an object of type `ty`.
///
/// # Errors
/// [`MergeError`] where apimachinery has one: an item without its merge key, a directive it does not know, a list
/// of mixed kinds, an object or list in both under a field that the type does not have.
pub fn strategic_merge<'a>(
    original: &Value<'a>,
    patch: &Value<'a>,
    ty: TypeRef,
) -> Result<Value<'a>, MergeError> {
    Merge::EXACT.top(original, patch, ty)
}

/// What injection does with an overlay: the merge of `original`, seen as Go's typed JSON of it, with `patch`; then
/// seen as Go's decoder sees it. The tree itself stays the user's own, so what the patch does not touch is shared
/// with `original`, unknown fields included; unknown fields of the patch are left out, as decoding leaves them out. A field
/// that the patch names in another case stays under that name, for the decoder to read: it merges with nothing.
///
/// Lists of the original that come from the overlay itself, because it names an item twice, are seen as typed JSON
/// too: there Istio refuses an item without merge key, and here it passes.
///
/// One difference from Istio is meant: there every number goes through a `float64` on the way, and integers of the
/// user's own pod beyond 2^53 come out changed; here they stay.
///
/// # Errors
/// [`MergeError`] as [`strategic_merge`].
pub fn overlay<'a>(original: &Value<'a>, patch: &Value<'a>, ty: TypeRef) -> Result<Value<'a>, MergeError> {
    Merge::TYPED.top(original, patch, ty)
}

/// An overlay that is laid over more than one object: what can be said of it alone is found out once.
#[derive(Clone, Debug)]
pub struct Overlay<'p, 'a> {
    patch: &'p Value<'a>,
    ty: TypeRef,
    known: Option<Nulls>,
}

impl<'p, 'a> Overlay<'p, 'a> {
    /// `patch` as an overlay of objects of type `ty`.
    #[must_use]
    pub fn new(patch: &'p Value<'a>, ty: TypeRef) -> Self {
        Self { patch, ty, known: Nulls::survey(patch, ty, &mut ()) }
    }

    /// As [`Overlay::new`], with a memory of parts; and whether the overlay is plain and fits: `fits` says whether every
    /// value of it is of the type of its place, and is told which parts it need not look at, for they were before.
    #[must_use]
    pub fn remembered(
        patch: &'p Value<'static>,
        ty: TypeRef,
        parts: &Parts,
        fits: impl FnOnce(&dyn Fn(&Value<'static>, TypeRef) -> bool) -> bool,
    ) -> (Self, bool) {
        let mut visit = parts.visit();
        let known = Nulls::survey(patch, ty, &mut visit);
        let fits = known.is_some() && fits(&|value, ty| visit.knows(value, ty));
        let fresh = visit.into_fresh();
        if fits {
            parts.enter(fresh);
        }
        (Self { patch, ty, known }, fits)
    }

    /// Whether it holds values only: no `$patch` and no field that the type does not have. What comes out of laying it
    /// over an object is then made of nothing but values of the two, each at a place of its own type.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.known.is_some()
    }

    /// As [`overlay`].
    ///
    /// # Errors
    /// [`MergeError`] as [`strategic_merge`].
    pub fn over(&self, original: &Value<'a>) -> Result<Value<'a>, MergeError> {
        Merge { known: self.known.as_ref(), ..Merge::TYPED }.top(original, self.patch, self.ty)
    }
}

/// How values of the two trees are seen.
#[derive(Clone, Copy, Debug)]
struct Merge<'k> {
    /// All numbers are one kind, as after `encoding/json` into `any`; otherwise integers and floats are two, as
    /// after apimachinery's own decoder.
    floats: bool,
    /// `original` counts as Go's typed JSON of it, and fields that the type does not have do not count.
    typed: bool,
    /// Where it is known that nothing but nulls is to be left out of the patch: where those are.
    known: Option<&'k Nulls>,
}

impl Merge<'_> {
    const EXACT: Self = Self { floats: false, typed: false, known: None };
    const TYPED: Self = Self { floats: true, typed: true, known: None };

    fn top<'a>(self, original: &Value<'a>, patch: &Value<'a>, ty: TypeRef) -> Result<Value<'a>, MergeError> {
        let (mut merged, nothing) = (original.clone(), Map::new());
        let patch = match patch {
            Value::Map(patch) => patch,
            Value::Null => &nothing,
            _ => return Err(MergeFault::BadDocument.into()),
        };
        match original {
            Value::Map(_) => {}
            Value::Null => merged = Value::empty_map(),
            _ => return Err(MergeFault::BadDocument.into()),
        }
        self.object(&mut merged, patch, ty)?;
        Ok(merged)
    }

    /// The kind of a value as the merge compares kinds.
    const fn kind(self, value: &Value<'_>) -> ValueKind {
        match value {
            Value::Null => ValueKind::Null,
            Value::Bool(_) => ValueKind::Bool,
            Value::Int(_) if !self.floats => ValueKind::Int,
            Value::Int(_) | Value::Uint(_) | Value::Float(_) => ValueKind::Float,
            Value::Str(_) => ValueKind::Str,
            Value::List(_) => ValueKind::List,
            Value::Map(_) => ValueKind::Map,
        }
    }

    /// Member `key` of the original; seen as typed JSON, null and empty lists and maps are not there.
    fn member<'v, 'a>(self, original: &'v Value<'a>, key: &str, ty: TypeRef) -> Option<&'v Value<'a>> {
        let value = original.get(key)?;
        if !self.typed {
            return Some(value);
        }
        let omitted = || ty.deref().field_by_json(key).is_some_and(|f| f.omitempty);
        match value {
            Value::Null => None,
            Value::List(items) if items.is_empty() && omitted() => None,
            Value::Map(map) if map.is_empty() && omitted() && !is_struct(ty, key) => None,
            _ => Some(value),
        }
    }
}

/// Whether the field is a struct or a pointer to one: never left out for being empty.
fn is_struct(ty: TypeRef, key: &str) -> bool {
    ty.deref().field_by_json(key).is_some_and(|f| matches!(f.ty.deref().kind(), Kind::Struct(_)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueKind {
    Null,
    Bool,
    Int,
    Float,
    Str,
    List,
    Map,
}

impl ValueKind {
    /// Go's name of the type that the decoder makes of it.
    const fn go_type(self) -> &'static str {
        match self {
            Self::Null => "%!s(<nil>)",
            Self::Bool => "bool",
            Self::Int => "int64",
            Self::Float => "float64",
            Self::Str => "string",
            Self::List => "[]interface {}",
            Self::Map => "map[string]interface {}",
        }
    }
}

/// The field that a member of an object or list is merged by, found as `encoding/json` finds it.
fn field(ty: TypeRef, key: &str) -> Result<&'static Field, MergeError> {
    let of = ty.deref();
    if !matches!(of.kind(), Kind::Struct(_)) {
        return Err(MergeFault::NotStruct(go_kind(of)).into());
    }
    of.get()
        .field_by_json_fold(key)
        .ok_or_else(|| MergeFault::UnknownField { ty: of, field: key.into() }.into())
}

/// The type of a list field's items.
fn item_type(ty: TypeRef, field: &Field) -> Result<TypeRef, MergeError> {
    let item = match field.ty.kind() {
        Kind::List(item) => item,
        Kind::Ptr(to) => return Ok(if let Kind::List(item) = to.kind() { item } else { to }),
        _ => return Err(MergeFault::NotList(go_kind(ty)).into()),
    };
    if matches!(item.kind(), Kind::List(_)) {
        return Err(MergeFault::ListOfLists.into());
    }
    Ok(item)
}

/// Go's `reflect.Kind` of a type.
fn go_kind(ty: TypeRef) -> &'static str {
    match ty.kind() {
        Kind::Struct(_)
        | Kind::Message(_)
        | Kind::Quantity
        | Kind::IntOrString
        | Kind::Time
        | Kind::FieldsV1
        | Kind::Duration
        | Kind::Wrapper(_)
        | Kind::StructPb => "struct",
        Kind::Ptr(_) => "ptr",
        Kind::List(_) => "slice",
        Kind::Map(..) => "map",
        Kind::Any => "interface",
        Kind::Enum(_) | Kind::Int32 => "int32",
        Kind::Bool => "bool",
        Kind::Int => "int",
        Kind::Int64 => "int64",
        Kind::Uint8 => "uint8",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Float64 => "float64",
        Kind::Complex128 => "complex128",
        Kind::String => "string",
    }
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod tests;
