//! [`Memo`]: answers that were given, for the bodies that get the same. It wraps the injection from outside: a
//! remembered answer is, byte for byte, what the injection would make of the body under the same generation.
//!
//! | file | what |
//! |---|---|
//! | `cut` | a body cut at what no two pods have alike |
//! | `remembered` | an answer, and whether it answers a body |
//!
//! A body is remembered the second time one of its shape is seen (the third time if it is long), so that pods that come once cost no memory. While
//! that answer is worked out, the text of each hole is watched ([`pillion_govalue::watched`]): what was never read, and
//! is nowhere in the answer, may be anything the next time; what was read must be the same again.
//! Never: an answer for a body that only hashes alike; all bytes are compared.

mod cut;
mod remembered;

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use foldhash::quality::RandomState;
use pillion_govalue::watched::{Watched, watch};
use pillion_govalue::{Str, Value};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::report::Subject;
use cut::{Cut, Holds};
pub(crate) use remembered::Answer;
use remembered::{Remembered, is_free};

/// Shapes that are known at once, 16 bytes each.
const SHAPES: usize = 8192;
/// Answers that are expected; more have room.
const EXPECTED: usize = 256;
/// The largest share of the memory that one answer may take.
const SHARE: usize = 8;
/// A body that is longer is cut only if its head, these many bytes, was seen before: a pod of such a size is remembered
/// the third time. The head holds the request, and the pod's name, labels and owners.
const LONG: usize = 32 * 1024;
const HEAD: usize = 4 * 1024;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// Nothing.
    Off,
    /// The last answer only: for tests, that nothing depends on what is remembered.
    One,
    /// Answers, with the bodies that they answer, of so many bytes together.
    Bytes(usize),
}

impl Default for Capacity {
    fn default() -> Self {
        Self::Bytes(10 * 1024 * 1024)
    }
}

/// Remembered answers of one generation.
#[derive(Debug)]
pub(crate) struct Memo {
    /// Seeds the hashes, so that nobody can send bodies that hash alike.
    seed: RandomState,
    /// For each shape the holes whose text its answers depend on, a bit each.
    shapes: Cache<u64, u64>,
    answers: Cache<u64, Arc<Remembered>, Size>,
    /// The largest answer.
    largest: usize,
}

#[derive(Clone, Debug)]
enum Size {
    Items,
    Bytes,
}

impl Weighter<u64, Arc<Remembered>> for Size {
    fn weight(&self, _: &u64, remembered: &Arc<Remembered>) -> u64 {
        match self {
            Self::Items => 1,
            Self::Bytes => remembered.size() as u64,
        }
    }
}

/// What is known of a body.
#[derive(Debug)]
pub(crate) enum Look<'b> {
    /// Nothing, and nothing of it shall be remembered.
    Unknown,
    /// Its shape was seen before: worth remembering.
    Seen(Sight<'b>),
    /// Its answer.
    Known(Known<'b>),
}

/// A body whose answer will be remembered.
#[derive(Debug)]
pub(crate) struct Sight<'b> {
    cut: Cut<'b>,
    shape: u64,
    /// The holes whose text matters by what is known so far.
    literal: u64,
}

/// A body whose answer is remembered.
#[derive(Debug)]
pub(crate) struct Known<'b> {
    cut: Cut<'b>,
    remembered: Arc<Remembered>,
}

impl Known<'_> {
    /// The remembered answer.
    pub(crate) fn answer(&self) -> &Answer {
        self.remembered.answer()
    }

    /// The body of the review that answers.
    pub(crate) fn body(&self) -> Vec<u8> {
        let [before, behind] = &self.answer().body;
        [before.as_bytes(), self.cut.uid().as_bytes(), behind.as_bytes()].concat()
    }

    /// Whom the answer is about.
    pub(crate) fn subject(&self) -> Subject {
        let mut subject = self.answer().subject.clone();
        self.cut.uid().clone_into(&mut subject.uid);
        if let Some(name) = self.remembered.name_in(&self.cut) {
            subject.pod = name.into();
        }
        subject
    }
}

impl Memo {
    /// A memory without answers; `None` where nothing is remembered.
    pub(crate) fn new(capacity: Capacity) -> Option<Self> {
        let (answers, largest) = match capacity {
            Capacity::Off => return None,
            Capacity::One => (Cache::with_weighter(1, 1, Size::Items), usize::MAX),
            Capacity::Bytes(bytes) => {
                (Cache::with_weighter(EXPECTED, bytes as u64, Size::Bytes), bytes / SHARE)
            }
        };
        Some(Self { seed: RandomState::default(), shapes: Cache::new(SHAPES), answers, largest })
    }

