//! [`Node`]: YAML under construction, whose scalars are kept as they will be written, so that every spelling of a
//! value, and a key twice, can be had. Never reads YAML.

use std::fmt;

use pillion_chance::Rng;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Anything, as it is written.
    Text(String),
    /// A mapping; a key may be there twice.
    Map(Vec<(String, Self)>),
    /// A sequence.
    List(Vec<Self>),
}

impl Node {
    /// A mapping without members.
    #[must_use]
    pub const fn empty() -> Self {
        Self::Map(vec![])
    }

    /// Something that is written so.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Adds a member, whether the key is there or not.
    pub fn push(&mut self, key: &str, value: Self) {
        if let Self::Map(members) = self {
            members.push((key.to_owned(), value));
        }
    }

    /// Lays `over` over this: mappings are joined member by member, all else is replaced. Of lists that hold one
    /// item each the items are laid over each other, so that two fields of one item can be set.
    pub fn lay(&mut self, over: Self) {
        match (self, over) {
            (Self::Map(members), Self::Map(others)) => {
                for (key, value) in others {
                    match members.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, member)) => member.lay(value),
                        None => members.push((key, value)),
                    }
                }
            }
            (Self::List(items), Self::List(others)) if items.len() == 1 && others.len() == 1 => {
                for (item, other) in items.iter_mut().zip(others) {
                    item.lay(other);
                }
            }
            (this, over) => *this = over,
        }
    }
}

/// One of several spellings.
#[must_use]
pub fn one_of(texts: &[&str], rng: &mut Rng) -> Node {
    let text: &&str = rng.pick(texts);
    Node::text(text)
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Map(members) => {
                f.write_str("{")?;
                for (at, (key, value)) in members.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_laid_over_joins_mappings_and_keeps_spellings() {
        let mut node =
            Node::Map(vec![("a".to_owned(), Node::Map(vec![("b".to_owned(), Node::text("0x1"))]))]);
        node.lay(Node::Map(vec![("a".to_owned(), Node::Map(vec![("c".to_owned(), Node::text("'2'"))]))]));
        assert_eq!(node.to_string(), "{a: {b: 0x1, c: '2'}}");
        node.push("a", Node::text("null"));
        assert_eq!(node.to_string(), "{a: {b: 0x1, c: '2'}, a: null}");
    }
}
