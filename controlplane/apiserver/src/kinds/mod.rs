//! What the verbs cannot know in general: defaults, validation and printing, one strategy file a kind.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, status::FieldError};
use serde_json::Value;

/// A kind's own rules. Objects arrive with known field types (decoding has checked them against the schema facts);
/// `metadata` is defaulted and validated by the verbs.
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

    /// The table cells of an object, in the order of the kind's columns.
    fn cells(&self, kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value>;
}
