//! Why YAML could not be read or written, in the words of sigs.k8s.io/yaml and goyaml.

use thiserror::Error;

use crate::json;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

/// A failure to read or write YAML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The text is not YAML.
    #[error("error converting YAML to JSON: yaml: {}{problem}", line_prefix(*.shown))]
    Syntax {
        /// What goyaml expected or found.
        problem: &'static str,
        /// Where.
        position: Position,
        /// The line that goyaml names, which for some failures is one less; none for the first.
        shown: Option<usize>,
    },
    /// The text is YAML, but means nothing: an unknown anchor, a wrong tag, a mapping as a key.
    #[error("error converting YAML to JSON: yaml: {0}")]
    Meaning(String),
    /// Keys that occur more than once, where that is an error.
    #[error("error converting YAML to JSON: yaml: unmarshal errors:\n  {}", .0.join("\n  "))]
    Duplicates(Vec<String>),
    /// A key that JSON cannot have: null, or a number above `i64::MAX`.
    #[error("error converting YAML to JSON: unsupported map key of type: {kind}, key: {key}, value: {value}")]
    Key {
        /// The key's type.
        kind: &'static str,
        /// The key in Go's syntax.
        key: String,
        /// Its value in Go's syntax.
        value: String,
    },
    /// A value that JSON cannot have: an infinite number, or not a number.
    #[error("error converting YAML to JSON: {0}")]
    Json(#[source] json::Error),
    /// The document is of another type than asked for.
    #[error("error unmarshaling JSON: while decoding JSON: {0}")]
    Mismatch(#[source] json::Error),
    /// A line that starts with `---` but goes on with something else.
    #[error("error reading yaml document: invalid Yaml document separator: {0}")]
    Separator(String),
    /// Nested deeper than [`super::MAX_DEPTH`].
    #[error("error converting YAML to JSON: yaml: exceeded max depth of {}", super::MAX_DEPTH)]
    Depth,
    /// Longer than [`super::MAX_BYTES`].
    #[error("error converting YAML to JSON: yaml: exceeded max size of {} bytes", super::MAX_BYTES)]
    Size,
}

impl Error {
    /// What goyaml itself says, without what sigs.k8s.io/yaml puts before it.
    pub fn bare(&self) -> String {
        let text = self.to_string();
        text.strip_prefix("error converting YAML to JSON: ").map(str::to_owned).unwrap_or(text)
    }
}

fn line_prefix(shown: Option<usize>) -> String {
    shown.map(|line| format!("line {line}: ")).unwrap_or_default()
}
