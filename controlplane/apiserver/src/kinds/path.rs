//! Where validation is ([`Path`]) and what it found ([`Problems`]).
//!
//! A path is a chain of stack values; it becomes text only when there is something to report, so that validating a
//! good object allocates nothing.

use std::fmt;

use naru_api::status::{FieldError, FieldErrorKind};
use serde_json::Value;

/// A place in an object, for example `spec.containers[0].name`.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    part: Part<'a>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// A field of the object itself.
    pub(crate) const fn root(field: &'a str) -> Self {
        Path { parent: None, part: Part::Field(field) }
    }

    /// A field below this one.
    pub(crate) fn child(&'a self, field: &'a str) -> Self {
        Path { parent: Some(self), part: Part::Field(field) }
    }

    /// An item of this list.
    pub(crate) fn index(&'a self, index: usize) -> Self {
        Path { parent: Some(self), part: Part::Index(index) }
    }

    /// An entry of this map.
    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Path { parent: Some(self), part: Part::Key(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.part {
            Part::Field(field) if self.parent.is_some() => write!(f, ".{field}"),
            Part::Field(field) => f.write_str(field),
            Part::Index(index) => write!(f, "[{index}]"),
            Part::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// Field errors in the order in which they were found.
#[derive(Default)]
pub(crate) struct Problems(Vec<FieldError>);

impl Problems {
    /// All of them.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.0
    }

    /// A missing field.
    pub(crate) fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.0.push(FieldError::required(path.to_string(), detail));
    }

    /// A bad value.
    pub(crate) fn invalid(&mut self, path: &Path<'_>, value: impl Into<Value>, detail: &str) {
        self.0.push(FieldError::invalid(path.to_string(), value, detail));
    }

    /// A bad value for each of these reasons.
    pub(crate) fn invalid_all(
        &mut self,
        path: &Path<'_>,
        value: impl Into<Value> + Copy,
        reasons: impl IntoIterator<Item = impl AsRef<str>>,
    ) {
        for reason in reasons {
            self.invalid(path, value, reason.as_ref());
        }
    }

    /// A value that is not one of `supported`.
    pub(crate) fn not_supported(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        self.0.push(FieldError::not_supported(path.to_string(), value, supported));
    }

    /// Something that may not be set here.
    pub(crate) fn forbidden(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.0.push(FieldError::forbidden(path.to_string(), detail));
    }

    /// A value that occurs twice.
    pub(crate) fn duplicate(&mut self, path: &Path<'_>, value: impl Into<Value>) {
        self.0.push(FieldError::duplicate(path.to_string(), value));
    }

    /// A reference to something that is not there.
    pub(crate) fn not_found(&mut self, path: &Path<'_>, value: &str) {
        self.0.push(FieldError { field: path.to_string(), kind: FieldErrorKind::NotFound(value.into()) });
    }

    /// More than `limit` bytes.
    pub(crate) fn too_long(&mut self, path: &Path<'_>, limit: usize) {
        self.0.push(FieldError { field: path.to_string(), kind: FieldErrorKind::TooLong(limit) });
    }

    /// Not one of `supported`; empty is missing.
    pub(crate) fn check_one_of(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        if value.is_empty() {
            self.required(path, "");
        } else if !supported.contains(&value) {
            self.not_supported(path, value, supported);
        }
    }

    /// A field that may not change any more.
    pub(crate) fn check_immutable(&mut self, path: &Path<'_>, new: &Value, old: &Value) {
        if new != old {
            self.invalid(path, new.clone(), "field is immutable");
        }
    }

    /// A number below zero.
    pub(crate) fn check_not_negative(&mut self, path: &Path<'_>, number: i64) {
        if number < 0 {
            self.invalid(path, number, "must be greater than or equal to 0");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_kubernetes_writes_them() {
        let spec = Path::root("spec");
        assert_eq!(spec.child("containers").index(2).child("name").to_string(), "spec.containers[2].name");
        let label = Path::root("metadata");
        assert_eq!(label.child("labels").key("a/b").to_string(), "metadata.labels[a/b]");
    }
}
