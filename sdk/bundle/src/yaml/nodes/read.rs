//! Tokens and comments to the first document of a text, as a tree. The order in which tokens are looked at decides
//! which comments a node gets, so it is goyaml v3's: a comment is waiting as soon as the token it belongs to has been
//! seen, and goes to the next node that takes comments.

use std::collections::HashSet;

use super::{
    node::{Comments, Content, Document, Layout, Node},
    waiting::Waiting,
};
use crate::{
    stack::deep,
    yaml::{
        Error, MAX_DEPTH,
        error::Position,
        handles::Handles,
        scalar::Style,
        scan::{Kind, Mark, Scanner},
    },
};

/// Which kinds of nodes may stand at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// In `[]` and `{}`.
    Flow,
    Block,
    /// In block mappings, where a sequence needs no indent.
    BlockOrFlush,
}

/// What stands before a node: anchor and tag, and where they start.
#[derive(Default)]
pub(super) struct Properties {
    anchor: Option<Box<str>>,
    tag: Option<Box<str>>,
}

pub(super) struct Reader<'a> {
    scanner: Scanner<'a, true>,
    pub(super) waiting: Waiting,
    anchors: HashSet<Box<str>>,
    handles: Handles<'a>,
    depth: usize,
}

/// The first document in `text`, or `None` if there is none.
pub(super) fn read(text: &str) -> Result<Option<Document>, Error> {
    let mut reader = Reader {
        scanner: Scanner::new(text),
        waiting: Waiting::default(),
        anchors: HashSet::new(),
        handles: Handles::default(),
        depth: 0,
    };
    reader.document()
}

/// goyaml's failure of a parser: of what is read (`since`) and where it is stuck, it names the first that is not in the
/// first line, counted from 0.
fn failure<T>(problem: &'static str, since: Mark, mark: Mark) -> Result<T, Error> {
    let position = Position { line: mark.line + 1, column: mark.column + 1 };
    let shown = [since.line, mark.line].into_iter().find(|line| *line != 0);
    Err(Error::Syntax { problem, position, shown })
}

