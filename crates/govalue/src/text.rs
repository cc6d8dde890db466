//! [`Str`]: the string of a tree, borrowed from the bytes of a request or shared with a snapshot.
//! Never holds anything but valid UTF-8; byte strings are the template engine's affair.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use crate::watched::{Class, Watched};

/// A string that is cheap to clone: a borrow of the input, or a shared allocation.
#[derive(Clone)]
pub enum Str<'a> {
    /// Part of the input, or a literal.
    Borrowed(&'a str),
    /// Made while working, or kept in a snapshot.
    Shared(Arc<str>),
    /// Part of the input, where is noted whether it was read.
    Watched(&'a Watched<'a>),
}

impl Str<'_> {
    /// The text.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(s) => s,
            Self::Shared(s) => s,
            Self::Watched(s) => s.text(),
        }
    }

    /// Whether there is no text. A watched string is never empty, so this does not read it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !matches!(self, Self::Watched(_)) && self.as_str().is_empty()
    }

    /// What the text is known to be before anybody reads it.
    #[must_use]
    pub const fn class(&self) -> Option<Class> {
        match self {
            Self::Watched(s) => Some(s.class()),
            _ => None,
        }
    }

    /// This string as something to tell items apart by: comparing it reads it only where the outcome depends on it.
    #[must_use]
    pub fn name(&self) -> Name<'_> {
        match self {
            Self::Watched(s) => Name(Known::Watched(s)),
            other => Name(Known::Text(other.as_str())),
        }
    }

    /// The same text, free of the input's lifetime (copies a borrowed string).
    #[must_use]
    pub fn into_owned(self) -> Str<'static> {
        match self {
            Self::Borrowed(s) => Str::Shared(Arc::from(s)),
            Self::Shared(s) => Str::Shared(s),
            Self::Watched(s) => Str::Shared(Arc::from(s.text())),
        }
    }
}

impl Deref for Str<'_> {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Str<'_> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(s: &'a str) -> Self {
        Self::Borrowed(s)
    }
}

impl From<String> for Str<'_> {
    fn from(s: String) -> Self {
        Self::Shared(Arc::from(s))
    }
}

impl From<Arc<str>> for Str<'_> {
    fn from(s: Arc<str>) -> Self {
        Self::Shared(s)
    }
}

impl PartialEq for Str<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Watched(_), _) | (_, Self::Watched(_)) => self.name() == other.name(),
            _ => self.as_str() == other.as_str(),
        }
    }
}
impl Eq for Str<'_> {}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        match self {
            Self::Watched(s) => s.is(other),
            _ => self.as_str() == other,
        }
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialOrd for Str<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// Of a text as any other of the same; it only says where to look for what is then compared.
impl Hash for Str<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// A string to tell items apart by; see [`Str::name`].
#[derive(Clone, Copy, Debug)]
pub struct Name<'v>(Known<'v>);

#[derive(Clone, Copy, Debug)]
enum Known<'v> {
    Text(&'v str),
    Watched(&'v Watched<'v>),
}

impl<'v> Name<'v> {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &'v str {
        match self.0 {
            Known::Text(s) => s,
            Known::Watched(s) => s.text(),
        }
    }
}

impl<'v> From<&'v str> for Name<'v> {
    fn from(text: &'v str) -> Self {
        Self(Known::Text(text))
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Known::Text(a), Known::Text(b)) => a == b,
            (Known::Watched(s), Known::Text(text)) | (Known::Text(text), Known::Watched(s)) => s.is(text),
            (Known::Watched(a), Known::Watched(b)) => std::ptr::eq(a, b) || a.text() == b.text(),
        }
    }
}
impl Eq for Name<'_> {}

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Known::Text(s) => s.hash(state),
            Known::Watched(s) => s.peek().hash(state),
        }
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
