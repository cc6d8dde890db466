//! [`Token`]: what the scanner makes of the text. Scalars borrow from it where nothing was folded or escaped.

use std::borrow::Cow;

use crate::chars::Mark;

/// A token and where it starts.
#[derive(Clone, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind<'t>,
    pub(crate) mark: Mark,
}

/// The kinds of tokens of YAML 1.1.
#[derive(Clone, Debug)]
pub(crate) enum Kind<'t> {
    StreamEnd,
    /// `%YAML major.minor`
    Version(u8, u8),
    /// `%TAG handle prefix`
    TagDirective(Box<(Cow<'t, str>, Cow<'t, str>)>),
    DocumentStart,
    DocumentEnd,
    /// The first `-` of a list that is indented deeper.
    BlockListStart,
    /// The first key of a mapping that is indented deeper.
    BlockMapStart,
    /// Back to a lesser indentation.
    BlockEnd,
    FlowListStart,
    FlowListEnd,
    FlowMapStart,
    FlowMapEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'t str),
    Anchor(&'t str),
    /// Handle and suffix; an empty handle if the suffix is the whole tag.
    Tag(Box<(Cow<'t, str>, Cow<'t, str>)>),
    /// The text, and whether it was written without quotes in one of the flow styles.
    Scalar(Cow<'t, str>, bool),
}
