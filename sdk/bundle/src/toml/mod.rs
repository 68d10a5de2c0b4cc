//! TOML as BurntSushi's library 1.6 reads and writes it, which is what Helm's `toToml` and `fromToml` are. In: a
//! value, or text. Out: text, or a map.

mod read;
mod write;

pub use read::read;
pub use write::write;

use thiserror::Error;

/// Deepest nesting that is written, in levels.
pub const MAX_DEPTH: usize = 250;

/// Why TOML could not be read or written.
#[derive(Clone, Debug, Error)]
pub enum TomlError {
    /// A nil where no key can be left out: in a list.
    #[error("toml: cannot encode array with nil element")]
    NilElement,
    /// A list of maps at the top, where there is no key to name its tables.
    #[error("toml: top-level values must be Go maps or structs")]
    NoKey,
    /// Nil at the top.
    #[error("reflect: call of reflect.Value.Type on zero Value")]
    Nil,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("toml: nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// Text that is not TOML; our reader's words, not BurntSushi's.
    #[error("toml: line {line}: {problem}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// The zones in which BurntSushi keeps TOML's times without a zone, so that they can be written back.
mod local {
    /// A date and a time.
    pub(super) const DATETIME: &str = "datetime-local";
    /// A date alone.
    pub(super) const DATE: &str = "date-local";
    /// A time of day alone.
    pub(super) const TIME: &str = "time-local";
}
