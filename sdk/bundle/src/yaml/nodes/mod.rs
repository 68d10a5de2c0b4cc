//! YAML that is changed and written again: what nobody touched stays as it was, order, styles and comments included,
//! as goyaml v3 keeps them.
//!
//! In: text. Out: a [`Document`], a tree of [`Node`]s (`read`, with `collections` and the comments in `waiting`); and
//! back to text (`write`, `scalar` and `remarks`).

mod collections;
mod node;
mod read;
mod remarks;
mod scalar;
mod waiting;
mod write;

pub use node::{Comments, Content, Document, Layout, Node, Style};
pub use write::Items;

use super::{Error, input};

/// The first document of `text`, or `None` if there is none.
///
/// # Errors
/// [`Error`], in goyaml v3's words.
pub fn read(text: &str) -> Result<Option<Document>, Error> {
    read::read(&input::decode(text.as_bytes())?)
}

/// Documents as one text, with separators between them.
pub fn write<'a>(documents: impl IntoIterator<Item = (&'a Document, Items)>) -> String {
    let mut writer = write::Writer::new();
    for (document, items) in documents {
        writer.document(document, items);
    }
    writer.out.out
}

impl From<Node> for Document {
    fn from(root: Node) -> Self {
        Self { root, head: String::new(), foot: String::new() }
    }
}
