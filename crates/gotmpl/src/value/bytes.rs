//! [`Bytes`]: a Go string. Go's strings are bytes, not text: `trunc` may cut a letter in half.
//! Never decodes; who needs text asks [`Bytes::text`].

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// A string that is cheap to clone: borrowed from the data or the template, or shared within one rendering.
#[derive(Clone)]
pub enum Bytes<'v> {
    /// Part of the root data, of the template, or a literal.
    Borrowed(&'v [u8]),
    /// Made while rendering.
    Shared(Rc<[u8]>),
}

impl Bytes<'_> {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(b) => b,
            Self::Shared(b) => b,
        }
    }

    /// The bytes as text, each invalid byte sequence replaced by U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_slice())
    }

    /// The bytes as text, if they are valid UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_slice()).ok()
    }
}

impl Deref for Bytes<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}
impl Borrow<[u8]> for Bytes<'_> {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}
impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}
impl<'v> From<&'v [u8]> for Bytes<'v> {
    fn from(b: &'v [u8]) -> Self {
        Self::Borrowed(b)
    }
}
impl<'v> From<&'v str> for Bytes<'v> {
    fn from(s: &'v str) -> Self {
        Self::Borrowed(s.as_bytes())
    }
}
impl From<Vec<u8>> for Bytes<'_> {
    fn from(b: Vec<u8>) -> Self {
        Self::Shared(Rc::from(b))
    }
}
impl From<String> for Bytes<'_> {
    fn from(s: String) -> Self {
        Self::Shared(Rc::from(s.into_bytes()))
    }
}
impl From<Cow<'_, str>> for Bytes<'_> {
    fn from(s: Cow<'_, str>) -> Self {
        Self::from(s.into_owned())
    }
}
impl PartialEq for Bytes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}
impl Eq for Bytes<'_> {}
impl PartialOrd for Bytes<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Bytes<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}
impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text(), f)
    }
}
