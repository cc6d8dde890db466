//! [`Cut`]: the body of a review, cut where API servers and controllers write what no two pods have alike: the request's
//! uid, times, the name of the token's volume, names with an ordinal, a DaemonSet's node.
//!
//! A hole is found by the bytes before it and holds text of a [`Class`] without quotes or escapes. So two bodies that
//! are the same outside of such holes have the same structure, whatever a hole turns out to be. Whether an answer
//! depends on what a hole holds is not decided here.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, Match};
use pillion_govalue::watched::Class;

/// Most holes; a body with more is not remembered.
pub(super) const MOST: usize = 48;
/// Longest text in a hole.
const LONGEST: usize = 253;

/// What a hole may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// The uid of the request.
    Uid,
    /// Text of a class.
    Text(Class),
}

struct Pattern {
    /// What stands before the hole.
    before: &'static str,
    /// How much of that belongs to the text.
    within: usize,
    holds: Holds,
}

const fn name(before: &'static str) -> Pattern {
    Pattern { before, within: 0, holds: Holds::Text(Class::Name) }
}

/// Where holes are. Only `before` says so: the same words elsewhere in a body make a hole too, which does no harm.
const PATTERNS: &[Pattern] = &[
    Pattern { before: r#""request":{"uid":""#, within: 0, holds: Holds::Uid },
    Pattern { before: r#""time":""#, within: 0, holds: Holds::Text(Class::Time) },
    Pattern {
        before: r#""name":"kube-api-access-"#,
        within: "kube-api-access-".len(),
        holds: Holds::Text(Class::TokenVolume),
    },
    // A StatefulSet's pod: its name, in the request and in the pod, and what its name and ordinal are copied to.
    name(r#""resource":"pods"},"name":""#),
    name(r#""metadata":{"name":""#),
    name(r#""statefulset.kubernetes.io/pod-name":""#),
    name(r#""apps.kubernetes.io/pod-index":""#),
    name(r#""hostname":""#),
    name(r#""claimName":""#),
    // An indexed Job's pod.
    name(r#""generateName":""#),
    name(r#""batch.kubernetes.io/job-completion-index":""#),
    // A DaemonSet's pod: its node.
    name(r#"{"key":"metadata.name","operator":"In","values":[""#),
];

/// Finds the patterns: by vector instructions where the machine has them.
enum Finder {
    Vectors(Searcher),
    Automaton(AhoCorasick),
}

static FINDER: LazyLock<Option<Finder>> = LazyLock::new(|| {
    let patterns = || PATTERNS.iter().map(|pattern| pattern.before);
    let automaton = || AhoCorasick::new(patterns()).ok().map(Finder::Automaton);
    Searcher::new(patterns()).map(Finder::Vectors).or_else(automaton)
});

impl Finder {
    /// The next pattern from `at` on.
    fn next(&self, body: &[u8], at: usize) -> Option<Match> {
        match self {
            Self::Vectors(searcher) => searcher.find_in(body, (at..body.len()).into()),
            Self::Automaton(automaton) => automaton.find(aho_corasick::Input::new(body).range(at..)),
        }
    }
}

/// A hole, and what it holds in one body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole<'b> {
    pub(super) holds: Holds,
    /// Where the text begins in the body.
    pub(super) at: usize,
    pub(super) text: &'b str,
}

/// A body cut at its holes. The first holds the request's uid.
#[derive(Debug)]
pub(super) struct Cut<'b> {
    pub(super) body: &'b [u8],
    pub(super) holes: Vec<Hole<'b>>,
}

impl<'b> Cut<'b> {
    /// Cuts a body; `None` for one that no API server sends, or with too many holes.
    pub(super) fn new(body: &'b [u8]) -> Option<Self> {
        let finder = FINDER.as_ref()?;
        let mut holes = Vec::with_capacity(16);
        let mut from = 0;
        while let Some(found) = finder.next(body, from) {
            from = found.end();
            let pattern = &PATTERNS[found.pattern().as_usize()];
            let at = found.end() - pattern.within;
            let Some(text) = held(&body[at..], pattern.holds) else { continue };
            if holes.len() == MOST {
                return None;
            }
            holes.push(Hole { holds: pattern.holds, at, text });
        }
        (holes.first()?.holds == Holds::Uid).then_some(Self { body, holes })
    }

    /// The uid of the request.
    pub(super) fn uid(&self) -> &'b str {
        self.holes[0].text
    }

    /// The pieces between the holes; there is one more of them.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &'b [u8]> {
        let begins = std::iter::once(0).chain(self.holes.iter().map(|hole| hole.at + hole.text.len()));
        let ends = self.holes.iter().map(|hole| hole.at).chain([self.body.len()]);
        begins.zip(ends).map(|(begin, end)| &self.body[begin..end])
    }

    /// A hash of all but what the holes hold.
    pub(super) fn shape(&self, seed: &impl BuildHasher, path: &str) -> u64 {
        let mut hasher = seed.build_hasher();
        hasher.write(path.as_bytes());
        for piece in self.pieces() {
            hasher.write_usize(piece.len());
            hasher.write(piece);
        }
        hasher.finish()
    }
}

/// The text up to the quote that ends it, if it is what the hole may hold.
fn held(rest: &[u8], holds: Holds) -> Option<&str> {
    let end = rest.iter().take(LONGEST + 1).position(|b| *b == b'"')?;
    let text = std::str::from_utf8(&rest[..end]).ok()?;
    let fits = match holds {
        Holds::Uid => (1..=64).contains(&end) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        Holds::Text(class) => class.admits(text),
    };
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"kind":"AdmissionReview","request":{"uid":"0def-1","resource":{"resource":"pods"},"name":"web-0","object":{"metadata":{"name":"web-0","labels":{"apps.kubernetes.io/pod-index":"0"}},"volumes":[{"name":"kube-api-access-x7k2p"},{"name":"kube-api-access-"}]}}}"#;

    #[test]
    fn holes_hold_what_no_two_pods_have_alike() {
        let cut = Cut::new(BODY.as_bytes()).unwrap();
        let texts: Vec<_> = cut.holes.iter().map(|hole| hole.text).collect();
        assert_eq!(texts, ["0def-1", "web-0", "web-0", "0", "kube-api-access-x7k2p"]);
        assert_eq!(cut.uid(), "0def-1");
        let whole: usize = cut.pieces().map(<[u8]>::len).sum::<usize>() + texts.concat().len();
        assert_eq!(whole, BODY.len());
    }

    #[test]
    fn bodies_that_differ_in_holes_only_are_of_one_shape() {
        let seed = foldhash::fast::FixedState::default();
        let shape = |body: &str, path| Cut::new(body.as_bytes()).unwrap().shape(&seed, path);
        let other = BODY.replace("web-0", "web-17").replace("x7k2p", "zzzzz");
        assert_eq!(shape(BODY, "/inject"), shape(&other, "/inject"));
        assert_ne!(shape(BODY, "/inject"), shape(BODY, "/inject/cluster/a"));
        assert_ne!(shape(BODY, "/inject"), shape(&BODY.replace("volumes", "volume"), "/inject"));
    }

    #[test]
    fn a_body_without_a_uid_is_not_cut() {
        for body in [
            "",
            "{}",
            r#"{"time":"2026-01-01T00:00:00Z","request":{"uid":"a"}}"#,
            r#""request":{"uid":"a\"}"#,
        ] {
            assert!(Cut::new(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_body_of_many_holes_is_not_cut() {
        let many = r#""time":"2026-01-01T00:00:00Z","#.repeat(MOST);
        assert!(Cut::new(format!(r#"{{"request":{{"uid":"a"}},{many}"#).as_bytes()).is_none());
    }
}
