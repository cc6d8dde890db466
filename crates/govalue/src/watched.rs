//! [`Watched`]: a string of a tree that tells whether anybody read it. What never read a string cannot depend on it, so
//! an outcome whose making left it unread is the outcome for every other text of its [`Class`] too.
//! Never changes what a value is: a watched string reads, compares and hashes as any other.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Str, Value};

/// What a watched text, and any text in its place, consists of. All are plain ASCII without quotes and escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A time as API servers write it, on a day that every month has: `2026-01-28T23:59:59Z`.
    Time,
    /// The name of the volume that the API server mounts a token by: `kube-api-access-x7k2p`.
    TokenVolume,
    /// A name as Kubernetes has them: letters, digits, dashes and dots, 1 to 253 of them.
    Name,
}

/// How the name of a token's volume begins.
pub const TOKEN_VOLUME: &str = "kube-api-access-";
/// Random letters behind it.
const SUFFIX: usize = 5;
/// Longest name.
const NAME: usize = 253;

impl Class {
    /// Whether `text` is of this class.
    #[must_use]
    pub fn admits(self, text: &str) -> bool {
        let of_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        match self {
            Self::Time => is_time(text.as_bytes()),
            Self::TokenVolume => text
                .strip_prefix(TOKEN_VOLUME)
                .is_some_and(|suffix| suffix.len() == SUFFIX && suffix.bytes().all(of_name)),
            Self::Name => {
                (1..=NAME).contains(&text.len())
                    && text.bytes().all(|b| of_name(b) || matches!(b, b'-' | b'.'))
            }
        }
    }
}

fn is_time(text: &[u8]) -> bool {
    let number = |at: usize| {
        let digit = |at: usize| text.get(at).filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0'));
        Some(digit(at)? * 10 + digit(at + 1)?)
    };
    let within = |at: usize, least: u32, most: u32| number(at).is_some_and(|n| (least..=most).contains(&n));
    text.len() == 20
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')]
            .iter()
            .all(|&(at, b)| text[at] == b)
        && within(0, 1, 99)
        && within(2, 0, 99)
        && within(5, 1, 12)
        && within(8, 1, 28)
        && within(11, 0, 23)
        && within(14, 0, 59)
        && within(17, 0, 59)
}

/// A text, and whether it has been read.
#[derive(Debug)]
pub struct Watched<'a> {
    text: &'a str,
    class: Class,
    read: AtomicBool,
}

impl<'a> Watched<'a> {
    /// Watches `text`; `None` where it is not of the class.
    #[must_use]
    pub fn new(text: &'a str, class: Class) -> Option<Self> {
        class.admits(text).then(|| Self { text, class, read: AtomicBool::new(false) })
    }

    /// The text, for who must know it: from now on it counts as read.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.read.store(true, Ordering::Relaxed);
        self.text
    }

    /// The text, for what does not depend on it: hashing, and finding it again.
    #[must_use]
    pub(crate) const fn peek(&self) -> &'a str {
        self.text
    }

    /// What it may be.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Whether somebody read it.
    #[must_use]
    pub fn was_read(&self) -> bool {
        self.read.load(Ordering::Relaxed)
    }

    /// Whether it equals `other`. A text that is not of the class is another, whatever this one is.
    #[must_use]
    pub(crate) fn is(&self, other: &str) -> bool {
        self.class.admits(other) && self.text() == other
    }
}

/// Puts watched strings in the place of those strings of `value` that are the same bytes of the input. Tells how many
/// places it found for each.
pub fn watch<'a>(value: &mut Value<'a>, watched: &'a [Watched<'a>]) -> Vec<usize> {
    let mut found = vec![0; watched.len()];
    let mut places: Vec<(usize, usize)> =
        watched.iter().enumerate().map(|(at, w)| (w.text.as_ptr() as usize, at)).collect();
    places.sort_unstable();
    if !places.is_empty() {
        Watch { watched, places }.value(value, &mut found);
    }
    found
}

struct Watch<'a> {
    watched: &'a [Watched<'a>],
    /// Where the texts lie, ascending, and whose they are.
    places: Vec<(usize, usize)>,
}

impl<'a> Watch<'a> {
    fn value(&self, value: &mut Value<'a>, found: &mut [usize]) {
        match value {
            Value::Str(Str::Borrowed(text)) => {
                let place = text.as_ptr() as usize;
                let Ok(at) = self.places.binary_search_by_key(&place, |(place, _)| *place) else { return };
                let at = self.places[at].1;
                if self.watched[at].text.len() == text.len() {
                    *value = Value::Str(Str::Watched(&self.watched[at]));
                    found[at] += 1;
                }
            }
            Value::List(_) => {
                value.as_list_mut().into_iter().flatten().for_each(|item| self.value(item, found))
            }
            // What is left as text holds objects only, and nobody's copy of an empty object need be one's own.
            Value::Map(map) if map.is_unread() || map.is_empty() => {}
            Value::Map(_) => {
                let members = value.as_map_mut().into_iter().flat_map(|map| map.iter_mut());
                members.for_each(|(_, member)| self.value(member, found));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn classes_admit_what_api_servers_write_and_nothing_else() {
        use Class::{Name, Time, TokenVolume};
        for (class, text, admitted) in [
            (Time, "2026-11-25T23:36:19Z", true),
            (Time, "2026-02-30T23:36:19Z", false),
            (Time, "2026-11-25T23:36:19.5Z", false),
            (Time, "2026-11-25 23:36:19Z", false),
            (Time, "0000-11-25T23:36:19Z", false),
            (Time, "２026-11-25T23:36Z", false),
            (TokenVolume, "kube-api-access-x7k2p", true),
            (TokenVolume, "kube-api-access-x7k2", false),
            (TokenVolume, "kube-api-access-x7k2\"", false),
            (Name, "web-0.shop", true),
            (Name, "7", true),
            (Name, "", false),
            (Name, "Web", false),
            (Name, "a\\u0062", false),
        ] {
            assert_eq!(class.admits(text), admitted, "{class:?} {text}");
        }
    }

    #[test]
    fn only_the_same_bytes_are_watched() {
        let text = r#"{"name":"web-0","labels":{"pod":"web-0"},"list":["web-0"]}"#;
        let at = text.find("web-0").unwrap();
        let watched = [Watched::new(&text[at..at + 5], Class::Name).unwrap()];
        let mut value = parse(text.as_bytes()).unwrap();
        assert_eq!(watch(&mut value, &watched), [1]);
        assert_eq!(value.at(&["labels", "pod"]).and_then(Value::as_str), Some("web-0"));
        assert!(!watched[0].was_read());
        assert_eq!(value.at(&["name"]).and_then(Value::as_str), Some("web-0"));
        assert!(watched[0].was_read());
    }

    #[test]
    fn what_does_not_depend_on_the_text_does_not_read_it() {
        let text = r#"{"name":"kube-api-access-x7k2p"}"#;
        let watched = [Watched::new(&text[9..30], Class::TokenVolume).unwrap()];
        let mut value = parse(text.as_bytes()).unwrap();
        watch(&mut value, &watched);
        let copy = value.clone();
        assert!(value == copy && value != parse(br#"{"name":"config"}"#).unwrap());
        let name = copy.get("name").unwrap();
        assert!(matches!(name, Value::Str(s) if !s.is_empty() && *s != "kube-api-access-"));
        assert!(!watched[0].was_read());
        assert!(*name == Value::Str("kube-api-access-x7k2p".into()) && watched[0].was_read());
    }
}
