//! [`Ledger`]: how often Events are written: at once the first time, for one object and reason once in ten minutes, and a few
//! dozen a minute in all. What comes in between is counted into the next one. It holds a bounded number of objects and
//! knows no clock. Never: what an Event says, or writing it.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;

/// How often Events are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// The shortest time between two of one key.
    pub(super) every: Duration,
    /// Most in a minute, and most at once.
    pub(super) a_minute: u32,
    /// Most keys that are known at a time.
    pub(super) keys: usize,
}

impl Default for Rate {
    fn default() -> Self {
        Self { every: Duration::from_mins(10), a_minute: 30, keys: 1024 }
    }
}

/// What became of something that was noted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Noted<T> {
    /// It is to be written now.
    Due(Due<T>),
    /// It is counted, and told with the next one.
    Folded,
    /// There is no room for another key.
    Full,
}

/// What is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due<T> {
    /// The last that was noted.
    pub(super) what: T,
    /// How many it stands for.
    pub(super) count: u64,
}

/// What was noted and written of one key.
#[derive(Debug)]
struct Entry<T> {
    written: Option<Instant>,
    /// What is not written yet, and how many.
    waiting: Option<Due<T>>,
}

/// What was noted and written.
#[derive(Debug)]
pub(super) struct Ledger<K, T> {
    rate: Rate,
    entries: HashMap<K, Entry<T>, RandomState>,
    /// Events that may be written at once, in parts of a minute's worth.
    allowance: f64,
    refilled: Instant,
}

impl<K: Clone + Eq + Hash, T> Ledger<K, T> {
    /// Nothing is noted.
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        let entries = HashMap::with_hasher(RandomState::default());
        Self { rate, entries, allowance: f64::from(rate.a_minute), refilled: now }
    }

    /// Notes something.
    pub(super) fn note(&mut self, key: &K, what: T, now: Instant) -> Noted<T> {
        if !self.entries.contains_key(key) {
            if self.entries.len() >= self.rate.keys {
                self.forget(now);
            }
            if self.entries.len() >= self.rate.keys {
                return Noted::Full;
            }
        }
        let entry = self.entries.entry(key.clone()).or_insert(Entry { written: None, waiting: None });
        let count = entry.waiting.take().map_or(1, |waiting| waiting.count + 1);
        entry.waiting = Some(Due { what, count });
        self.take(key, now).map_or(Noted::Folded, Noted::Due)
    }

    /// Something that waited and may be written now, the longest unwritten first.
    pub(super) fn due(&mut self, now: Instant) -> Option<Due<T>> {
        let every = self.rate.every;
        let may = |entry: &&Entry<T>| entry.waiting.is_some() && entry.is_over(every, now);
        let waiting = self.entries.iter().filter(|(_, entry)| may(entry));
        let key = waiting.min_by_key(|(_, entry)| entry.written).map(|(key, _)| key.clone())?;
        self.take(&key, now)
    }

    /// Forgets what needs not be known: keys of which nothing waits, and that might be written again at once.
    pub(super) fn forget(&mut self, now: Instant) {
        let every = self.rate.every;
        self.entries.retain(|_, entry| entry.waiting.is_some() || !entry.is_over(every, now));
    }

    fn take(&mut self, key: &K, now: Instant) -> Option<Due<T>> {
        let most = f64::from(self.rate.a_minute);
        let refill = now.saturating_duration_since(self.refilled).as_secs_f64() * most / 60.0;
        self.allowance = (self.allowance + refill).min(most);
        self.refilled = now;
        let entry = self.entries.get_mut(key).filter(|entry| entry.is_over(self.rate.every, now))?;
        if self.allowance < 1.0 {
            return None;
        }
        let due = entry.waiting.take()?;
        entry.written = Some(now);
        self.allowance -= 1.0;
        Some(due)
    }
}

impl<T> Entry<T> {
    /// Whether the last one was written long enough ago.
    fn is_over(&self, every: Duration, now: Instant) -> bool {
        self.written.is_none_or(|written| now.saturating_duration_since(written) >= every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { every: Duration::from_secs(600), a_minute: 3, keys: 5 };

    struct Clock(Instant);

    impl Clock {
        fn after(&self, seconds: u64) -> Instant {
            self.0 + Duration::from_secs(seconds)
        }
    }

    fn begin(rate: Rate) -> (Ledger<&'static str, u32>, Clock) {
        let now = Instant::now();
        (Ledger::new(rate, now), Clock(now))
    }

    fn due(what: u32, count: u64) -> Due<u32> {
        Due { what, count }
    }

    #[test]
    fn one_key_is_written_at_once_and_then_after_a_while_with_all_that_came() {
        let (mut ledger, at) = begin(RATE);
        assert_eq!(ledger.note(&"a", 1, at.after(0)), Noted::Due(due(1, 1)));
        for n in 2..50 {
            assert_eq!(ledger.note(&"a", n, at.after(u64::from(n))), Noted::Folded);
        }
        assert_eq!(ledger.due(at.after(599)), None);
        assert_eq!(ledger.due(at.after(600)), Some(due(49, 48)));
        assert_eq!(ledger.due(at.after(5000)), None, "nothing came since");
        assert_eq!(ledger.note(&"a", 50, at.after(5000)), Noted::Due(due(50, 1)));
    }

    #[test]
    fn all_keys_together_are_written_so_often_only_and_none_is_lost() {
        let (mut ledger, at) = begin(RATE);
        let keys = ["a", "b", "c", "d", "e"];
        let written = |noted| matches!(noted, Noted::Due(_));
        let at_once = keys.iter().filter(|key| written(ledger.note(key, 1, at.after(0)))).count();
        assert_eq!(at_once, 3);
        assert_eq!(ledger.due(at.after(19)), None);
        assert!(ledger.due(at.after(20)).is_some() && ledger.due(at.after(20)).is_none());
        assert!(ledger.due(at.after(40)).is_some());
        assert_eq!(ledger.due(at.after(4000)), None);
    }

    #[test]
    fn an_allowance_does_not_grow_beyond_a_minutes() {
        let (mut ledger, at) = begin(Rate { keys: 100, ..RATE });
        let keys: Vec<&'static str> = "a b c d e f g h".split(' ').collect();
        let written =
            keys.iter().filter(|key| ledger.note(key, 1, at.after(100_000)) == Noted::Due(due(1, 1)));
        assert_eq!(written.count(), 3);
    }

    #[test]
    fn keys_are_few_and_old_ones_make_room() {
        let (mut ledger, at) = begin(Rate { a_minute: 100, ..RATE });
        for key in ["a", "b", "c", "d", "e"] {
            assert!(matches!(ledger.note(&key, 1, at.after(0)), Noted::Due(_)));
        }
        assert_eq!(ledger.note(&"f", 1, at.after(1)), Noted::Full);
        assert_eq!(ledger.note(&"a", 2, at.after(2)), Noted::Folded, "what is known still counts");
        assert!(matches!(ledger.note(&"f", 1, at.after(700)), Noted::Due(_)));
        ledger.forget(at.after(700));
        assert_eq!(ledger.entries.len(), 2, "one was just written, and of one something waits");
    }
}
