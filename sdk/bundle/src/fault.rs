//! Why a rendering failed: Go's words for the cause, and the places it went through, innermost first.

use std::fmt;

use thiserror::Error;

/// A failed function, template or chart.
#[derive(Clone, Debug, Error)]
#[error("{cause}")]
pub struct Fault {
    /// What went wrong, in the words Helm's users know (`wrong type for value; expected string; got int`).
    pub cause: String,
    /// Where, innermost first: the template action that failed, then each action that called it.
    pub trace: Vec<Place>,
    /// Whether a limit of ours stopped it (depth, steps, output size), rather than the chart.
    pub limit: bool,
}

/// A position in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The template file, as Helm names it (`chart/templates/deployment.yaml`).
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// The action's source, shortened (`.Values.image.tag | quote`).
    pub excerpt: String,
}

impl Fault {
    /// A failure whose place is not yet known.
    pub fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), trace: Vec::new(), limit: false }
    }

    /// A limit of ours was reached; `cause` names it and its value.
    pub fn limit(cause: impl Into<String>) -> Self {
        Self { limit: true, ..Self::new(cause) }
    }

    /// The same failure, seen from one caller further out.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.trace.push(place);
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}