impl<'a> Reader<'a> {
    /// The next token, left in place; the comments that belong to it wait for a node.
    pub(super) fn peek(&mut self) -> Result<&Kind<'a>, Error> {
        let token = self.scanner.peek()?;
        let (at, ends_block) = (token.mark.offset, matches!(token.kind, Kind::BlockEnd));
        self.waiting.take_from(&mut self.scanner, at, ends_block);
        Ok(&self.scanner.peek()?.kind)
    }

    pub(super) fn mark(&mut self) -> Result<Mark, Error> {
        Ok(self.scanner.peek()?.mark)
    }

    pub(super) fn skip(&mut self) -> Result<(), Error> {
        self.scanner.next().map(drop)
    }

    /// The failure to go on at the next token with what started at `since`.
    pub(super) fn stuck<T>(&mut self, problem: &'static str, since: Mark) -> Result<T, Error> {
        let mark = self.mark()?;
        failure(problem, since, mark)
    }

    fn document(&mut self) -> Result<Option<Document>, Error> {
        let mut head = String::new();
        let root = match self.peek()? {
            Kind::StreamEnd => return Ok(None),
            Kind::Version(..) | Kind::TagPrefix(_) | Kind::DocumentStart => {
                self.handles = Handles::read(&mut self.scanner)?;
                if !matches!(self.peek()?, Kind::DocumentStart) {
                    return self.stuck("did not find expected <document start>", Mark::default());
                }
                self.skip()?;
                self.document_content()?
            }
            _ => {
                self.handles = Handles::read(&mut self.scanner)?;
                head = self.waiting.split_document_head();
                self.node(Allowed::Block)?
            }
        };
        if matches!(self.peek()?, Kind::DocumentEnd) {
            self.skip()?;
        }
        let Comments { head: above, foot, .. } = self.waiting.take();
        Ok(Some(Document { root, head, foot: if foot.is_empty() { above } else { foot } }))
    }

    fn document_content(&mut self) -> Result<Node, Error> {
        match self.peek()? {
            Kind::Version(..)
            | Kind::TagPrefix(_)
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::StreamEnd => Ok(empty()),
            _ => self.node(Allowed::Block),
        }
    }

    pub(super) fn node(&mut self, allowed: Allowed) -> Result<Node, Error> {
        self.depth += 1;
        if self.depth > 2 * MAX_DEPTH {
            return Err(Error::Depth);
        }
        let result = deep(|| self.any_node(allowed));
        self.depth -= 1;
        result
    }

    fn any_node(&mut self, allowed: Allowed) -> Result<Node, Error> {
        self.peek()?;
        let start = self.mark()?;
        if let Kind::Alias(name) = *self.peek()? {
            return self.alias(name);
        }
        let properties = self.properties(start)?;
        if let Some(anchor) = &properties.anchor {
            self.anchors.insert(anchor.clone());
        }
        let block = allowed != Allowed::Flow;
        let bare = properties.anchor.is_none() && properties.tag.is_none();
        let mut node = match self.peek()? {
            Kind::BlockEntry if allowed == Allowed::BlockOrFlush => self.flush_sequence()?,
            Kind::Scalar { .. } => self.scalar()?,
            Kind::FlowSequenceStart => self.flow_sequence()?,
            Kind::FlowMappingStart => self.flow_mapping()?,
            Kind::BlockSequenceStart if block => self.block_sequence()?,
            Kind::BlockMappingStart if block => self.block_mapping()?,
            _ if !bare => empty(),
            _ => return self.stuck("did not find expected node content", start),
        };
        node.anchor = properties.anchor;
        // `!` alone says nothing but that there is a node.
        node.tag = properties.tag.filter(|tag| **tag != *"!");
        Ok(node)
    }

    fn alias(&mut self, name: &'a str) -> Result<Node, Error> {
        if !self.anchors.contains(name) {
            return Err(Error::Meaning(format!("unknown anchor '{name}' referenced")));
        }
        let mut node = Node::new(Content::Alias(name.to_owned()));
        node.set_comments(self.waiting.take());
        self.skip()?;
        Ok(node)
    }

    /// Anchor and tag, in either order.
    fn properties(&mut self, start: Mark) -> Result<Properties, Error> {
        let mut found = Properties { anchor: self.anchor()?, tag: None };
        if !matches!(self.peek()?, Kind::Tag(_)) {
            return Ok(found);
        }
        let mark = self.mark()?;
        let Kind::Tag(parts) = self.scanner.next()?.kind else { return Ok(found) };
        if found.anchor.is_none() {
            found.anchor = self.anchor()?;
        }
        let Some(tag) = self.handles.expand(&parts.0, &parts.1) else {
            return failure("found undefined tag handle", start, mark);
        };
        found.tag = Some(tag);
        Ok(found)
    }

    fn anchor(&mut self) -> Result<Option<Box<str>>, Error> {
        let Kind::Anchor(name) = *self.peek()? else { return Ok(None) };
        self.skip()?;
        self.peek()?;
        Ok(Some(name.into()))
    }

    fn scalar(&mut self) -> Result<Node, Error> {
        let comments = self.waiting.take();
        let (text, style) = match self.scanner.next()?.kind {
            Kind::Scalar { text, style } => (text.into_owned(), style),
            _ => (String::new(), Style::Plain),
        };
        let mut node = Node::scalar(text, style);
        node.set_comments(comments);
        Ok(node)
    }

    /// Takes a `-`. What stands above it goes to the whole list or mapping that follows, not to its first entry.
    pub(super) fn item_start(&mut self) -> Result<(), Error> {
        let before = self.waiting.head.len();
        self.skip()?;
        if before > 0 && matches!(self.peek()?, Kind::BlockSequenceStart | Kind::BlockMappingStart) {
            self.waiting.split_stem(before);
        }
        Ok(())
    }
}

/// A scalar that is not there.
pub(super) fn empty() -> Node {
    Node::scalar("", Style::Plain)
}

/// A list or a mapping with what is said about it at its start and at its end: of two comments the later one stays.
pub(super) fn collection(content: Content, head: String, end: Comments) -> Node {
    let mut node = Node::new(content);
    node.set_comments(Comments { head, ..end });
    node
}

/// Moves feet of a mapping in lines to where they are written: that of a key belongs to the entry before it, that of a
/// value to its key.
pub(super) fn push_entry(entries: &mut Vec<(Node, Node)>, mut key: Node, mut value: Node, layout: Layout) {
    if layout == Layout::Block
        && !key.comments().foot.is_empty()
        && let Some((before, _)) = entries.last_mut()
    {
        before.comments_mut().foot = key.take_foot();
    }
    if key.comments().foot.is_empty() && !value.comments().foot.is_empty() {
        key.comments_mut().foot = value.take_foot();
    }
    entries.push((key, value));
}
