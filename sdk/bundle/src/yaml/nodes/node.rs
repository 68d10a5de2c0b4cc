//! A document as a tree that keeps how it was written: order, styles, tags, anchors and comments.

use crate::yaml::resolve::{Resolved, Rules, resolve};

pub use crate::yaml::scalar::Style;

/// The tag of null, in its long form.
const NULL: &str = "tag:yaml.org,2002:null";

/// A document: its root, and the comments that are set apart from it.
#[derive(Clone, Debug)]
pub struct Document {
    /// What the document says.
    pub root: Node,
    /// The comment at its start, with an empty line below it.
    pub head: String,
    /// The comment at its end.
    pub foot: String,
}

/// A node and what is written before and beside it.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// The tag that is written, in its long form.
    pub tag: Option<Box<str>>,
    /// The name by which aliases mean it.
    pub anchor: Option<Box<str>>,
    comments: Option<Box<Comments>>,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Content {
    /// A text, and how it is written.
    Scalar(String, Style),
    /// The name of an anchor.
    Alias(String),
    /// A list.
    Sequence(Vec<Node>, Layout),
    /// Keys and values, in order.
    Mapping(Vec<(Node, Node)>, Layout),
}

/// How a list or a mapping is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A line for each entry.
    Block,
    /// In brackets.
    Flow,
}

/// The comments of a node: whole lines with their `#`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comments {
    /// Above it.
    pub head: String,
    /// At the end of its line.
    pub line: String,
    /// Below it, before an empty line.
    pub foot: String,
}

static NO_COMMENTS: Comments = Comments { head: String::new(), line: String::new(), foot: String::new() };

impl Node {
    /// A node without tag, anchor and comments.
    pub fn new(content: Content) -> Self {
        Self { content, tag: None, anchor: None, comments: None }
    }

    /// A text in `style`.
    pub fn scalar(text: impl Into<String>, style: Style) -> Self {
        Self::new(Content::Scalar(text.into(), style))
    }

    /// A mapping of no keys yet, in lines.
    pub fn mapping() -> Self {
        Self::new(Content::Mapping(Vec::new(), Layout::Block))
    }

    /// Its comments.
    pub fn comments(&self) -> &Comments {
        self.comments.as_deref().unwrap_or(&NO_COMMENTS)
    }

    /// Its comments, to be changed.
    pub fn comments_mut(&mut self) -> &mut Comments {
        self.comments.get_or_insert_default()
    }

    /// Its comments are those, if there are any.
    pub(super) fn set_comments(&mut self, comments: Comments) {
        self.comments = (comments != NO_COMMENTS).then(|| Box::new(comments));
    }

    /// The foot comment, which it has no longer.
    pub(super) fn take_foot(&mut self) -> String {
        self.comments.as_deref_mut().map(|comments| std::mem::take(&mut comments.foot)).unwrap_or_default()
    }

    /// Whether it means nothing: `null`, `~`, an empty value, or the tag of null.
    pub fn is_null(&self) -> bool {
        match (&self.content, self.tag.as_deref()) {
            (_, Some(tag)) => tag == NULL,
            (Content::Scalar(text, Style::Plain), None) => resolve(text, Rules::Version3) == Resolved::Null,
            _ => false,
        }
    }

    /// The text of a scalar or an alias; nothing for others.
    pub fn text(&self) -> &str {
        match &self.content {
            Content::Scalar(text, _) | Content::Alias(text) => text,
            Content::Sequence(..) | Content::Mapping(..) => "",
        }
    }

    /// Whether nothing is below it.
    pub fn is_childless(&self) -> bool {
        match &self.content {
            Content::Scalar(..) | Content::Alias(_) => true,
            Content::Sequence(items, _) => items.is_empty(),
            Content::Mapping(entries, _) => entries.is_empty(),
        }
    }

    /// The entries of a mapping; none for others.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.content {
            Content::Mapping(entries, _) => entries,
            _ => &[],
        }
    }

    /// The value of the first entry with this key, in a mapping.
    pub fn field(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name.text() == key).map(|(_, value)| value)
    }
}
