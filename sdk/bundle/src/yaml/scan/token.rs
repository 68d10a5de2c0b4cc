//! What a stream consists of for the parser.

use std::borrow::Cow;

use crate::yaml::scalar::Style;

/// A place in the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::yaml) struct Mark {
    /// Bytes before it.
    pub(in crate::yaml) offset: usize,
    /// Line breaks before it.
    pub(in crate::yaml) line: usize,
    /// Bytes before it on its line.
    pub(in crate::yaml) column: usize,
}

/// A token and where it starts.
#[derive(Debug)]
pub(in crate::yaml) struct Token<'a> {
    pub(in crate::yaml) kind: Kind<'a>,
    pub(in crate::yaml) mark: Mark,
}

/// The kinds of tokens.
#[derive(Debug)]
pub(in crate::yaml) enum Kind<'a> {
    StreamEnd,
    /// `---`
    DocumentStart,
    /// `...`
    DocumentEnd,
    /// `%YAML 1.1`: the two numbers.
    Version(u8, u8),
    /// `%TAG ! tag:example.com,2000:`: handle and prefix.
    TagPrefix(Box<(Cow<'a, str>, Cow<'a, str>)>),
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    /// `-`
    BlockEntry,
    /// `,`
    FlowEntry,
    /// `?`, or the place before a simple key.
    Key,
    /// `:`
    Value,
    /// `*name`
    Alias(&'a str),
    /// `&name`
    Anchor(&'a str),
    /// `!handle!suffix`
    Tag(Box<(Cow<'a, str>, Cow<'a, str>)>),
    Scalar {
        text: Cow<'a, str>,
        style: Style,
    },
}
