//! Versions and constraints as Masterminds semver v3 reads and compares them: what `semver`, `semverCompare`,
//! a chart's `kubeVersion` and the ranges of dependencies mean.
//!
//! In: text from a chart. Out: an ordered [`Version`], or a [`Constraint`] that accepts or refuses versions.

mod constraint;
mod object;
mod version;

pub use constraint::Constraint;
pub use version::Version;

use thiserror::Error;

/// Text that is no version or no constraint.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SemverError {
    /// Not of a version's form.
    #[error("invalid semantic version")]
    Version,
    /// A number above 64 bits.
    #[error("error parsing version segment: strconv.ParseUint: parsing {0:?}: value out of range")]
    Range(String),
    /// A numeric part of the pre-release starts with 0.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// An empty string, where a strict version is wanted.
    #[error("version string empty")]
    Empty,
    /// A character that a strict version cannot have.
    #[error("invalid characters in version")]
    Characters,
    /// A bad pre-release.
    #[error("invalid prerelease string")]
    Prerelease,
    /// Bad build metadata.
    #[error("invalid metadata string")]
    Metadata,
    /// Not of a constraint's form.
    #[error("improper constraint: {0:?}")]
    Constraint(String),
    /// Of a constraint's form, but its version cannot be read (`xx`, `1|2`).
    #[error("constraint parser error")]
    ConstraintVersion,
}
