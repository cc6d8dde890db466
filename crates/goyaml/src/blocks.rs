//! [`Blocks`]: what blocks of YAML text mean, remembered by the text, for texts that are mostly alike. Owns the
//! table, its bounds, and who may enter it. Never decides what a block is (`quick` does), and never changes what a
//! text means: with a full memory, an empty one or none, values and faults are the same.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use pillion_govalue::{Str, Value};

use crate::error::Error;
use crate::{parse_bytes, quick};

/// Blocks that are remembered unless somebody says otherwise: ten times what Istio's templates have.
const ENTRIES: usize = 1024;
/// Most bytes of all remembered texts and values together, as far as they can be counted.
const MOST_BYTES: usize = 1 << 20;
/// A block with more text is not remembered.
const LONGEST: usize = 16 << 10;
/// Among how many places of the table a block may have its own.
const WAYS: usize = 8;
/// How many uses of a block are counted.
const ENOUGH: u8 = 3;
/// How many hashes of blocks are noted that were met once.
const NOTED: usize = 4096;

/// A memory of blocks; clones share it. It learns from what it reads and is bounded in entries and bytes.
///
/// A block is remembered when it is met for the second time, so that texts which never come again (of a stranger
/// who sends many) neither cost a copy nor push out what does come again.
#[derive(Clone)]
pub struct Blocks(Option<Arc<Memory>>);

struct Memory {
    table: RwLock<Table>,
    /// Halves of hashes of blocks that were met, each at the place that its other half names.
    met: Box<[AtomicU32]>,
}

/// Sets of [`WAYS`] places each, or one set of as many as the whole table has. Sets are a power of two.
struct Table {
    places: Box<[Option<Entry>]>,
    ways: usize,
    last_set: usize,
    bytes: usize,
}

/// What a block is known by. Equal hashes are not enough: texts are compared.
#[derive(Clone, Copy)]
pub(crate) struct Name<'t> {
    /// The hash of its first line, by which it is looked for.
    pub(crate) first: u64,
    /// Whether it is an item of a list, `-` and all. As a block of its own the same text is a list of one.
    pub(crate) item: bool,
    pub(crate) text: &'t [u8],
}

struct Entry {
    first: u64,
    item: bool,
    /// The hash of the whole text.
    hash: u64,
    text: Box<[u8]>,
    value: Value<'static>,
    bytes: usize,
    /// How often it was of use, up to [`ENOUGH`]; each time that somebody looks for room it counts one less.
    uses: AtomicU8,
}

impl Entry {
    fn is(&self, name: Name<'_>) -> bool {
        self.first == name.first && self.item == name.item && *self.text == *name.text
    }

    /// Counts one use less. False if there was none.
    fn age(&mut self) -> bool {
        let uses = self.uses.get_mut();
        let any = *uses > 0;
        *uses = uses.saturating_sub(1);
        any
    }
}

impl Default for Blocks {
    fn default() -> Self {
        Self::new(ENTRIES)
    }
}

impl Blocks {
    /// A memory of at most `entries` blocks, which take at most 1 MiB. With 0 nothing is remembered, and texts are
    /// read as [`parse_bytes`] does.
    #[must_use]
    pub fn new(entries: usize) -> Self {
        if entries == 0 {
            return Self(None);
        }
        let ways = entries.min(WAYS);
        let sets = 1 << (entries / ways).ilog2();
        let places = (0..sets * ways).map(|_| None).collect();
        let table = RwLock::new(Table { places, ways, last_set: sets - 1, bytes: 0 });
        let met = (0..NOTED).map(|_| AtomicU32::new(0)).collect();
        Self(Some(Arc::new(Memory { table, met })))
    }

