//! Tokens to the first document of a stream, by recursive descent. Where libyaml is lenient or strict, so is
//! this: the order in which tokens are looked at decides which failure is reported.

use std::{borrow::Cow, collections::HashMap};

use super::{
    Error,
    error::Position,
    handles::Handles,
    node::{Content, Document, Node},
    scalar::Style,
    scan::{Kind, Mark, Scanner},
};
use crate::stack::deep;

/// The prefix of YAML's own tags, for which `!!` stands.
pub(super) const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// The first document in `text`, or `None` if there is none. What follows it is not looked at, but for the one
/// token that ends it.
pub(super) fn parse(text: &str) -> Result<Option<Document<'_>>, Error> {
    skim(text, &|_| true)
}

/// As [`parse`], but if the document is a mapping in blocks, the lists and maps below keys that are not `wanted` are left
/// empty, so that a document of any size takes little memory. Where what was left out is not plain, all is intricate.
pub(super) fn skim<'a>(text: &'a str, wanted: &dyn Fn(&str) -> bool) -> Result<Option<Document<'a>>, Error> {
    let mut parser = Parser {
        scanner: Scanner::new(text),
        document: Document::default(),
        anchors: HashMap::new(),
        handles: Handles::default(),
        depth: 0,
        wanted,
        is_skimming: false,
    };
    Ok(parser.document()?.then_some(parser.document))
}

/// Which kinds of nodes may stand at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    /// In `[]` and `{}`.
    Flow,
    Block,
    /// In block mappings, where a sequence needs no indent.
    BlockOrFlush,
}

struct Parser<'a, 'w> {
    scanner: Scanner<'a>,
    document: Document<'a>,
    anchors: HashMap<&'a str, usize>,
    handles: Handles<'a>,
    depth: usize,
    /// Which keys of the root have values to keep.
    wanted: &'w dyn Fn(&str) -> bool,
    /// Whether this is below a key whose value is not kept.
    is_skimming: bool,
}

/// goyaml's failure of a parser: it names the line before, as it counts from 0.
pub(super) fn failure<T>(problem: &'static str, mark: Mark) -> Result<T, Error> {
    let position = Position { line: mark.line + 1, column: mark.column + 1 };
    Err(Error::Syntax { problem, position, shown: (mark.line != 0).then_some(mark.line) })
}

