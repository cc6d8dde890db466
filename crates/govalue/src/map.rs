//! [`Map`]: an object with its keys in source order. A key occurs once: a repeated key in the input keeps its
//! first place and takes the last value, as Go's decoder into a map does.

use std::fmt;
use std::sync::OnceLock;

use crate::{Str, Value};

/// An object: keys in source order, looked up by scanning (objects of a pod are small).
#[derive(Clone, Default)]
pub struct Map<'a> {
    /// Nothing as long as the entries are kept otherwise.
    entries: Vec<Entry<'a>>,
    kept: Kept<'a>,
}

type Entry<'a> = (Str<'a>, Value<'a>);

/// How entries are kept until somebody writes. Most objects of a pod have one or two (an environment variable, a mount,
/// a port), which lie in the object itself: an allocation less for each.
#[derive(Clone, Default)]
enum Kept<'a> {
    /// As a list.
    #[default]
    Listed,
    One([Entry<'a>; 1]),
    Two([Entry<'a>; 2]),
    Unread(Box<Unread<'a>>),
}

/// An object that is still the text it was in the input, known to be good, and what was read of it once somebody asked.
#[derive(Clone)]
struct Unread<'a> {
    text: &'a str,
    /// Copies, so that the type stays as free as a borrow: whoever asks pays for it.
    read: OnceLock<Vec<(Str<'static>, Value<'static>)>>,
}

impl Unread<'_> {
    fn read(&self) -> &[(Str<'static>, Value<'static>)] {
        self.read.get_or_init(|| match serde_json::from_str(self.text) {
            Ok(Value::Map(map)) => {
                map.iter().map(|(k, v)| (k.clone().into_owned(), v.clone().into_owned())).collect()
            }
            _ => Vec::new(),
        })
    }
}

impl<'a> Map<'a> {
    /// An empty object.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), kept: Kept::Listed }
    }

    /// Takes entries as they are; the caller vouches that no key occurs twice.
    #[must_use]
    pub fn from_unique(entries: Vec<(Str<'a>, Value<'a>)>) -> Self {
        Self { entries, kept: Kept::Listed }
    }

    /// An object of one entry.
    pub(crate) const fn one(entry: Entry<'a>) -> Self {
        Self { entries: Vec::new(), kept: Kept::One([entry]) }
    }

    /// An object of two entries; the caller vouches that their keys differ.
    pub(crate) const fn two(entries: [Entry<'a>; 2]) -> Self {
        Self { entries: Vec::new(), kept: Kept::Two(entries) }
    }

    /// The object that `text` is, which is read when somebody looks into it; the caller vouches that it can be.
    pub(crate) fn unread(text: &'a str) -> Self {
        let unread = Unread { text, read: OnceLock::new() };
        Self { entries: Vec::new(), kept: Kept::Unread(Box::new(unread)) }
    }

    /// Whether it is still text: an object of nothing but objects.
    pub(crate) const fn is_unread(&self) -> bool {
        matches!(self.kept, Kept::Unread(_))
    }

    #[inline]
    fn entries(&self) -> &[Entry<'a>] {
        match &self.kept {
            Kept::Listed => &self.entries,
            Kept::One(entries) => entries,
            Kept::Two(entries) => entries,
            Kept::Unread(unread) => unread.read(),
        }
    }

    #[inline]
    fn entries_mut(&mut self) -> &mut Vec<Entry<'a>> {
        match std::mem::take(&mut self.kept) {
            Kept::Listed => {}
            Kept::One(entries) => self.entries = Vec::from(entries),
            Kept::Two(entries) => self.entries = Vec::from(entries),
            Kept::Unread(unread) => self.entries = unread.read().to_vec(),
        }
        &mut self.entries
    }

    /// The value at `key`.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries().iter().find(|(k, _)| same(k, key)).map(|(_, v)| v)
    }

    /// The entry at a place in the order.
    #[inline]
    #[must_use]
    pub fn nth(&self, at: usize) -> Option<(&Str<'a>, &Value<'a>)> {
        self.entries().get(at).map(|(key, value)| (key, value))
    }

    /// The value at `key`, for writing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        self.entries_mut().iter_mut().find(|(k, _)| same(k, key)).map(|(_, v)| v)
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
                self.entries_mut().push((key, value));
                None
            }
        }
    }

    /// The value at `key`, made an empty object first if the key is missing.
    pub fn entry_or_insert(&mut self, key: impl Into<Str<'a>>, value: Value<'a>) -> &mut Value<'a> {
        let key = key.into();
        let entries = self.entries_mut();
        let at = entries.iter().position(|(k, _)| *k == key).unwrap_or_else(|| {
            entries.push((key, value));
            entries.len() - 1
        });
        &mut entries[at].1
    }

    /// Takes `key` out; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let at = self.entries().iter().position(|(k, _)| same(k, key))?;
        Some(self.entries_mut().remove(at).1)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value<'a>) -> bool) {
        self.entries_mut().retain_mut(|(k, v)| keep(k, v));
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// Entries in source order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Str<'a>, &Value<'a>)> + DoubleEndedIterator {
        self.entries().iter().map(|(k, v)| (k, v))
    }

    /// Entries in source order, values for writing.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Str<'a>, &mut Value<'a>)> {
        self.entries_mut().iter_mut().map(|(k, v)| (&*k, v))
    }

    /// Keys in source order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Str<'a>> {
        self.entries().iter().map(|(k, _)| k)
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
        let owned = |(key, value): Entry<'a>| (key.into_owned(), value.into_owned());
        match self.kept {
            Kept::One(entries) => Map { entries: Vec::new(), kept: Kept::One(entries.map(owned)) },
            Kept::Two(entries) => Map { entries: Vec::new(), kept: Kept::Two(entries.map(owned)) },
            Kept::Listed | Kept::Unread(_) => Map::from_unique(self.into_iter().map(owned).collect()),
        }
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (Str<'a>, Value<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;
    fn into_iter(mut self) -> Self::IntoIter {
        std::mem::take(self.entries_mut()).into_iter()
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

impl fmt::Debug for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Equality of keys. Most that are of one length differ in the first byte already.
#[inline]
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.as_bytes().first() == b.as_bytes().first() && a == b
}

/// Objects are equal when they hold the same keys and values, in whatever order.
impl PartialEq for Map<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(k, v)| other.get(k).is_some_and(|o| o == v))
    }
}