    /// [`parse_bytes`], faster where blocks of the text are known or simple.
    ///
    /// # Errors
    /// As [`parse_bytes`].
    pub fn parse_bytes(&self, bytes: &[u8]) -> Result<Value<'static>, Error> {
        match self.quick(bytes) {
            Some(value) => Ok(value),
            None => parse_bytes(bytes),
        }
    }

    /// `None` in doubt: then the text is to be read by tokens.
    pub(crate) fn quick(&self, bytes: &[u8]) -> Option<Value<'static>> {
        let memory = self.0.as_ref()?;
        // Never left half-done, so whoever panicked while holding it did no harm.
        let table = memory.table.read().unwrap_or_else(PoisonError::into_inner);
        let mut visit = Visit { table, met: &memory.met, fresh: Vec::new() };
        let value = quick::read(bytes, &mut visit)?;
        let Visit { table, fresh, .. } = visit;
        drop(table);
        // Nobody waits to have something remembered: another time will do.
        if !fresh.is_empty()
            && let Ok(mut table) = memory.table.try_write()
        {
            table.enter(fresh);
        }
        Some(value)
    }

    /// How many blocks are remembered, and how many bytes they take.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        self.0.as_ref().map_or((0, 0), |memory| {
            let table = memory.table.read().unwrap_or_else(PoisonError::into_inner);
            (table.places.iter().flatten().count(), table.bytes)
        })
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entries, bytes) = self.size();
        f.debug_struct("Blocks").field("entries", &entries).field("bytes", &bytes).finish()
    }
}

/// The memory while one text is read. Reading changes no entry; what is new waits until the end.
pub(crate) struct Visit<'b, 't> {
    table: RwLockReadGuard<'b, Table>,
    met: &'b [AtomicU32],
    fresh: Vec<Fresh<'t>>,
}

/// A block that was met before and is to be remembered.
struct Fresh<'t> {
    name: Name<'t>,
    hash: u64,
    value: Value<'static>,
}

impl<'t> Visit<'_, 't> {
    /// Of the known blocks that begin with a line of the hash `first`, the meaning of the one whose text and hash
    /// `fits`, and what that says.
    pub(crate) fn find<N>(
        &self,
        first: u64,
        item: bool,
        fits: impl Fn(&[u8], u64) -> Option<N>,
    ) -> Option<(Value<'static>, N)> {
        let set = self.table.places.get(self.table.set(first))?;
        let mut named = set.iter().flatten().filter(|entry| entry.first == first && entry.item == item);
        let (entry, found) = named.find_map(|entry| Some((entry, fits(&entry.text, entry.hash)?)))?;
        // Two readers may count as one. In time nobody writes here, so that threads do not disturb each other.
        let uses = entry.uses.load(Ordering::Relaxed);
        if uses < ENOUGH {
            entry.uses.store(uses + 1, Ordering::Relaxed);
        }
        Some((entry.value.clone(), found))
    }

    /// Notes that a block, which was not known, means `value`. `hash` is that of its whole text.
    pub(crate) fn met(&mut self, name: Name<'t>, hash: u64, value: &Value<'static>) {
        // A list of one is the same text as its item.
        let hash = if name.item { !hash } else { hash };
        let (mark, place) = ((hash >> 32) as u32, hash as usize % self.met.len());
        let Some(note) = self.met.get(place).filter(|_| name.text.len() <= LONGEST) else { return };
        if note.load(Ordering::Relaxed) == mark {
            self.fresh.push(Fresh { name, hash, value: value.clone() });
        } else {
            note.store(mark, Ordering::Relaxed);
        }
    }
}

impl Table {
    /// Where blocks may be whose first line has this hash.
    fn set(&self, hash: u64) -> std::ops::Range<usize> {
        let at = ((hash ^ hash >> 32) as usize & self.last_set) * self.ways;
        at..at + self.ways
    }

