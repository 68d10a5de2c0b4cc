//! Why a rendering failed: Go's words for the cause, and the places it went through, innermost first. Printed, a fault
//! is a report for the chart's author: place, excerpt, value, the templates that led there, and what to do.

mod excerpt;
mod nearest;
mod remedy;
mod report;

use std::{error::Error, fmt};

pub(crate) use excerpt::Excerpt;
pub(crate) use nearest::nearest;

/// A failed function, template or chart.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What went wrong, in the words Helm's users know (`wrong type for value; expected string; got int`).
    pub cause: String,
    /// Where, innermost first: the template action that failed, then each action that called it.
    pub trace: Vec<Place>,
    /// Whether a limit of ours stopped it (depth, steps, output size), rather than the chart.
    pub limit: bool,
    /// What may help, where the one who found the failure knows: a name that is spelt alike.
    pub remedy: Option<String>,
}

impl Error for Fault {}

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
    /// The whole line.
    pub text: String,
}

impl Fault {
    /// A failure whose place is not yet known.
    pub fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), trace: Vec::new(), limit: false, remedy: None }
    }

    /// A limit of ours was reached; `cause` names it and its value.
    pub fn limit(cause: impl Into<String>) -> Self {
        Self { limit: true, ..Self::new(cause) }
    }

    /// The same failure, with what may help.
    #[must_use]
    pub fn with_remedy(self, remedy: Option<String>) -> Self {
        Self { remedy, ..self }
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
