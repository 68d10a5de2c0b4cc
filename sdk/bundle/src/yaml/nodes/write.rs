//! Trees to text, as goyaml v3 writes them with an indent of two and no longest line.
//!
//! A comment waits from the node (or the end of the node) that it belongs to until the next place where one of its kind
//! may be written; that can be another node's.

use super::{
    node::{Comments, Content, Document, Layout, Node},
    scalar,
};
use crate::{
    stack::deep,
    yaml::{emit::Emitter, resolve::Rules, tags},
};

/// Longest key, in bytes, that is written before its colon without a `?`.
const SIMPLE_KEY: usize = 128;

/// How the items of lists in mappings stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items {
    /// At the column of their key.
    Flush,
    /// Two columns further right.
    Indented,
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    /// In a list, in lines.
    Item,
    /// In a list, in brackets.
    FlowItem,
    /// Before a colon, on one line.
    SimpleKey,
    /// Any other key, or a value.
    Mapping,
}

/// The text so far, and what waits.
pub(super) struct Writer {
    pub(super) out: Emitter,
    pub(super) waiting: Comments,
    /// The foot of the entry before, to be written before the next one.
    pub(super) tail: String,
    /// A comment beside a key whose value starts on another line.
    key_line: String,
    pub(super) brackets: usize,
    items: Items,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            out: Emitter::new(Rules::Version3),
            waiting: Comments::default(),
            tail: String::new(),
            key_line: String::new(),
            brackets: 0,
            items: Items::Flush,
        }
    }

    /// A document, after a separator unless it is the first.
    pub(super) fn document(&mut self, document: &Document, items: Items) {
        self.items = items;
        if !self.out.out.is_empty() {
            self.out.write_indent();
            self.out.indicator("---", true, false);
            self.out.write_indent();
        }
        wait(&mut self.waiting.head, &document.head);
        if !self.waiting.head.is_empty() {
            self.head();
            self.out.put_break();
        }
        self.wait_for_start(&document.root, "");
        self.head();
        self.open(&document.root, Place::Root);
        self.line();
        self.foot();
        self.children(&document.root, Place::Root);
        wait(&mut self.waiting.foot, &document.foot);
        self.out.foot_indent = Some(0);
        self.foot();
        self.out.foot_indent = None;
        self.out.write_indent();
    }

    /// What is said about a node waits: all of it with a scalar, with others what stands above.
    fn wait_for_start(&mut self, node: &Node, tail: &str) {
        let comments = node.comments();
        wait(&mut self.waiting.head, &comments.head);
        if matches!(node.content, Content::Scalar(..) | Content::Alias(_)) {
            wait(&mut self.waiting.line, &comments.line);
            wait(&mut self.waiting.foot, &comments.foot);
        }
        if !matches!(node.content, Content::Alias(_) | Content::Sequence(..)) {
            wait(&mut self.tail, tail);
        }
    }

    /// What stands beside and below a list or a mapping waits once its end is reached.
    fn wait_for_end(&mut self, comments: &Comments, tail: &str) {
        wait(&mut self.tail, tail);
        wait(&mut self.waiting.line, &comments.line);
        wait(&mut self.waiting.foot, &comments.foot);
    }

    /// Anchor, tag, and what needs no further lines: a scalar or an alias.
    fn open(&mut self, node: &Node, place: Place) {
        match &node.content {
            Content::Alias(name) => self.out.indicator(&format!("*{name}"), true, false),
            Content::Scalar(text, style) => self.scalar(node, text, *style, place),
            Content::Sequence(..) | Content::Mapping(..) => {
                self.anchor(node);
                self.tag(node.tag.as_deref());
            }
        }
    }

    pub(super) fn anchor(&mut self, node: &Node) {
        if let Some(name) = &node.anchor {
            self.out.indicator(&format!("&{name}"), true, false);
        }
    }

    pub(super) fn tag(&mut self, tag: Option<&str>) {
        if let Some(tag) = tag {
            self.out.indicator(&tags::write(tag), true, false);
        }
    }

    /// What is below a node.
    fn children(&mut self, node: &Node, place: Place) {
        self.children_with(node, node.comments(), place);
    }

    fn children_with(&mut self, node: &Node, comments: &Comments, place: Place) {
        let inside = self.brackets > 0;
        let brackets = |layout| inside || layout == Layout::Flow || node.is_childless();
        match &node.content {
            Content::Sequence(items, layout) if brackets(*layout) => {
                deep(|| self.flow_sequence(items, comments, place));
            }
            Content::Sequence(items, _) => deep(|| self.block_sequence(items, comments, place)),
            Content::Mapping(entries, layout) if brackets(*layout) => {
                deep(|| self.flow_mapping(entries, comments, place));
            }
            Content::Mapping(entries, _) => deep(|| self.block_mapping(entries, comments, place)),
            Content::Scalar(..) | Content::Alias(_) => {}
        }
    }

    fn block_sequence(&mut self, items: &[Node], comments: &Comments, place: Place) {
        let outer = self.out.indent;
        let fresh = self.out.indention && self.out.column > 0;
        let flush =
            matches!(place, Place::Mapping | Place::SimpleKey) && !fresh && self.items == Items::Flush;
        self.out.indent = Some(match self.inner_indent(place, false) {
            column if flush && outer.is_some() => column - 2,
            column => column,
        });
        for item in items {
            self.wait_for_start(item, "");
            self.head();
            self.out.write_indent();
            self.out.indicator("-", true, true);
            self.open(item, Place::Item);
            self.line();
            self.foot();
            self.children(item, Place::Item);
        }
        self.wait_for_end(comments, "");
        self.out.indent = outer;
    }

    fn block_mapping(&mut self, entries: &[(Node, Node)], comments: &Comments, place: Place) {
        let outer = self.out.indent;
        self.out.indent = Some(self.inner_indent(place, false));
        let mut tail = "";
        for (key, value) in entries {
            self.wait_for_key(key, tail);
            tail = &key.comments().foot;
            self.head();
            self.out.write_indent();
            if !self.waiting.line.is_empty() {
                self.key_line = std::mem::take(&mut self.waiting.line);
            }
            let simple = self.is_simple_key(key);
            if !simple {
                self.out.indicator("?", true, true);
            }
            self.key(key, simple);
            self.wait_for_start(value, "");
            if simple {
                self.out.indicator(":", false, false);
            } else {
                self.out.write_indent();
                self.out.indicator(":", true, true);
            }
            self.release_key_line(value);
            self.open(value, Place::Mapping);
            self.line();
            self.foot();
            self.children(value, Place::Mapping);
        }
        self.wait_for_end(comments, tail);
        self.head();
        self.out.indent = outer;
    }

    /// As [`Self::wait_for_start`]; a key's foot does not wait, it is the tail of the whole entry.
    fn wait_for_key(&mut self, key: &Node, tail: &str) {
        let comments = key.comments();
        wait(&mut self.waiting.head, &comments.head);
        if matches!(key.content, Content::Scalar(..) | Content::Alias(_)) {
            wait(&mut self.waiting.line, &comments.line);
        }
        if !matches!(key.content, Content::Alias(_) | Content::Sequence(..)) {
            wait(&mut self.tail, tail);
        }
    }

    fn key(&mut self, key: &Node, simple: bool) {
        let place = if simple { Place::SimpleKey } else { Place::Mapping };
        self.open(key, place);
        if matches!(key.content, Content::Sequence(..) | Content::Mapping(..)) {
            let comments = Comments { foot: String::new(), ..key.comments().clone() };
            self.children_with(key, &comments, place);
        }
    }

    /// A comment beside a key is written beside a scalar, unless that has its own, or before a block.
    fn release_key_line(&mut self, value: &Node) {
        if self.key_line.is_empty() {
            return;
        }
        match &value.content {
            Content::Scalar(..) if self.waiting.line.is_empty() => {
                self.waiting.line = std::mem::take(&mut self.key_line);
            }
            Content::Sequence(_, Layout::Block) | Content::Mapping(_, Layout::Block) => {
                std::mem::swap(&mut self.waiting.line, &mut self.key_line);
                self.line();
                std::mem::swap(&mut self.waiting.line, &mut self.key_line);
            }
            _ => {}
        }
    }

    fn flow_sequence(&mut self, items: &[Node], comments: &Comments, place: Place) {
        let outer = self.open_bracket("[", place);
        let (mut first, mut separated) = (true, false);
        for item in items {
            self.wait_for_start(item, "");
            self.next_in_brackets(first || separated);
            first = false;
            separated = self.has_remark();
            self.open(item, Place::FlowItem);
            self.after_in_brackets();
            self.children(item, Place::FlowItem);
        }
        self.wait_for_end(comments, "");
        self.brackets -= 1;
        self.out.indent = outer;
        if self.out.column == 0 {
            self.out.write_indent();
        }
        self.close_bracket("]");
    }

    fn flow_mapping(&mut self, entries: &[(Node, Node)], comments: &Comments, place: Place) {
        let outer = self.open_bracket("{", place);
        let (mut first, mut separated) = (true, false);
        let mut tail = "";
        for (key, value) in entries {
            self.wait_for_key(key, tail);
            tail = &key.comments().foot;
            self.next_in_brackets(first || separated);
            first = false;
            let simple = self.is_simple_key(key);
            if !simple {
                self.out.indicator("?", true, false);
            }
            self.key(key, simple);
            self.wait_for_start(value, "");
            self.out.indicator(":", !simple, false);
            separated = self.has_remark();
            self.open(value, Place::Mapping);
            self.after_in_brackets();
            self.children(value, Place::Mapping);
        }
        self.wait_for_end(comments, tail);
        let remark = !(self.waiting.head.is_empty() && self.waiting.foot.is_empty() && self.tail.is_empty());
        if remark && !first && !separated {
            self.out.indicator(",", false, false);
        }
        self.head();
        self.brackets -= 1;
        self.out.indent = outer;
        self.close_bracket("}");
    }

    /// A bracket, and a level further right; the column before.
    fn open_bracket(&mut self, bracket: &str, place: Place) -> Option<usize> {
        self.out.indicator(bracket, true, false);
        self.out.whitespace = true;
        self.brackets += 1;
        let inner = self.inner_indent(place, true);
        self.out.indent.replace(inner)
    }

    fn close_bracket(&mut self, bracket: &str) {
        self.out.indicator(bracket, false, false);
        self.line();
        self.foot();
    }

    /// A comma unless there is none needed, comments, and the place for an entry.
    fn next_in_brackets(&mut self, separated: bool) {
        if !separated {
            self.out.indicator(",", false, false);
        }
        self.head();
        if self.out.column == 0 {
            self.out.write_indent();
        }
    }

    /// The comma must be before a comment on its line.
    fn after_in_brackets(&mut self) {
        if self.has_remark() {
            self.out.indicator(",", false, false);
        }
        self.line();
        self.foot();
    }

    fn has_remark(&self) -> bool {
        !(self.waiting.line.is_empty() && self.waiting.foot.is_empty() && self.tail.is_empty())
    }

    /// The column of what is in a node at this place.
    pub(super) fn inner_indent(&self, place: Place, flow: bool) -> usize {
        match self.out.indent {
            None if flow => 2,
            None => 0,
            Some(column) if place == Place::Item => column + 2,
            Some(column) => 2 * (column / 2 + 1),
        }
    }

    /// Whether a key fits before its colon on one line.
    fn is_simple_key(&self, key: &Node) -> bool {
        let anchor = key.anchor.as_deref().map_or(0, str::len);
        let tag = || scalar::written_tag(key).map_or(0, tags::parts_len);
        let length = match &key.content {
            Content::Alias(name) => name.len(),
            Content::Scalar(text, _) if scalar::is_multiline(text) => return false,
            Content::Scalar(text, _) => anchor + tag() + text.len(),
            Content::Sequence(..) | Content::Mapping(..) if key.is_childless() => anchor + tag(),
            Content::Sequence(..) | Content::Mapping(..) => return false,
        };
        length <= SIMPLE_KEY
    }
}

/// A comment takes the place of one that waits.
fn wait(waiting: &mut String, comment: &str) {
    if !comment.is_empty() {
        comment.clone_into(waiting);
    }
}
