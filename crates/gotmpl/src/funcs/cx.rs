//! [`Cx`]: what a function may use besides its arguments: the host's environment, and making values, which the
//! rendering's budget counts. Never I/O.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pillion_govalue::types::KNOWN;
use pillion_govalue::{TypeRef, Value};

use super::Fault;
use crate::limits::Limits;
use crate::value::{Bytes, Dict, List, MAX_NESTING, Val};

/// What the host lends to a rendering.
#[derive(Clone, Debug)]
pub struct Env {
    /// The time that `now` gives: read once by the host, so that a rendering is a function of its input.
    pub now: Timestamp,
    /// Whether a rendering asked for it.
    pub clock_read: Cell<bool>,
    /// The zone that Go would call `Local`.
    pub zone: TimeZone,
    /// What the function `env` may read: the host's settings, never the process's environment.
    pub settings: BTreeMap<String, String>,
}

impl Default for Env {
    fn default() -> Self {
        Self {
            now: Timestamp::UNIX_EPOCH,
            clock_read: Cell::new(false),
            zone: TimeZone::UTC,
            settings: BTreeMap::new(),
        }
    }
}

/// The context of a rendering, handed to every function.
#[derive(Debug)]
pub struct Cx<'v> {
    env: &'v Env,
    steps: Cell<u64>,
    memory: Cell<usize>,
    /// Every dict made, so that the end can empty them: they may hold each other in circles.
    dicts: RefCell<Vec<Dict<'v>>>,
    /// The last data written as JSON, and its text: templates ask whether there is any and write it then.
    json: RefCell<Option<(&'v Value<'v>, TypeRef, Bytes<'v>)>>,
}

impl<'v> Cx<'v> {
    /// A context with the whole budget of `limits`.
    #[must_use]
    pub fn new(env: &'v Env, limits: &Limits) -> Self {
        Self {
            env,
            steps: Cell::new(limits.steps),
            memory: Cell::new(limits.memory),
            dicts: RefCell::default(),
            json: RefCell::default(),
        }
    }

