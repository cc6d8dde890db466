//! What the lexer gives to the parser.

use crate::fmt::quote::quote;

/// One item of a template's text.
#[derive(Clone, Debug)]
pub(super) struct Item<'t> {
    pub(super) kind: Kind,
    /// Where it starts, in bytes.
    pub(super) pos: usize,
    pub(super) text: &'t str,
    /// The line it starts in.
    pub(super) line: u32,
    /// The message of an error item.
    pub(super) error: String,
}

/// Kinds of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    /// A printable character with no meaning of its own, such as a comma.
    Other,
    Char,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    const fn is_keyword(self) -> bool {
        matches!(
            self,
            Self::Block
                | Self::Break
                | Self::Continue
                | Self::Dot
                | Self::Define
                | Self::Else
                | Self::End
                | Self::If
                | Self::Nil
                | Self::Range
                | Self::Template
                | Self::With
        )
    }
}

impl Item<'_> {
    pub(super) const fn nothing() -> Self {
        Self { kind: Kind::Eof, pos: 0, text: "", line: 0, error: String::new() }
    }

    /// How messages show the item.
    pub(super) fn show(&self) -> String {
        match self.kind {
            Kind::Eof => String::from("EOF"),
            Kind::Error => self.error.clone(),
            kind if kind.is_keyword() => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let end = self.text.char_indices().nth(10).map_or(self.text.len(), |(at, _)| at);
                format!("{}...", quote(&self.text.as_bytes()[..end]))
            }
            _ => quote(self.text.as_bytes()),
        }
    }
}
