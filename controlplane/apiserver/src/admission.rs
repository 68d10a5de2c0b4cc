//! Admission: the last look at a write before the store, after validation of its form.

use naru_api::{Object, kinds::Kind, status::Status};

use crate::auth::Identity;

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new object.
    Create,
    /// A change of an object or of one of its subresources.
    Update,
    /// A removal.
    Delete,
}

/// A write as admission sees it.
pub struct Request<'a> {
    /// What it does.
    pub operation: Operation,
    /// To which kind.
    pub kind: &'static Kind,
    /// To which subresource.
    pub subresource: Option<&'a str>,
    /// In which namespace.
    pub namespace: Option<&'a str>,
    /// Who asks.
    pub identity: &'a Identity,
    /// What is stored now.
    pub old: Option<&'a Object>,
}

/// A step of the admission chain; it may change the object or refuse it. Webhooks and Wasm components will be steps.
#[async_trait::async_trait]
pub trait Admission: Send + Sync + 'static {
    /// `object` is what would be stored; `Null` for a delete.
    async fn admit(&self, request: &Request<'_>, object: &mut Object) -> Result<(), Status>;
}