    /// What the host lends.
    #[must_use]
    pub const fn env(&self) -> &'v Env {
        self.env
    }

    /// Counts `n` steps of work. Functions whose work is not bounded by the size of their arguments (loops over
    /// a number) call it with about one step an iteration.
    pub fn step(&self, n: u64) -> Result<(), Fault> {
        let left = self
            .steps
            .get()
            .checked_sub(n)
            .ok_or(Fault::Limit("the template takes too many steps: it loops too often or too deep"))?;
        self.steps.set(left);
        Ok(())
    }

    /// Counts `bytes` of memory *before* they are allocated. A function whose result can be larger than its
    /// arguments (`repeat`, `nindent`, `until`, …) must call it; results are counted by the engine anyhow, but
    /// only once they are there.
    pub fn charge(&self, bytes: usize) -> Result<(), Fault> {
        let left = self.memory.get().checked_sub(bytes).ok_or(Fault::Limit(
            "the template makes too much: its values do not fit the memory it may use",
        ))?;
        self.memory.set(left);
        Ok(())
    }

    /// How much may still be charged.
    #[must_use]
    pub const fn memory_left(&self) -> usize {
        self.memory.get()
    }

    /// A `[]interface {}`.
    pub fn list(&self, items: Vec<Val<'v>>) -> Result<Val<'v>, Fault> {
        self.list_of(KNOWN.list_any, items)
    }

    /// A `[]string`.
    pub fn string_list<B: Into<Bytes<'v>>>(
        &self,
        items: impl IntoIterator<Item = B>,
    ) -> Result<Val<'v>, Fault> {
        self.list_of(KNOWN.list_string, items.into_iter().map(Val::string).collect())
    }

    /// A slice of type `ty`; the items must be of its element type, `Invalid` becomes the untyped nil.
    pub fn list_of(&self, ty: TypeRef, mut items: Vec<Val<'v>>) -> Result<Val<'v>, Fault> {
        self.charge(items.len().saturating_mul(size_of::<Val<'v>>()))?;
        for item in &mut items {
            if matches!(item, Val::Invalid) {
                *item = Val::nil();
            }
        }
        List::new(ty, items).map(Val::List).ok_or(TOO_DEEP)
    }

    /// An empty `map[string]interface {}`.
    pub fn dict(&self) -> Result<Dict<'v>, Fault> {
        self.dict_of(KNOWN.map_any)
    }

    /// An empty `map[string]string`.
    pub fn string_map(&self) -> Result<Dict<'v>, Fault> {
        self.dict_of(KNOWN.map_string)
    }

    /// An empty map of type `ty`, whose keys must be strings.
    pub fn dict_of(&self, ty: TypeRef) -> Result<Dict<'v>, Fault> {
        self.charge(size_of::<Dict<'v>>() + 64)?;
        let dict = Dict::new(ty);
        self.dicts.borrow_mut().push(dict.clone());
        Ok(dict)
    }

    /// Sets `key` in `dict`, counted.
    pub fn set(&self, dict: &Dict<'v>, key: impl Into<Bytes<'v>>, value: Val<'v>) -> Result<(), Fault> {
        self.charge(2 * size_of::<Val<'v>>())?;
        dict.insert(key, value);
        Ok(())
    }

    /// A JSON tree as Go decodes it into an `any`: new dicts and lists all through, floats for numbers.
    pub fn any_from(&self, tree: &Value<'_>) -> Result<Val<'v>, Fault> {
        self.any_at(tree, 0)
    }

    fn any_at(&self, tree: &Value<'_>, depth: u32) -> Result<Val<'v>, Fault> {
        if depth > MAX_NESTING {
            return Err(TOO_DEEP);
        }
        Ok(match tree {
            Value::Null => Val::nil(),
            Value::Bool(b) => Val::Bool(*b),
            Value::Int(_) | Value::Uint(_) | Value::Float(_) => Val::Float(tree.as_f64().unwrap_or_default()),
            Value::Str(s) => Val::string(String::from(s.as_str())),
            Value::List(items) => {
                let items = items.iter().map(|item| self.any_at(item, depth + 1));
                self.list(items.collect::<Result<_, _>>()?)?
            }
            Value::Map(map) => {
                let dict = self.dict()?;
                for (key, item) in map.iter() {
                    self.set(&dict, String::from(key.as_str()), self.any_at(item, depth + 1)?)?;
                }
                Val::Dict(dict)
            }
        })
    }

    /// A value as a plain tree, for writing it as JSON or YAML. Strings that are not UTF-8 get U+FFFD, as Go's
    /// JSON encoder writes them. Data read in place is shared, not copied.
    pub fn tree_of(&self, value: &Val<'v>) -> Result<Value<'v>, Fault> {
        self.tree_at(value, 0)
    }

    fn tree_at(&self, value: &Val<'v>, depth: u32) -> Result<Value<'v>, Fault> {
        if depth > MAX_NESTING {
            return Err(TOO_DEEP);
        }
        self.step(1)?;
        Ok(match value {
            Val::Invalid | Val::Nil(_) | Val::Complex(..) => Value::Null,
            Val::Bool(b) => Value::Bool(*b),
            Val::Int(i, _) => Value::Int(*i),
            Val::Uint(u, _) => i64::try_from(*u).map_or(Value::Uint(*u), Value::Int),
            Val::Float(f) => Value::Float(*f),
            Val::Str(Bytes::Borrowed(b), _) => match std::str::from_utf8(b) {
                Ok(s) => Value::from(s),
                Err(_) => Value::from(String::from_utf8_lossy(b).into_owned()),
            },
            Val::Str(s, _) => Value::from(s.text().into_owned()),
            Val::List(l) => {
                let items = l.items().iter().map(|item| self.tree_at(item, depth + 1));
                Value::list(items.collect::<Result<_, _>>()?)
            }
            Val::Dict(d) => {
                let mut entries = Vec::with_capacity(d.len());
                for (key, item) in d.entries() {
                    entries.push((key.text().into_owned().into(), self.tree_at(&item, depth + 1)?));
                }
                Value::map(pillion_govalue::Map::from_unique(entries))
            }
            Val::Typed(v, _) => (*v).clone(),
            Val::Oneof(v, member) => member.field.and_then(|f| v.get(f.json)).cloned().unwrap_or_default(),
            Val::Object(o) => o.string().map_or(Value::Null, Value::from),
        })
    }

    /// The text of `value` if it is data, which does not change, and the last that was written as JSON.
    pub(super) fn last_json(&self, value: &Val<'v>) -> Option<Bytes<'v>> {
        let (node, ty) = value.tree()?;
        let last = self.json.borrow();
        let (known, of, text) = last.as_ref()?;
        (std::ptr::eq(*known, node) && *of == ty).then(|| text.clone())
    }

    /// Remembers it.
    pub(super) fn remember_json(&self, value: &Val<'v>, text: &Bytes<'v>) {
        if let Some((node, ty)) = value.tree() {
            *self.json.borrow_mut() = Some((node, ty, text.clone()));
        }
    }

    /// Empties every dict that this rendering made.
    pub(crate) fn clear(&self) {
        for dict in self.dicts.take() {
            dict.clear();
        }
    }
}

impl Drop for Cx<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Containers nested deeper than anything can walk.
pub(crate) const TOO_DEEP: Fault = Fault::Limit("values are nested too deeply (more than 500 levels)");