    /// Looks for the answer to a body, and notes that one of its shape was seen.
    pub(crate) fn look<'b>(&self, path: &str, body: &'b [u8]) -> Look<'b> {
        let (look, new) = self.find(path, body);
        if let Some(shape) = new {
            self.shapes.insert(shape, 0);
        }
        look
    }

    /// The answer to a body.
    pub(crate) fn recall<'b>(&self, path: &str, body: &'b [u8]) -> Option<Known<'b>> {
        match self.find(path, body).0 {
            Look::Known(known) => Some(known),
            Look::Seen(_) | Look::Unknown => None,
        }
    }

    /// What is known of a body; its shape, if that is new.
    fn find<'b>(&self, path: &str, body: &'b [u8]) -> (Look<'b>, Option<u64>) {
        if body.len() > self.largest {
            return (Look::Unknown, None);
        }
        // Cutting a long body takes a tenth of working its answer out. Whose head nobody has seen, nobody has seen.
        if body.len() > LONG {
            let Some(head) = Cut::new(&body[..HEAD]) else { return (Look::Unknown, None) };
            let head = head.shape(&self.seed, path);
            if self.shapes.get(&head).is_none() {
                return (Look::Unknown, Some(head));
            }
        }
        let Some(cut) = Cut::new(body) else { return (Look::Unknown, None) };
        let shape = cut.shape(&self.seed, path);
        let Some(literal) = self.shapes.get(&shape) else { return (Look::Unknown, Some(shape)) };
        let look = match self.answers.get(&self.key(shape, literal, &cut)) {
            Some(remembered) if remembered.answers(path, &cut) => Look::Known(Known { cut, remembered }),
            _ => Look::Seen(Sight { cut, shape, literal }),
        };
        (look, None)
    }

    /// Remembers an answer that depends on the holes of `literal` and on no other.
    pub(crate) fn remember(&self, path: &str, sight: &Sight<'_>, literal: u64, answer: Answer) {
        // What an earlier answer of the shape depended on stays in the key, or neither would be found again.
        let literal = literal | sight.literal;
        let remembered = Remembered::new(path, &sight.cut, !literal, answer);
        if literal & 1 == 1 || remembered.size() > self.largest {
            return;
        }
        self.shapes.insert(sight.shape, literal);
        self.answers.insert(self.key(sight.shape, literal, &sight.cut), Arc::new(remembered));
    }

    /// Memory that the answers take, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.answers.weight()
    }

    fn key(&self, shape: u64, literal: u64, cut: &Cut<'_>) -> u64 {
        let mut hasher = self.seed.build_hasher();
        hasher.write_u64(shape);
        for (index, hole) in cut.holes.iter().enumerate() {
            if !is_free(!literal, index) {
                hasher.write(hole.text.as_bytes());
                hasher.write_usize(index);
            }
        }
        hasher.finish()
    }
}

impl<'b> Sight<'b> {
    /// The texts of the holes that hold text, to be watched while the answer is made.
    pub(crate) fn watched(&self) -> Watching<'b> {
        let texts = self.cut.holes.iter().enumerate().filter_map(|(index, hole)| match hole.holds {
            Holds::Text(class) if is_free(!self.literal, index) => {
                Some((index, Watched::new(hole.text, class)?))
            }
            _ => None,
        });
        let (holes, texts) = texts.unzip();
        Watching { holes, texts }
    }

    /// The holes whose text an answer depends on: all but the watched that were found and not read, the request's uid,
    /// and its name, of which no decision knows. `uid` and `name` are where the request's own lie.
    pub(crate) fn literal(
        &self,
        watching: &Watching<'_>,
        found: &[usize],
        uid: &Str<'_>,
        name: &Str<'_>,
    ) -> u64 {
        let mut free = 0;
        for ((hole, text), found) in watching.holes.iter().zip(&watching.texts).zip(found) {
            if *found == 1 && !text.was_read() {
                free |= 1 << hole;
            }
        }
        for (index, hole) in self.cut.holes.iter().enumerate() {
            let request = if hole.holds == Holds::Uid { uid } else { name };
            if matches!(request, Str::Borrowed(text) if std::ptr::eq(*text, hole.text)) {
                free |= 1 << index;
            }
        }
        !free & mask(self.cut.holes.len())
    }
}

const fn mask(holes: usize) -> u64 {
    (1 << holes) - 1
}

/// The texts of a body that are watched.
#[derive(Debug)]
pub(crate) struct Watching<'b> {
    /// Which holes they are of.
    holes: Vec<usize>,
    texts: Vec<Watched<'b>>,
}

impl<'b> Watching<'b> {
    /// Nothing is watched.
    pub(crate) const fn nothing() -> Self {
        Self { holes: Vec::new(), texts: Vec::new() }
    }

    /// Puts the watched texts in their places in the pod, and tells how many places each has.
    pub(crate) fn watch<'v>(&'v self, pod: &mut Value<'v>) -> Vec<usize> {
        watch(pod, &self.texts)
    }
}

#[cfg(test)]
mod tests;
