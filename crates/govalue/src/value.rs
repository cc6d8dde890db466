//! [`Value`]: the one tree. Cloning shares; writing copies only the path that is touched.
//! Never knows Go types (see [`crate::types`]) and never parses.

use std::sync::Arc;

use crate::{Map, Str};

/// A JSON value whose integers stay integers: `1.0` and `1e3` are `Float`, for Go refuses them for an int32.
#[derive(Clone, Debug, Default)]
pub enum Value<'a> {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits `i64`.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// A number written with a point or an exponent, or too large for `u64`.
    Float(f64),
    /// A string.
    Str(Str<'a>),
    /// An array, shared until written to.
    List(Arc<Vec<Self>>),
    /// An object, shared until written to.
    Map(Arc<Map<'a>>),
}

impl<'a> Value<'a> {
    /// An array.
    #[must_use]
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(items))
    }

    /// An object.
    #[must_use]
    pub fn map(map: Map<'a>) -> Self {
        Self::Map(Arc::new(map))
    }

    /// An empty object.
    #[must_use]
    pub fn empty_map() -> Self {
        Self::map(Map::new())
    }

    /// Whether this is `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The integer, if this is one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(*i),
            Self::Uint(u) => i64::try_from(*u).ok(),
            _ => None,
        }
    }

    /// Any number as Go's `float64`.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "Go reads JSON numbers as float64 with the same loss")]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(i) => Some(*i as f64),
            Self::Uint(u) => Some(*u as f64),
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// The items, if this is an array.
    #[must_use]
    #[inline]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(l) => Some(l),
            _ => None,
        }
    }

    /// The object, if this is one.
    #[must_use]
    #[inline]
    pub fn as_map(&self) -> Option<&Map<'a>> {
        match self {
            Self::Map(m) => Some(m),
            _ => None,
        }
    }

    /// The items for writing: copies this array's top level if it is shared.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Self>> {
        match self {
            Self::List(l) => Some(Arc::make_mut(l)),
            _ => None,
        }
    }

    /// The object for writing: copies this object's top level if it is shared.
    pub fn as_map_mut(&mut self) -> Option<&mut Map<'a>> {
        match self {
            Self::Map(m) => Some(Arc::make_mut(m)),
            _ => None,
        }
    }

    /// The member `key`; `None` if this is no object or has no such key.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// The member `key` for writing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.as_map_mut()?.get_mut(key)
    }

    /// What lies at the end of a path of object keys.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |v, key| v.get(key))
    }

    /// The object at `key`, for writing; a missing or null member becomes an empty object first.
    /// `None` if this is no object or the member is of another kind.
    pub fn child_map(&mut self, key: &'static str) -> Option<&mut Map<'a>> {
        let slot = self.as_map_mut()?.entry_or_insert(key, Self::empty_map());
        if slot.is_null() {
            *slot = Self::empty_map();
        }
        slot.as_map_mut()
    }

    /// The array at `key`, for writing; a missing or null member becomes an empty array first.
    /// `None` if this is no object or the member is of another kind.
    pub fn child_list(&mut self, key: &'static str) -> Option<&mut Vec<Self>> {
        let slot = self.as_map_mut()?.entry_or_insert(key, Self::list(Vec::new()));
        if slot.is_null() {
            *slot = Self::list(Vec::new());
        }
        slot.as_list_mut()
    }

    /// Whether both are one allocation, so that nothing below can differ.
    #[must_use]
    #[inline]
    pub fn same_pointer(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(a, b),
            (Self::Map(a), Self::Map(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// The name of this kind of JSON value, as Go's decoder says it in errors.
    #[must_use]
    pub const fn kind_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Uint(_) | Self::Float(_) => "number",
            Self::Str(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }

    /// The same value, free of the input's lifetime.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(i) => Value::Int(i),
            Self::Uint(u) => Value::Uint(u),
            Self::Float(f) => Value::Float(f),
            Self::Str(s) => Value::Str(s.into_owned()),
            Self::List(l) => {
                Value::list(Arc::unwrap_or_clone(l).into_iter().map(Value::into_owned).collect())
            }
            Self::Map(m) => Value::map(Arc::unwrap_or_clone(m).into_owned()),
        }
    }
}

/// Equality of meaning: key order does not count; an integer and a float of one value are equal.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Uint(a), Self::Uint(b)) => a == b,
            (Self::Int(_) | Self::Uint(_), Self::Int(_) | Self::Uint(_)) => false,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::Map(a), Self::Map(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => matches!((self.as_f64(), other.as_f64()), (Some(a), Some(b)) if a == b),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(s: &'a str) -> Self {
        Self::Str(Str::from(s))
    }
}
impl From<String> for Value<'_> {
    fn from(s: String) -> Self {
        Self::Str(Str::from(s))
    }
}
impl<'a> From<Str<'a>> for Value<'a> {
    fn from(s: Str<'a>) -> Self {
        Self::Str(s)
    }
}
impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<i64> for Value<'_> {
    fn from(i: i64) -> Self {
        Self::Int(i)
    }
}
impl<'a> From<Map<'a>> for Value<'a> {
    fn from(map: Map<'a>) -> Self {
        Self::map(map)
    }
}
impl<'a> From<Vec<Self>> for Value<'a> {
    fn from(items: Vec<Self>) -> Self {
        Self::list(items)
    }
}
