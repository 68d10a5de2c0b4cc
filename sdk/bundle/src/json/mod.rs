//! JSON as Go's `encoding/json` reads and writes it. In: bytes, or a [`Value`]. Out: a [`Value`] whose numbers
//! are all `float64`, or text in one of the three [`Style`]s that Helm's functions use.
//!
//! Source of the behaviour: Go's `encoding/json`, observed through the stock helm.

mod number;
mod read;
mod text;
mod write;

pub use read::{read, read_list, read_map};
pub use write::{Style, write};

pub(crate) use number::{Shortest, push_float};
pub(crate) use text::lossy;
pub(crate) use write::type_mismatch;

use thiserror::Error;

/// Deepest nesting of lists and maps, in levels, that is read or written: Go's own limit.
pub const MAX_DEPTH: usize = 10_000;

/// Longest text that is written, in bytes.
pub const MAX_WRITTEN_BYTES: usize = 64 << 20;

/// Why JSON could not be read or written, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The text is not JSON.
    #[error("{problem}")]
    Syntax {
        /// Go's description: `invalid character '}' looking for beginning of value`.
        problem: String,
        /// How many bytes were read before the failure.
        offset: usize,
    },
    /// The text is JSON, but of another type than asked for.
    #[error("json: cannot unmarshal {found} into Go value of type {wanted}")]
    Mismatch {
        /// What was found: `array`, `string`, `number 1e999`.
        found: String,
        /// The Go type that was asked for.
        wanted: &'static str,
    },
    /// A number that JSON has no text for: not a number, or infinite.
    #[error("json: unsupported value: {0}")]
    Unsupported(&'static str),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("exceeded max depth")]
    Depth,
    /// Longer than [`MAX_WRITTEN_BYTES`].
    #[error("a document is over the limit of {MAX_WRITTEN_BYTES} bytes")]
    Size,
}

impl Error {
    /// The failure to write a number that is not finite.
    pub(crate) fn unsupported(number: f64) -> Self {
        Self::Unsupported(match (number.is_nan(), number > 0.0) {
            (true, _) => "NaN",
            (false, true) => "+Inf",
            (false, false) => "-Inf",
        })
    }
}
