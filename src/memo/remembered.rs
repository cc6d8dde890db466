//! [`Remembered`]: an answer, the body it answers, and the holes of that body whose text the answer does not depend on.
//! Never: deciding what it depends on; whoever worked the answer out watched what was read.

use std::sync::Arc;

use super::cut::{Cut, Holds};
use crate::report::{Report, Subject};

/// An answer to every body that is as the one it was made for, outside of the free holes.
#[derive(Debug)]
pub(super) struct Remembered {
    path: Box<str>,
    /// The body without what its free holes hold.
    body: Box<[u8]>,
    holes: Box<[Kept]>,
    /// The free hole that held the pod's name.
    name: Option<usize>,
    answer: Answer,
}

/// A hole of the remembered body.
#[derive(Clone, Copy, Debug)]
struct Kept {
    holds: Holds,
    /// Where it is in the kept bytes.
    at: usize,
    /// How many of them it holds; a free hole holds none.
    holding: usize,
}

/// What is remembered of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The review that answers, before and behind the uid.
    pub(crate) body: [Box<str>; 2],
    /// What it means.
    pub(crate) report: Arc<Report>,
    /// Whom it was about. The uid is another each time, and so may be the pod's name.
    pub(crate) subject: Subject,
}

impl Remembered {
    /// Remembers. `free` has a bit for each hole that the answer does not depend on.
    pub(super) fn new(path: &str, cut: &Cut<'_>, free: u64, answer: Answer) -> Self {
        let mut body = Vec::with_capacity(cut.body.len());
        let mut holes = Vec::with_capacity(cut.holes.len());
        let mut pieces = cut.pieces();
        body.extend_from_slice(pieces.next().unwrap_or_default());
        for (index, (hole, piece)) in cut.holes.iter().zip(pieces).enumerate() {
            let held = if is_free(free, index) { "" } else { hole.text };
            holes.push(Kept { holds: hole.holds, at: body.len(), holding: held.len() });
            body.extend_from_slice(held.as_bytes());
            body.extend_from_slice(piece);
        }
        let named = |index: usize| is_free(free, index) && *cut.holes[index].text == *answer.subject.pod;
        let name = (1..cut.holes.len()).find(|index| named(*index));
        Self { path: path.into(), body: body.into(), holes: holes.into(), name, answer }
    }

    /// Whether this answers the body that was cut so.
    pub(super) fn answers(&self, path: &str, cut: &Cut<'_>) -> bool {
        *self.path == *path
            && self.holes.len() == cut.holes.len()
            && self.left_of(cut).is_some_and(<[u8]>::is_empty)
    }

    /// What of the remembered body is left behind the pieces of a cut one; `None` where they part.
    fn left_of(&self, cut: &Cut<'_>) -> Option<&[u8]> {
        let mut pieces = cut.pieces();
        let mut left = self.body.strip_prefix(pieces.next()?)?;
        for ((kept, hole), piece) in self.holes.iter().zip(&cut.holes).zip(pieces) {
            let held = if kept.holding == 0 { "" } else { hole.text };
            let here = kept.at == self.body.len() - left.len();
            if kept.holds != hole.holds || kept.holding != held.len() || !here {
                return None;
            }
            left = left.strip_prefix(held.as_bytes())?.strip_prefix(piece)?;
        }
        Some(left)
    }

    /// The name of another pod that this answers, where it is another.
    pub(super) fn name_in<'b>(&self, cut: &Cut<'b>) -> Option<&'b str> {
        Some(cut.holes.get(self.name?)?.text)
    }

    /// The answer.
    pub(super) const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// How much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let texts =
            self.path.len() + self.body.len() + self.answer.body.iter().map(|b| b.len()).sum::<usize>();
        texts + self.answer.report.weight() + self.holes.len() * size_of::<Kept>() + 512
    }
}

/// Whether a hole is one of the free ones.
pub(super) const fn is_free(free: u64, index: usize) -> bool {
    free >> index & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_core::inject::Reason;

    fn body(uid: &str, name: &str, index: &str) -> String {
        format!(
            r#"{{"request":{{"uid":"{uid}","object":{{"metadata":{{"name":"{name}","labels":{{"apps.kubernetes.io/pod-index":"{index}"}}}}}}}}}}"#
        )
    }

    fn remembered(free: u64) -> Remembered {
        let answer = Answer {
            body: ["".into(), "".into()],
            report: Arc::new(Report::refused(Reason::Internal, "m")),
            subject: Subject::default(),
        };
        let body = body("a-1", "web-0", "0");
        Remembered::new("/inject", &Cut::new(body.as_bytes()).unwrap(), free, answer)
    }

    fn answers(remembered: &Remembered, path: &str, body: &str) -> bool {
        remembered.answers(path, &Cut::new(body.as_bytes()).unwrap())
    }

    #[test]
    fn what_a_free_hole_holds_does_not_count() {
        let known = remembered(0b111);
        assert!(answers(&known, "/inject", &body("a-1", "web-0", "0")));
        assert!(answers(&known, "/inject", &body("b-22", "web-10", "10")));
        assert!(!answers(&known, "/inject/net/a", &body("a-1", "web-0", "0")));
        assert!(!answers(&known, "/inject", &body("a-1", "web-0", "0").replace("labels", "labelz")));
    }

    #[test]
    fn what_another_hole_holds_counts() {
        let known = remembered(0b011);
        assert!(answers(&known, "/inject", &body("b-22", "web-10", "0")));
        for index in ["1", "00", "0a"] {
            assert!(!answers(&known, "/inject", &body("b-22", "web-10", index)), "{index}");
        }
    }

    #[test]
    fn text_does_not_wander_between_a_hole_and_what_stands_beside_it() {
        let text = |a: &str, b: &str| format!(r#"{{"request":{{"uid":"u","hostname":"{a}","x":"{b}"}}}}"#);
        let made = text("a", "b");
        let answer = remembered(0).answer;
        let known = Remembered::new("/", &Cut::new(made.as_bytes()).unwrap(), 0b11, answer);
        assert!(answers(&known, "/", &text("zzz", "b")));
        assert!(!answers(&known, "/", &text("a", "bb")) && !answers(&known, "/", &text("", "b")));
    }
}
