//! Documents of rendered files and what they say of themselves, found while other files are still being rendered.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    head::{Head, Trouble},
    scope::is_partial,
    split,
    text::Text,
};
use crate::parallel::Batch;

/// One document of a file.
#[derive(Debug)]
pub(super) struct Document {
    /// Its text, without separator.
    pub(super) text: Text,
    /// What it says of itself.
    pub(super) head: Result<Head, Trouble>,
}

/// Files on their way to their documents.
pub(super) struct Documents {
    batch: Batch<Arc<String>, Vec<Document>>,
    /// Where the files are, in the order in which the batch was given them.
    paths: Vec<String>,
}

impl Documents {
    pub(super) fn new() -> Self {
        Self { batch: Batch::new(|text| read(&text)), paths: Vec::new() }
    }

    /// Adds a file; partials have no documents.
    pub(super) fn add(&mut self, path: &str, text: &Arc<String>) {
        if !is_partial(path) {
            self.paths.push(path.to_owned());
            self.batch.give(Arc::clone(text), text.len());
        }
    }

    /// The documents of all files that were added, by the file's path.
    pub(super) fn finish(self) -> BTreeMap<String, Vec<Document>> {
        self.paths.into_iter().zip(self.batch.finish()).collect()
    }
}

fn read(file: &Arc<String>) -> Vec<Document> {
    let documents = split::documents(file).into_iter();
    documents.map(|text| Document { text: Text::within(file, text), head: Head::read(text) }).collect()
}
