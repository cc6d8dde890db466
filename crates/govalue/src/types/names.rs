//! [`Names`]: the fields of a type by one of their names. Never grows after the table of types is made.
//!
//! A pod's check looks up every key, so looking up has to be cheap: a mark of four bytes of the name, and a comparison.
//! The names are known beforehand, so nobody can choose names that collide; a key that is no name costs a few looks.

use super::Field;

/// Fields by name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    entries: Vec<(&'static str, &'static Field)>,
    /// A power of two of places, at most half of them taken: one more than the index into `entries`, 0 for none.
    slots: Vec<u16>,
}

impl Names {
    /// Enters a field, unless the name is there already.
    pub(super) fn enter(&mut self, name: &'static str, field: &'static Field) {
        if self.get(name).is_some() {
            return;
        }
        self.entries.push((name, field));
        let room = (self.entries.len() * 2).next_power_of_two();
        if room > self.slots.len() {
            self.slots = vec![0; room];
            for at in 0..self.entries.len() {
                self.place(at);
            }
        } else {
            self.place(self.entries.len() - 1);
        }
    }

    fn place(&mut self, entry: usize) {
        let Ok(number) = u16::try_from(entry + 1) else { return };
        let mask = self.slots.len() - 1;
        let mut at = mark(self.entries[entry].0) & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = number;
    }

    /// The field of this name.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&'static Field> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = mark(name) & mask;
        loop {
            let entry = usize::from(*self.slots.get(at)?).checked_sub(1)?;
            let (known, field) = self.entries.get(entry)?;
            if *known == name {
                return Some(field);
            }
            at = (at + 1) & mask;
        }
    }
}

/// Length, first, middle and last byte tell the names of one type apart nearly always.
#[inline]
fn mark(name: &str) -> usize {
    let bytes = name.as_bytes();
    let byte = |at: usize| usize::from(bytes.get(at).copied().unwrap_or_default());
    let length = bytes.len();
    length ^ (byte(0) << 1) ^ (byte(length / 2) << 2) ^ (byte(length.wrapping_sub(1)) << 3)
}

#[cfg(test)]
mod tests {
    use super::super::{KNOWN, table};

    #[test]
    fn every_field_is_found_by_its_name_and_nothing_else_is() {
        for row in table() {
            for field in row.fields().iter().filter(|f| !f.json.is_empty()) {
                assert_eq!(row.field_by_json(field.json).map(|f| f.json), Some(field.json), "{}", row.name);
            }
            for name in ["", "x", "Name ", "no-such-field"] {
                assert!(row.field_by_json(name).is_none(), "{} {name:?}", row.name);
            }
        }
    }

    #[test]
    fn looking_up_takes_few_looks() {
        let names = &KNOWN.pod_spec.by_json;
        let mask = names.slots.len() - 1;
        let far = |at: usize, name: &str| at.wrapping_sub(super::mark(name)) & mask;
        let looks = names.slots.iter().enumerate().filter(|(_, slot)| **slot > 0);
        let looks = looks.map(|(at, slot)| far(at, names.entries[usize::from(*slot) - 1].0));
        assert!(looks.max().unwrap() < 12);
    }
}