    /// Remembers blocks as far as there is room, or room can be made by forgetting what was of no use of late.
    fn enter(&mut self, fresh: Vec<Fresh<'_>>) {
        let mut swept = false;
        for Fresh { name, hash, value } in fresh {
            let bytes = size_of::<Entry>() + name.text.len() + weight(&value);
            if self.bytes + bytes > MOST_BYTES && !swept {
                self.sweep();
                swept = true;
            }
            if self.bytes + bytes > MOST_BYTES {
                continue;
            }
            let set = self.set(name.first);
            let Some(set) = self.places.get_mut(set) else { continue };
            if set.iter().flatten().any(|entry| entry.is(name)) {
                continue;
            }
            let useless = |place: &mut Option<Entry>| place.as_mut().is_some_and(|e| *e.uses.get_mut() == 0);
            let place = set.iter().position(Option::is_none).or_else(|| set.iter_mut().position(useless));
            let Some(place) = place.and_then(|at| set.get_mut(at)) else {
                // All were of use. The block may come again when one of them no longer is.
                set.iter_mut().flatten().for_each(|entry| {
                    entry.age();
                });
                continue;
            };
            let Name { first, item, text } = name;
            let entry = Entry { first, item, hash, text: text.into(), value, bytes, uses: AtomicU8::new(1) };
            let old = place.replace(entry).map_or(0, |old| old.bytes);
            self.bytes = self.bytes + bytes - old;
        }
    }

    /// Forgets what was of no use since the last time.
    fn sweep(&mut self) {
        for place in &mut self.places {
            if let Some(entry) = place
                && !entry.age()
            {
                self.bytes -= entry.bytes;
                *place = None;
            }
        }
    }
}

/// The bytes that a value takes. What values share is counted for each of them.
fn weight(value: &Value<'_>) -> usize {
    const SHARED: usize = 32;
    let text = |text: &Str<'_>| match text {
        Str::Borrowed(_) | Str::Watched(_) => 0,
        Str::Shared(text) => SHARED + text.len(),
    };
    match value {
        Value::Str(s) => text(s),
        Value::List(items) => {
            SHARED + items.capacity() * size_of::<Value<'_>>() + items.iter().map(weight).sum::<usize>()
        }
        Value::Map(map) => {
            let entries =
                map.iter().map(|(key, value)| size_of::<(Str<'_>, Value<'_>)>() + text(key) + weight(value));
            SHARED + entries.sum::<usize>()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: usize) -> String {
        format!("list:\n- name: n{n}\n  value: {}\n- name: same\n  value: same\n", "x".repeat(n % 900))
    }

    #[test]
    fn a_block_is_remembered_when_it_comes_again_and_then_shared() {
        let blocks = Blocks::default();
        let read = |n: usize| blocks.parse_bytes(text(n).as_bytes()).unwrap();
        let same =
            |value: &Value<'static>| value.get("list").and_then(|l| Some(l.as_list()?[1].clone())).unwrap();
        read(1);
        assert_eq!(blocks.size().0, 0);
        let second = same(&read(2));
        assert_eq!(blocks.size().0, 1);
        assert!(second.same_pointer(&same(&read(3))));
        assert!(same(&read(4)).same_pointer(&same(&read(5))));
        assert_eq!(blocks.size().0, 1, "what differs each time is not remembered");
    }

    #[test]
    fn what_is_remembered_is_bounded_in_entries_and_bytes() {
        for entries in [1, 3, 8, 100, 100_000] {
            let blocks = Blocks::new(entries);
            for n in (0..5000).chain(0..100) {
                for _ in 0..3 {
                    blocks.parse_bytes(text(n).as_bytes()).unwrap();
                }
                let (used, bytes) = blocks.size();
                assert!(used <= entries && bytes <= MOST_BYTES, "{used} of {entries}, {bytes} bytes");
            }
            assert!(blocks.size().0 > 0);
        }
    }

    #[test]
    fn what_is_of_use_stays() {
        let blocks = Blocks::new(8);
        let known = |n: usize| {
            let text = format!("- a: {n}\n  b: {n}\n");
            let read = || blocks.parse_bytes(text.as_bytes()).unwrap().as_list().unwrap()[0].clone();
            read().same_pointer(&read())
        };
        while !known(0) {}
        for n in 1..2000 {
            known(n);
            known(n);
            assert!(known(0), "{n}");
        }
    }

    #[test]
    fn a_memory_of_nothing_reads_all_the_same() {
        let blocks = Blocks::new(0);
        assert_eq!(blocks.parse_bytes(b"a: 1\n").unwrap().get("a"), Some(&Value::Int(1)));
        assert!(blocks.parse_bytes(b"a: [\n").is_err());
        assert_eq!(blocks.size(), (0, 0));
    }
}
