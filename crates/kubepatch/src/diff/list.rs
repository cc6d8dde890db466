//! Steps between two lists: what goes is removed from the back, then the list is put right from the front, so that
//! each step's index is known without touching the list; changes inside items come last, at their final places.

use pillion_govalue::Value;

use super::matching::{Match, match_items};
use super::{Diff, Place};
use crate::Op;

impl<'a> Diff<'a> {
    pub(super) fn list(&mut self, old: &[Value<'a>], new: &[Value<'a>], place: Place) {
        let matching = match_items(old, new, place.key);
        if matching.pairs.iter().all(Option::is_none) {
            // Nothing stays: one step says it.
            if !(old.is_empty() && new.is_empty()) {
                self.replace(&Value::list(new.to_vec()));
            }
            return;
        }
        let steps = matching.gone.len()
            + matching.pairs.iter().filter(|m| !matches!(m, Some(Match { stays: true, .. }))).count();
        if steps > MANY && steps > new.len() / 2 {
            self.replace(&Value::list(new.to_vec()));
            return;
        }
        for &at in matching.gone.iter().rev() {
            let path = self.item_path(at);
            self.ops.push(Op::Remove { path });
        }
        if steps > matching.gone.len() {
            self.arrange(new, &matching.pairs, old.len());
        }
        for (at, (item, pair)) in new.iter().zip(&matching.pairs).enumerate() {
            if let Some(Match { old: from, .. }) = pair {
                self.item(at, &old[*from], item, place);
            }
        }
    }

    fn item(&mut self, at: usize, before: &Value<'a>, after: &Value<'a>, place: Place) {
        if before.same_pointer(after) {
            return;
        }
        let length = self.path.len();
        push_index(&mut self.path, at);
        self.value(before, after, place.item());
        self.path.truncate(length);
    }

    /// Puts in and moves, front to back. At any time the list holds, in this order, what is placed up to some item
    /// that stays, then what was put behind it, then items that still wait to be moved, then the next that stays.
    fn arrange(&mut self, new: &[Value<'a>], pairs: &[Option<Match>], old_len: usize) {
        let mut waiting = Waiting::of(pairs, old_len);
        let mut staying = vec![0; old_len + 1];
        for m in pairs.iter().flatten().filter(|m| m.stays) {
            staying[m.old + 1] = 1;
        }
        for at in 0..old_len {
            staying[at + 1] += staying[at];
        }
        // The last item that stays: all before it in `new` is in place. And how many were put in before each.
        let mut anchor = 0;
        let mut put = 0;
        let mut put_before: Vec<(usize, usize)> = Vec::new();
        for (at, (item, pair)) in new.iter().zip(pairs).enumerate() {
            match pair {
                Some(m) if m.stays => {
                    anchor = m.old;
                    put_before.push((m.old, put));
                }
                Some(m) => {
                    let next = put_before.partition_point(|(old, _)| *old < m.old);
                    let put_here = put_before.get(next).map_or(put, |(_, count)| *count);
                    let from = waiting.before(m.old) + staying[m.old] + put_here;
                    waiting.remove(m.old);
                    let to = at + waiting.before(anchor);
                    if from != to {
                        let (from, path) = (self.item_path(from), self.item_path(to));
                        self.ops.push(Op::Move { from, path });
                    }
                    put += 1;
                }
                None => {
                    let path = self.item_path(at + waiting.before(anchor));
                    self.ops.push(Op::Add { path, value: item.clone() });
                    put += 1;
                }
            }
        }
    }

    fn item_path(&self, at: usize) -> String {
        let mut path = String::with_capacity(self.path.len() + 4);
        path.push_str(&self.path);
        push_index(&mut path, at);
        path
    }
}

/// Beyond so many steps, and if they are more than half of the list, the list is replaced.
const MANY: usize = 16;

fn push_index(path: &mut String, at: usize) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(path, "/{at}");
}

/// Counts items that wait to be moved, by their old places: a Fenwick tree.
struct Waiting(Vec<usize>);

impl Waiting {
    fn of(pairs: &[Option<Match>], old_len: usize) -> Self {
        let mut tree = vec![0; old_len + 1];
        for m in pairs.iter().flatten().filter(|m| !m.stays) {
            tree[m.old + 1] = 1;
        }
        for at in 1..tree.len() {
            let parent = at + (at & at.wrapping_neg());
            if parent < tree.len() {
                tree[parent] += tree[at];
            }
        }
        Self(tree)
    }

    /// How many wait at places below `old`.
    fn before(&self, old: usize) -> usize {
        let (mut at, mut count) = (old, 0);
        while at > 0 {
            count += self.0[at];
            at &= at - 1;
        }
        count
    }

    fn remove(&mut self, old: usize) {
        let mut at = old + 1;
        while at < self.0.len() {
            self.0[at] -= 1;
            at += at & at.wrapping_neg();
        }
    }
}
