//! A file's content, read at once or when it is first looked at.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, LazyLock},
};

use crate::value::Str;

/// What reads a content.
type Read = Box<dyn FnOnce() -> Str + Send>;

/// A file's content; a clone is a reference. Threads may share it.
#[derive(Clone)]
pub struct Data(Content);

#[derive(Clone)]
enum Content {
    Here(Str),
    Later(Arc<LazyLock<Str, Read>>),
}

impl Data {
    /// What `read` gives once the content is looked at; most of the resources in a chart's `crds/` never are.
    pub fn later(read: impl FnOnce() -> Str + Send + 'static) -> Self {
        Self(Content::Later(Arc::new(LazyLock::new(Box::new(read)))))
    }
}

impl Deref for Data {
    type Target = Str;
    fn deref(&self) -> &Str {
        match &self.0 {
            Content::Here(data) => data,
            Content::Later(data) => data,
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Here(data) => data.fmt(formatter),
            Content::Later(_) => formatter.write_str("(read later)"),
        }
    }
}

impl From<Str> for Data {
    fn from(data: Str) -> Self {
        Self(Content::Here(data))
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Str::from(text).into()
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Str::from(text).into()
    }
}

impl From<&[u8]> for Data {
    fn from(bytes: &[u8]) -> Self {
        Str::from(bytes).into()
    }
}
