//! Go's `text/template` as Helm runs it. In: named template texts, data, an environment. Out: the bytes each
//! template writes, or a fault with the file, line, column and stack of templates.
//!
//! A [`TemplateSet`] holds parsed templates, an [`Engine`] executes them:
//!
//! ```text
//! let mut set = TemplateSet::default();
//! set.parse("chart/templates/_helpers.tpl", helpers)?;      // in Helm's order: the last definition wins
//! set.parse("chart/templates/service.yaml", service)?;
//! let engine = Engine::new(&set, &environment);
//! let manifest = engine.render("chart/templates/service.yaml", &data)?;
//! ```
//!
//! Text flows lexer -> parser -> tree; names of functions and variables are resolved there, so that executing
//! looks up nothing but keys of maps and names of templates.
//! Source of the behaviour: the documentation of Go's `text/template` and of Helm's template functions.

mod ahead;
mod arguments;
mod cursor;
mod engine;
mod evaluate;
mod execute;
mod expression;
mod field;
mod forecast;
mod lexer;
mod number;
mod numeral;
mod parser;
mod phrases;
mod set;
mod source;
#[cfg(test)]
mod tests;
mod token;
mod tree;
mod variables;

pub(crate) use ahead::Ahead;
pub use engine::Engine;
pub(crate) use forecast::Forecast;
pub use set::TemplateSet;

/// Deepest nesting of parentheses in one expression, in levels: Go's own limit.
pub const MAX_PARENTHESES: usize = 10_000;

/// Deepest nesting of blocks in one template, in levels; Go has no limit.
pub const MAX_BLOCKS: usize = 20_000;

/// Deepest nesting of templates that execute each other, in calls.
pub const MAX_DEPTH: usize = 10_000;

/// Most often one name may be included inside itself, in calls; Helm's own limit.
pub const MAX_INCLUDES_OF_ONE_NAME: usize = 1_000;

/// Most actions, iterations and function calls of one engine.
pub const MAX_STEPS: u64 = 100_000_000;

/// Longest output of one template, in bytes.
pub const MAX_OUTPUT_BYTES: usize = 128 << 20;

/// Most bytes that all functions of one engine may return together.
pub const MAX_PRODUCED_BYTES: u64 = 4 << 30;

/// Most items of lists that all functions of one engine may be given and return together; one that is returned
/// was copied and counts [`COPY_WEIGHT`] times.
pub const MAX_HANDLED_ITEMS: u64 = 1_000_000_000;
const COPY_WEIGHT: u64 = 8;

/// Most texts of `tpl` kept parsed.
const MAX_CACHED_TEXTS: usize = 4_096;