impl<'a> Parser<'a, '_> {
    fn peek(&mut self) -> Result<&Kind<'a>, Error> {
        Ok(&self.scanner.peek()?.kind)
    }

    fn mark(&mut self) -> Result<Mark, Error> {
        Ok(self.scanner.peek()?.mark)
    }

    fn skip(&mut self) -> Result<(), Error> {
        self.scanner.next().map(drop)
    }

    /// The whole document; false at the end of the stream.
    fn document(&mut self) -> Result<bool, Error> {
        match self.peek()? {
            Kind::StreamEnd => return Ok(false),
            Kind::Version(..) | Kind::TagPrefix(_) | Kind::DocumentStart => {
                self.handles = Handles::read(&mut self.scanner)?;
                if !matches!(self.peek()?, Kind::DocumentStart) {
                    return failure("did not find expected <document start>", self.mark()?);
                }
                self.skip()?;
                self.document_content()?;
            }
            _ => {
                self.handles = Handles::read(&mut self.scanner)?;
                self.node(Allowed::Block)?;
            }
        }
        self.peek()?;
        Ok(true)
    }

    fn document_content(&mut self) -> Result<(), Error> {
        match self.peek()? {
            Kind::Version(..)
            | Kind::TagPrefix(_)
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::StreamEnd => self.empty(),
            _ => self.node(Allowed::Block),
        }
    }

    /// Adds a node without its children; [`Self::close`] follows.
    fn open(&mut self, content: Content<'a>, tag: Option<Box<str>>, mark: Mark) -> usize {
        let index = self.document.nodes.len();
        self.document.intricate |= tag.is_some() || matches!(content, Content::Alias(..));
        if let Content::Scalar { text, .. } = &content {
            self.document.intricate |= text == "<<";
        }
        self.document.nodes.push(Node { content, tag, end: index + 1, line: mark.line, column: mark.column });
        index
    }

    fn close(&mut self, index: usize) {
        self.document.nodes[index].end = self.document.nodes.len();
        if self.is_skimming {
            self.document.intricate |= !self.document.is_plain(index);
            self.document.nodes.truncate(index + 1);
            self.document.nodes[index].end = index + 1;
        }
    }

    /// Whether the value of the root's key at `index` is not to be kept.
    fn is_unwanted(&self, index: usize) -> bool {
        match &self.document.nodes[index].content {
            Content::Scalar { text, .. } => self.depth == 1 && !(self.wanted)(text),
            _ => false,
        }
    }

    /// A scalar that is not there.
    fn empty(&mut self) -> Result<(), Error> {
        let mark = self.mark()?;
        self.open(Content::Scalar { text: Cow::Borrowed(""), implicit: true }, None, mark);
        Ok(())
    }

    fn node(&mut self, allowed: Allowed) -> Result<(), Error> {
        // The scanner limits how deep it goes, in blocks and in brackets; together they may go too deep.
        self.depth += 1;
        self.document.intricate |= self.depth > super::MAX_DEPTH;
        let result = deep(|| self.any_node(allowed));
        self.depth -= 1;
        result
    }

    fn any_node(&mut self, allowed: Allowed) -> Result<(), Error> {
        let start = self.mark()?;
        if let Kind::Alias(name) = *self.peek()? {
            let Some(&target) = self.anchors.get(name) else {
                return Err(Error::Meaning(format!("unknown anchor '{name}' referenced")));
            };
            self.open(Content::Alias(target, name), None, start);
            return self.skip();
        }
        let (anchor, tag) = self.properties()?;
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, self.document.nodes.len());
        }
        let block = allowed != Allowed::Flow;
        match self.peek()? {
            Kind::BlockEntry if allowed == Allowed::BlockOrFlush => self.flush_sequence(tag, start),
            Kind::Scalar { .. } => self.scalar(tag, start),
            Kind::FlowSequenceStart => self.flow_sequence(tag, start),
            Kind::FlowMappingStart => self.flow_mapping(tag, start),
            Kind::BlockSequenceStart if block => self.block_sequence(tag, start),
            Kind::BlockMappingStart if block => self.block_mapping(tag, start),
            _ if anchor.is_some() || tag.is_some() => {
                let implicit = tag.is_none();
                self.open(Content::Scalar { text: Cow::Borrowed(""), implicit }, tag, start);
                Ok(())
            }
            _ => failure("did not find expected node content", self.mark()?),
        }
    }

    /// Anchor and tag, in either order.
    fn properties(&mut self) -> Result<(Option<&'a str>, Option<Box<str>>), Error> {
        let mut anchor = self.anchor()?;
        let mut tag = None;
        if matches!(self.peek()?, Kind::Tag(_)) {
            tag = Some(self.scanner.next()?);
        }
        if anchor.is_none() && tag.is_some() {
            anchor = self.anchor()?;
        }
        let Some(tag) = tag else { return Ok((anchor, None)) };
        let Kind::Tag(parts) = tag.kind else { return Ok((anchor, None)) };
        let (handle, suffix) = *parts;
        match self.handles.expand(&handle, &suffix) {
            Some(tag) => Ok((anchor, Some(tag))),
            None => failure("found undefined tag handle", tag.mark),
        }
    }

    fn anchor(&mut self) -> Result<Option<&'a str>, Error> {
        let Kind::Anchor(name) = *self.peek()? else { return Ok(None) };
        self.skip()?;
        Ok(Some(name))
    }

    fn scalar(&mut self, tag: Option<Box<str>>, mark: Mark) -> Result<(), Error> {
        if let Kind::Scalar { text, style } = self.scanner.next()?.kind {
            let implicit = tag.as_deref().map_or(style == Style::Plain, |tag| tag == "!");
            self.open(Content::Scalar { text, implicit }, tag, mark);
        }
        Ok(())
    }

    fn block_sequence(&mut self, tag: Option<Box<str>>, mark: Mark) -> Result<(), Error> {
        let index = self.open(Content::Sequence, tag, mark);
        self.skip()?;
        loop {
            match self.peek()? {
                Kind::BlockEntry => {
                    self.skip()?;
                    match self.peek()? {
                        Kind::BlockEntry | Kind::BlockEnd => self.empty()?,
                        _ => self.node(Allowed::Block)?,
                    }
                }
                Kind::BlockEnd => break,
                _ => return failure("did not find expected '-' indicator", self.mark()?),
            }
        }
        self.close(index);
        self.skip()
    }

    /// A sequence at its mapping's own column: no token ends it.
    fn flush_sequence(&mut self, tag: Option<Box<str>>, mark: Mark) -> Result<(), Error> {
        let index = self.open(Content::Sequence, tag, mark);
        while matches!(self.peek()?, Kind::BlockEntry) {
            self.skip()?;
            match self.peek()? {
                Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => self.empty()?,
                _ => self.node(Allowed::Block)?,
            }
        }
        self.close(index);
        Ok(())
    }

    fn block_mapping(&mut self, tag: Option<Box<str>>, mark: Mark) -> Result<(), Error> {
        let index = self.open(Content::Mapping, tag, mark);
        self.skip()?;
        loop {
            match self.peek()? {
                Kind::Key => {
                    self.skip()?;
                    let key = self.document.nodes.len();
                    self.block_half()?;
                    if matches!(self.peek()?, Kind::Value) {
                        self.skip()?;
                        let outer = self.is_skimming;
                        self.is_skimming |= self.is_unwanted(key);
                        self.block_half()?;
                        self.is_skimming = outer;
                    } else {
                        self.empty()?;
                    }
                }
                Kind::BlockEnd => break,
                _ => return failure("did not find expected key", self.mark()?),
            }
        }
        self.close(index);
        self.skip()
    }

    /// The key after `?`, or the value after `:`, in a block mapping.
    fn block_half(&mut self) -> Result<(), Error> {
        match self.peek()? {
            Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(),
            _ => self.node(Allowed::BlockOrFlush),
        }
    }

    fn flow_sequence(&mut self, tag: Option<Box<str>>, mark: Mark) -> Result<(), Error> {
        let index = self.open(Content::Sequence, tag, mark);
        self.skip()?;
        let mut first = true;
        while !matches!(self.peek()?, Kind::FlowSequenceEnd) {
            if !std::mem::take(&mut first) {
                if !matches!(self.peek()?, Kind::FlowEntry) {
                    return failure("did not find expected ',' or ']'", self.mark()?);
                }
                self.skip()?;
            }
            match self.peek()? {
                Kind::FlowSequenceEnd => {}
                Kind::Key => self.flow_pair()?,
                _ => self.node(Allowed::Flow)?,
            }
        }
        self.close(index);
        self.skip()
    }

    /// A mapping of one entry in a sequence: `[a: b]`.
    fn flow_pair(&mut self) -> Result<(), Error> {
        let mark = self.mark()?;
        let index = self.open(Content::Mapping, None, mark);
        self.skip()?;
        match self.peek()? {
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                // libyaml drops the token here; what follows then fails, as there.
                self.skip()?;
                self.empty()?;
            }
            _ => self.node(Allowed::Flow)?,
        }
        self.flow_value(|kind| matches!(kind, Kind::FlowSequenceEnd))?;
        self.close(index);
        self.peek().map(drop)
    }

    fn flow_mapping(&mut self, tag: Option<Box<str>>, mark: Mark) -> Result<(), Error> {
        let index = self.open(Content::Mapping, tag, mark);
        self.skip()?;
        let mut first = true;
        while !matches!(self.peek()?, Kind::FlowMappingEnd) {
            if !std::mem::take(&mut first) {
                if !matches!(self.peek()?, Kind::FlowEntry) {
                    return failure("did not find expected ',' or '}'", self.mark()?);
                }
                self.skip()?;
            }
            match self.peek()? {
                Kind::FlowMappingEnd => {}
                Kind::Key => {
                    self.skip()?;
                    match self.peek()? {
                        Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => self.empty()?,
                        _ => self.node(Allowed::Flow)?,
                    }
                    self.flow_value(|kind| matches!(kind, Kind::FlowMappingEnd))?;
                }
                _ => {
                    self.node(Allowed::Flow)?;
                    self.empty()?;
                }
            }
        }
        self.close(index);
        self.skip()
    }

    /// The value of a flow mapping's entry, with its colon, if it has one; `closes` knows what ends the collection.
    fn flow_value(&mut self, closes: fn(&Kind<'a>) -> bool) -> Result<(), Error> {
        if !matches!(self.peek()?, Kind::Value) {
            return self.empty();
        }
        self.skip()?;
        match self.peek()? {
            Kind::FlowEntry => self.empty(),
            kind if closes(kind) => self.empty(),
            _ => self.node(Allowed::Flow),
        }
    }
}
