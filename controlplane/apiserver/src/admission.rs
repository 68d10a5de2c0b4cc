//! Admission: the last look at a write before the store, after its defaults are filled in.

use std::sync::Arc;

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
    /// `object` is what would be stored; `Null` for a delete. Kinds are validated after this, so that a step cannot
    /// bring in what a client could not.
    async fn admit(&self, request: &Request<'_>, object: &mut Object) -> Result<(), Status>;
}

/// Runs the steps in order; the first refusal ends it.
pub(crate) async fn run(
    steps: &[Arc<dyn Admission>],
    request: &Request<'_>,
    object: &mut Object,
) -> Result<(), Status> {
    for step in steps {
        step.admit(request, object).await?;
    }
    Ok(())
}
