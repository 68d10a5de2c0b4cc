//! A document as a flat tree: nodes in the order of the text, each knowing where its subtree ends.

use std::borrow::Cow;

/// One node.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) content: Content<'a>,
    /// The explicit tag, in its long form (`tag:yaml.org,2002:str`).
    pub(super) tag: Option<Box<str>>,
    /// The index after the last node below this one.
    pub(super) end: usize,
    /// Line, from 0.
    pub(super) line: usize,
    /// Column in bytes, from 0.
    pub(super) column: usize,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Content<'a> {
    Scalar {
        text: Cow<'a, str>,
        /// Whether it is untagged and unquoted, so that its text decides what it is.
        implicit: bool,
    },
    Sequence,
    /// Keys and values by turns.
    Mapping,
    /// The index of the node that has the anchor, and the anchor's name.
    Alias(usize, &'a str),
}

/// The nodes of one document; the root is the first.
#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// Whether there are tags, aliases or merge keys, or more levels than may be.
    pub(super) intricate: bool,
}

impl Document<'_> {
    /// The indices of the nodes right below `parent`.
    pub(super) fn children(&self, parent: usize) -> impl Iterator<Item = usize> {
        let end = self.nodes[parent].end;
        let mut next = parent + 1;
        std::iter::from_fn(move || {
            let child = next;
            next = self.nodes.get(child)?.end;
            (child < end).then_some(child)
        })
    }
}
