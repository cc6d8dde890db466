//! [`Entries`]: a mapping while it is read. A repeated key keeps its place and takes the last value, in time
//! that stays linear for a hostile document of many keys.

use std::collections::HashMap;

use pillion_govalue::{Map, Str, Value};

/// Mappings up to this size are searched by looking at every key.
const SCAN: usize = 24;

/// Keys and values in the order of the text.
#[derive(Default)]
pub(crate) struct Entries<'v> {
    entries: Vec<(Str<'v>, Value<'v>)>,
    places: Option<HashMap<Str<'v>, usize>>,
}

impl<'v> Entries<'v> {
    /// Sets `key`.
    pub(crate) fn set(&mut self, key: Str<'v>, value: Value<'v>) {
        let place = match &self.places {
            Some(places) => places.get(&key).copied(),
            None => self.entries.iter().position(|(k, _)| *k == key),
        };
        if let Some(slot) = place.and_then(|at| self.entries.get_mut(at)) {
            slot.1 = value;
            return;
        }
        if let Some(places) = &mut self.places {
            places.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.places.is_none() && self.entries.len() > SCAN {
            let keys = self.entries.iter().enumerate();
            self.places = Some(keys.map(|(at, (key, _))| (key.clone(), at)).collect());
        }
    }

    /// Sets every key of `map`.
    pub(crate) fn set_all(&mut self, map: &Map<'v>) {
        for (key, value) in map.iter() {
            self.set(key.clone(), value.clone());
        }
    }

    pub(crate) fn into_value(self) -> Value<'v> {
        Value::map(Map::from_unique(self.entries))
    }
}
