//! Container logs: files in CRI's format, written by the shims and read by the agent.
//!
//! A line of the file is `<RFC 3339 time with 9 decimals, UTC> stdout|stderr F|P <text>`; `P` marks a piece of a line that goes
//! on in the stream's next one. At [`MAX_FILE`] bytes the file is renamed to `<file>.1` (one is kept) and a new one begins.

mod line;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use line::Line;
pub use reader::{LogOptions, read};
pub use writer::LogWriter;

/// The size at which a log file is rotated, in bytes.
pub const MAX_FILE: u64 = 10 * 1024 * 1024;

/// The longest text in one line of the file, in bytes; longer lines are cut into pieces.
pub const MAX_TEXT: usize = 16 * 1024;

/// Which output of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// The name of the rotated file beside `path`.
pub fn rotated(path: &std::path::Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}
