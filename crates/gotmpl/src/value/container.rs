//! [`List`] and [`Dict`]: slices and maps that a template makes. A list never changes; a dict does, for `set`
//! and its like write in place, and every holder of the dict sees it.
//! Both are made through [`Cx`](crate::Cx), which counts them; neither knows its budget.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use pillion_govalue::TypeRef;

use super::{Bytes, Val};

/// How deep containers may nest. Go knows no bound and dies of a deeper one (its stack ends).
pub const MAX_NESTING: u32 = 500;

/// A slice made by a template.
#[derive(Clone)]
pub struct List<'v> {
    ty: TypeRef,
    /// Lists in lists, counted so that dropping one never recurses further than [`MAX_NESTING`].
    depth: u32,
    items: Rc<[Val<'v>]>,
}

impl<'v> List<'v> {
    /// `None` if lists would nest deeper than [`MAX_NESTING`].
    pub(crate) fn new(ty: TypeRef, items: Vec<Val<'v>>) -> Option<Self> {
        let below = items.iter().map(|v| if let Val::List(l) = v { l.depth } else { 0 }).max().unwrap_or(0);
        (below < MAX_NESTING).then(|| Self { ty, depth: below + 1, items: Rc::from(items) })
    }

    /// The slice's type: `[]interface {}`, `[]string`, …
    #[must_use]
    pub const fn ty(&self) -> TypeRef {
        self.ty
    }

    /// The elements.
    #[must_use]
    pub fn items(&self) -> &[Val<'v>] {
        &self.items
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items.iter()).finish()
    }
}

/// A map with string keys made by a template: cloning it gives another handle to the same map.
#[derive(Clone)]
pub struct Dict<'v>(Rc<DictCell<'v>>);

struct DictCell<'v> {
    ty: TypeRef,
    entries: RefCell<BTreeMap<Bytes<'v>, Val<'v>>>,
}

impl<'v> Dict<'v> {
    pub(crate) fn new(ty: TypeRef) -> Self {
        Self(Rc::new(DictCell { ty, entries: RefCell::default() }))
    }

    /// The map's type: `map[string]interface {}` or `map[string]string`.
    #[must_use]
    pub fn ty(&self) -> TypeRef {
        self.0.ty
    }

    /// The value at `key`.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<Val<'v>> {
        self.0.entries.borrow().get(key).cloned()
    }

    /// Whether `key` is there, also with a nil value.
    #[must_use]
    pub fn contains_key(&self, key: &[u8]) -> bool {
        self.0.entries.borrow().contains_key(key)
    }

    /// Sets `key`. `Invalid` is stored as a nil interface, as Go has it.
    pub fn insert(&self, key: impl Into<Bytes<'v>>, value: Val<'v>) {
        let value = if matches!(value, Val::Invalid) { Val::nil() } else { value };
        self.0.entries.borrow_mut().insert(key.into(), value);
    }

    /// Takes `key` out.
    pub fn remove(&self, key: &[u8]) -> Option<Val<'v>> {
        self.0.entries.borrow_mut().remove(key)
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries as they are now, by key.
    #[must_use]
    pub fn entries(&self) -> Vec<(Bytes<'v>, Val<'v>)> {
        self.0.entries.borrow().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// Whether both are handles of one map.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Takes everything out: how a rendering ends, so that a dict that holds itself is freed too.
    pub(crate) fn clear(&self) {
        // Taken out first: dropping the values may drop other handles of this very map.
        let entries = self.0.entries.take();
        drop(entries);
    }
}

impl fmt::Debug for Dict<'_> {
    /// Only the keys: a dict may hold itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.entries.borrow().keys()).finish()
    }
}
