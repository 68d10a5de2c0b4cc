//! Which documents are beyond doubt as soon as they are parsed: decoding them cannot fail. In: nodes. Out: yes, or not known.

use super::{
    node::{Content, Document, Node},
    resolve::{Resolved, Rules, resolve},
};

impl Document<'_> {
    /// Whether the nodes from `first` on can be decoded: no tags, aliases, merge keys, infinite numbers or keys that are
    /// collections.
    pub(super) fn is_plain(&self, first: usize) -> bool {
        if self.intricate || self.nodes[first..].iter().any(is_suspect) {
            return false;
        }
        let mappings =
            (first..self.nodes.len()).filter(|index| matches!(self.nodes[*index].content, Content::Mapping));
        mappings.flat_map(|mapping| self.children(mapping).step_by(2)).all(|key| self.is_plain_key(key))
    }

    fn is_plain_key(&self, key: usize) -> bool {
        match &self.nodes[key].content {
            Content::Scalar { text, implicit: true } => {
                !matches!(resolve(text, Rules::Version2), Resolved::Null | Resolved::Unsigned(_))
            }
            content => matches!(content, Content::Scalar { .. }),
        }
    }
}

/// A scalar that may be infinite or not a number.
fn is_suspect(node: &Node<'_>) -> bool {
    match &node.content {
        Content::Scalar { text, implicit: true } => {
            text.ends_with(['f', 'F', 'n', 'N']) && text.trim_start_matches(['+', '-']).starts_with('.')
        }
        _ => false,
    }
}
