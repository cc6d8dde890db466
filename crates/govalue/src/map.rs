//! [`Map`]: an object with its keys in source order. A key occurs once: a repeated key in the input keeps its
//! first place and takes the last value, as Go's decoder into a map does.

use crate::{Str, Value};

/// An object: keys in source order, looked up by scanning (objects of a pod are small).
#[derive(Clone, Debug, Default)]
pub struct Map<'a> {
    entries: Vec<(Str<'a>, Value<'a>)>,
}

impl<'a> Map<'a> {
    /// An empty object.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Takes entries as they are; the caller vouches that no key occurs twice.
    #[must_use]
    pub fn from_unique(entries: Vec<(Str<'a>, Value<'a>)>) -> Self {
        Self { entries }
    }

    /// The value at `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries.iter().find(|(k, _)| k.as_str() == key).map(|(_, v)| v)
    }

    /// The value at `key`, for writing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        self.entries.iter_mut().find(|(k, _)| k.as_str() == key).map(|(_, v)| v)
    }

    /// Whether `key` is there, also with a null value.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets `key`, in place where it is there, at the end otherwise.
    pub fn insert(&mut self, key: impl Into<Str<'a>>, value: impl Into<Value<'a>>) -> Option<Value<'a>> {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(slot) => Some(std::mem::replace(slot, value)),
            None => {
                self.entries.push((key, value));
                None
            }
        }
    }

    /// The value at `key`, made an empty object first if the key is missing.
    pub fn entry_or_insert(&mut self, key: impl Into<Str<'a>>, value: Value<'a>) -> &mut Value<'a> {
        let key = key.into();
        let at = self.entries.iter().position(|(k, _)| *k == key).unwrap_or_else(|| {
            self.entries.push((key, value));
            self.entries.len() - 1
        });
        &mut self.entries[at].1
    }

    /// Takes `key` out; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let at = self.entries.iter().position(|(k, _)| k.as_str() == key)?;
        Some(self.entries.remove(at).1)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value<'a>) -> bool) {
        self.entries.retain_mut(|(k, v)| keep(k, v));
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Entries in source order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Str<'a>, &Value<'a>)> + DoubleEndedIterator {
        self.entries.iter().map(|(k, v)| (k, v))
    }

    /// Entries in source order, values for writing.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Str<'a>, &mut Value<'a>)> {
        self.entries.iter_mut().map(|(k, v)| (&*k, v))
    }

    /// Keys in source order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Str<'a>> {
        self.entries.iter().map(|(k, _)| k)
    }

    /// Entries in bytewise key order: how Go ranges over and prints a map.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&Str<'a>, &Value<'a>)> {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// The same object, free of the input's lifetime.
    #[must_use]
    pub fn into_owned(self) -> Map<'static> {
        Map { entries: self.entries.into_iter().map(|(k, v)| (k.into_owned(), v.into_owned())).collect() }
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (Str<'a>, Value<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a, K: Into<Str<'a>>, V: Into<Value<'a>>> FromIterator<(K, V)> for Map<'a> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (k, v) in entries {
            map.insert(k, v);
        }
        map
    }
}

/// Objects are equal when they hold the same keys and values, in whatever order.
impl PartialEq for Map<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(k, v)| other.get(k).is_some_and(|o| o == v))
    }
}
