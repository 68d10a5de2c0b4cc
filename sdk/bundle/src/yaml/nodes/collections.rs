//! Lists and mappings, in lines and in brackets, from tokens to nodes.

use super::{
    node::{Comments, Content, Layout, Node},
    read::{Allowed, Reader, collection, empty, push_entry},
};
use crate::yaml::{Error, scan::Kind};

impl Reader<'_> {
    pub(super) fn block_sequence(&mut self) -> Result<Node, Error> {
        let head = self.waiting.take_stem();
        let start = self.mark()?;
        self.skip()?;
        let mut items = Vec::new();
        loop {
            match self.peek()? {
                Kind::BlockEntry => {
                    self.item_start()?;
                    items.push(match self.peek()? {
                        Kind::BlockEntry | Kind::BlockEnd => empty(),
                        _ => self.node(Allowed::Block)?,
                    });
                }
                Kind::BlockEnd => break,
                _ => return self.stuck("did not find expected '-' indicator", start),
            }
        }
        self.skip()?;
        Ok(collection(Content::Sequence(items, Layout::Block), head, Comments::default()))
    }

    /// A sequence at its mapping's own column: no token starts or ends it.
    pub(super) fn flush_sequence(&mut self) -> Result<Node, Error> {
        let mut items = Vec::new();
        while matches!(self.peek()?, Kind::BlockEntry) {
            self.item_start()?;
            items.push(match self.peek()? {
                Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => empty(),
                _ => self.node(Allowed::Block)?,
            });
        }
        Ok(collection(Content::Sequence(items, Layout::Block), String::new(), Comments::default()))
    }

    pub(super) fn block_mapping(&mut self) -> Result<Node, Error> {
        let head = self.waiting.take_stem();
        let start = self.mark()?;
        self.skip()?;
        let mut entries: Vec<(Node, Node)> = Vec::new();
        loop {
            match self.peek()? {
                Kind::Key => {
                    self.skip()?;
                    let key = self.block_half()?;
                    let value = match self.peek()? {
                        Kind::Value => {
                            self.skip()?;
                            self.block_half()?
                        }
                        _ => empty(),
                    };
                    push_entry(&mut entries, key, value, Layout::Block);
                }
                Kind::BlockEnd => break,
                _ => return self.stuck("did not find expected key", start),
            }
        }
        let mut end = self.waiting.take();
        end.head.clear();
        if !end.foot.is_empty()
            && let Some((last, _)) = entries.last_mut()
        {
            last.comments_mut().foot = std::mem::take(&mut end.foot);
        }
        self.skip()?;
        Ok(collection(Content::Mapping(entries, Layout::Block), head, end))
    }

    /// The key after `?`, or the value after `:`, in a block mapping.
    fn block_half(&mut self) -> Result<Node, Error> {
        match self.peek()? {
            Kind::Key | Kind::Value | Kind::BlockEnd => Ok(empty()),
            _ => self.node(Allowed::BlockOrFlush),
        }
    }

    pub(super) fn flow_sequence(&mut self) -> Result<Node, Error> {
        let head = self.waiting.take().head;
        let start = self.mark()?;
        self.skip()?;
        let mut items = Vec::new();
        let mut first = true;
        while !matches!(self.peek()?, Kind::FlowSequenceEnd) {
            if !std::mem::take(&mut first) {
                if !matches!(self.peek()?, Kind::FlowEntry) {
                    return self.stuck("did not find expected ',' or ']'", start);
                }
                self.skip()?;
            }
            match self.peek()? {
                Kind::FlowSequenceEnd => {}
                Kind::Key => items.push(self.flow_pair()?),
                _ => items.push(self.node(Allowed::Flow)?),
            }
        }
        self.flow_end(Content::Sequence(items, Layout::Flow), head)
    }

    fn flow_end(&mut self, content: Content, head: String) -> Result<Node, Error> {
        let end = self.waiting.take();
        self.skip()?;
        Ok(collection(content, head, end))
    }

    /// A mapping of one entry in a sequence: `[a: b]`.
    fn flow_pair(&mut self) -> Result<Node, Error> {
        self.skip()?;
        let key = match self.peek()? {
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                // libyaml drops the token here; what follows then fails, as there.
                self.skip()?;
                empty()
            }
            _ => self.node(Allowed::Flow)?,
        };
        let value = self.flow_value(|kind| matches!(kind, Kind::FlowSequenceEnd))?;
        let mut entries = Vec::new();
        push_entry(&mut entries, key, value, Layout::Flow);
        self.peek()?;
        Ok(Node::new(Content::Mapping(entries, Layout::Flow)))
    }

    pub(super) fn flow_mapping(&mut self) -> Result<Node, Error> {
        let head = self.waiting.take().head;
        let start = self.mark()?;
        self.skip()?;
        let mut entries = Vec::new();
        let mut first = true;
        while !matches!(self.peek()?, Kind::FlowMappingEnd) {
            if !std::mem::take(&mut first) {
                if !matches!(self.peek()?, Kind::FlowEntry) {
                    return self.stuck("did not find expected ',' or '}'", start);
                }
                self.skip()?;
            }
            if matches!(self.peek()?, Kind::FlowMappingEnd) {
                continue;
            }
            let (key, value) = self.flow_entry()?;
            push_entry(&mut entries, key, value, Layout::Flow);
        }
        self.flow_end(Content::Mapping(entries, Layout::Flow), head)
    }

    fn flow_entry(&mut self) -> Result<(Node, Node), Error> {
        if !matches!(self.peek()?, Kind::Key) {
            let key = self.node(Allowed::Flow)?;
            self.peek()?;
            return Ok((key, empty()));
        }
        self.skip()?;
        let key = match self.peek()? {
            Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => empty(),
            _ => self.node(Allowed::Flow)?,
        };
        let value = self.flow_value(|kind| matches!(kind, Kind::FlowMappingEnd))?;
        Ok((key, value))
    }

    /// The value of a flow mapping's entry, with its colon, if it has one; `closes` knows what ends the collection.
    fn flow_value(&mut self, closes: fn(&Kind<'_>) -> bool) -> Result<Node, Error> {
        if !matches!(self.peek()?, Kind::Value) {
            return Ok(empty());
        }
        self.skip()?;
        match self.peek()? {
            Kind::FlowEntry => Ok(empty()),
            kind if closes(kind) => Ok(empty()),
            _ => self.node(Allowed::Flow),
        }
    }
}
