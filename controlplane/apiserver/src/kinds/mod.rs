//! What the verbs cannot know in general: defaults, validation and printing, one strategy file a kind.
//!
//! In: objects on their way into the store, or out of it into a Table. Out: completed objects, field errors, cells.

pub mod age;
mod configmap;
mod data;
mod event;
pub(crate) mod fields;
mod lease;
pub mod namespace;
mod node;
pub(crate) mod path;
mod pod;
pub(crate) mod priorityclass;
mod secret;
mod selector;
mod serviceaccount;
mod taints;
mod words;

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, status::FieldError};
use serde_json::Value;

/// What the names of a kind must look like (apimachinery `util/validation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// A DNS-1123 subdomain, at most 253 bytes: most kinds.
    Subdomain,
    /// A DNS-1123 label, at most 63 bytes.
    Label,
    /// Anything that can be one segment of a path: the kinds of RBAC.
    PathSegment,
}

/// A kind's own rules. Objects arrive with known field types (decoding has checked them against the schema facts);
/// `metadata` is defaulted and validated by the verbs.
///
/// The order of a create is `default`, admission, `prepare_create`, `validate_create`; of an update (with the same steps for a
/// subresource) `default`, `prepare_update`, `validate_update`. `status` and `spec` are kept apart by the `prepare`
/// functions, because kinds differ: a new Node keeps the status it is sent with, a new Pod does not.
pub trait Strategy: Send + Sync + 'static {
    /// Fills in what a client may leave out. Idempotent.
    fn default(&self, _object: &mut Object) {}

    /// Sets what only the server may set on a new object, for example `status.phase`.
    fn prepare_create(&self, _object: &mut Object) {}

    /// Carries over what this write may not change. `subresource` is `None` for the object itself.
    fn prepare_update(&self, _subresource: Option<&str>, _object: &mut Object, _old: &Object) {}

    /// Everything wrong with a new object, in field order.
    fn validate_create(&self, _object: &Object) -> Vec<FieldError> {
        Vec::new()
    }

    /// Everything wrong with a change.
    fn validate_update(
        &self,
        _subresource: Option<&str>,
        _object: &Object,
        _old: &Object,
    ) -> Vec<FieldError> {
        Vec::new()
    }

    /// The members of `spec` that deletions and changes of status look at ([`Strategy::prepare_update`] and
    /// [`Strategy::validate_update`] for `status`, [`Strategy::grace_seconds`], [`Strategy::mark_deleting`],
    /// [`Strategy::is_held`]): of the rest of `spec` they see nothing, and it is carried over as it is, without
    /// [`Strategy::default`]. `None` (the default): they get the whole object.
    fn outline(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// What the sender of a new object should be told although it is accepted.
    fn warnings(&self, _object: &Object) -> Vec<String> {
        Vec::new()
    }

    /// What names of this kind look like.
    fn name_rule(&self) -> NameRule {
        NameRule::Subdomain
    }

    /// Seconds between the DELETE of `object` and its removal, given what the client asked for; `None` (the default):
    /// the kind knows no grace, 0: it goes at once.
    fn grace_seconds(&self, _object: &Object, _asked: Option<u64>) -> Option<u64> {
        None
    }

    /// Marks an object whose deletion has begun, beyond its metadata.
    fn mark_deleting(&self, _object: &mut Object) {}

    /// Whether something in the object beside `metadata.finalizers` still holds up its removal.
    fn is_held(&self, _object: &Object) -> bool {
        false
    }

    /// Whether an object of this name may not be deleted at all.
    fn immortal(&self, _name: &str) -> bool {
        false
    }

    /// Whether a DELETE that takes effect at once is answered with the object's last state, and not with a Status.
    fn returns_deleted(&self) -> bool {
        false
    }

    /// The table cells of an object, in the order of the kind's columns.
    fn cells(&self, kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value>;

    /// The `conditions` of an object's table row: why a client may want to hide it.
    fn row_conditions(&self, _object: &Object) -> Vec<Value> {
        Vec::new()
    }
}

/// The rules of a row of the kinds table.
pub fn strategy(kind: &Kind) -> &'static dyn Strategy {
    match (kind.group, kind.kind) {
        ("", "Namespace") => &namespace::Rules,
        ("", "Node") => &node::Rules,
        ("", "Pod") => &pod::Rules,
        ("", "ConfigMap") => &configmap::Rules,
        ("", "Secret") => &secret::Rules,
        ("", "ServiceAccount") => &serviceaccount::Rules,
        ("", "Event") => &event::Rules,
        ("coordination.k8s.io", "Lease") => &lease::Rules,
        ("scheduling.k8s.io", "PriorityClass") => &priorityclass::Rules,
        _ => &NoRules,
    }
}

/// A kind with no rules of its own: name and age are printed.
struct NoRules;

impl Strategy for NoRules {
    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        vec![name_cell(object), age_cell(object, now)]
    }
}

fn name_cell(object: &Object) -> Value {
    object["metadata"]["name"].clone()
}

fn age_cell(object: &Object, now: Timestamp) -> Value {
    age::since(&object["metadata"]["creationTimestamp"], now).into()
}

#[cfg(test)]
mod tests;
